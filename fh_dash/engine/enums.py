"""Keep the members of an enumeration through a new version of its class.

Members are compared by identity, used as dict keys and in `match`: the object that a module kept as `Colour.RED` must
stay the one that the class has now.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator
from typing import Any

from fh_dash.engine.journal import Journal
from fh_dash.engine.kinds import is_a

_TABLES = ("_member_map_", "_member_names_", "_value2member_map_", "_unhashable_values_", "_hashable_values_")


def adopt_members(old: enum.EnumMeta, new: enum.EnumMeta, contents: dict[str, Any], journal: Journal) -> dict[str, Any]:
    """The contents of `new` for the class `old`: members of the same name are the old objects, renewed.

    A member with a data type (`IntEnum`, `StrEnum`) carries its value in the object itself, so it stays only while
    its value does. New members are moved into the old class.
    """
    own = {name: member for name, member in new._member_map_.items() if name == member._name_}  # no aliases
    members = {id(member): _renewed(old, name, member, journal) for name, member in own.items()}

    def swap(value: Any) -> Any:
        if id(value) in members:
            return members[id(value)]
        if is_a(value, dict) and any(id(v) in members for v in value.values()):
            return {key: swap(v) for key, v in value.items()}
        redirected = getattr(value, "member", None) if is_a(value, enum.property) else None
        if redirected is not None and id(redirected) in members:
            value.member = members[id(redirected)]
        return value

    swapped = {name: swap(value) for name, value in contents.items()}
    _carry_combinations(old, swapped, journal)
    return swapped


def parts_of(cls: enum.EnumMeta) -> Iterator[object]:
    """The tables of an enumeration, and the attributes of its members."""
    yield from (value for name, value in vars(cls).items() if name in _TABLES)
    yield from (vars(member) for member in cls._member_map_.values())


def _renewed(old: enum.EnumMeta, name: str, new: Any, journal: Journal) -> Any:
    member = old._member_map_.get(name)
    by_value = old._member_type_ is not object  # type: ignore[attr-defined]
    if member is None or member._name_ != new._name_ or (by_value and member._value_ != new._value_):
        journal.save_attribute(new, "__class__")
        new.__class__ = old
        new.__objclass__ = old
        return new
    _forget_inverse(member, journal)
    member.__dict__.update({k: v for k, v in new.__dict__.items() if k != "__objclass__"})
    return member


def _forget_inverse(member: Any, journal: Journal) -> None:
    """`~flag` is remembered by the member, and another one once the class has more of them."""
    journal.save_mapping(member.__dict__)
    member.__dict__.pop("_inverted_", None)


def _carry_combinations(old: enum.EnumMeta, contents: dict[str, Any], journal: Journal) -> None:
    """Combined flags (`A | B`) are made on demand and remembered by value: kept ones must be found again."""
    mask = contents.get("_flag_mask_")
    if mask is None:
        return
    known = contents["_value2member_map_"]
    for value, member in old._value2member_map_.items():
        combined = member._name_ not in old._member_map_ and isinstance(value, int) and value & ~mask == 0
        if combined and known.setdefault(value, member) is member:
            _forget_inverse(member, journal)
