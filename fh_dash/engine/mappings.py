"""The parts of objects as mappings: slots, and what functions have from the ones around them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping
from types import FunctionType, MemberDescriptorType
from typing import Any


class Slots(MutableMapping[str, Any]):
    """The `__slots__` of an object as a mapping; no code of its class runs for it."""

    def __init__(self, thing: object, members: Mapping[str, MemberDescriptorType]) -> None:
        self.thing, self._members = thing, members

    def _member(self, name: str) -> MemberDescriptorType:
        """That of its class as it is now: a reload, or taking it back, may have put another base there."""
        member, mro = self._members[name], type(self.thing).__mro__
        if member.__objclass__ in mro:
            return member
        found = (other for cls in mro if isinstance(other := vars(cls).get(name), MemberDescriptorType))
        if (other := next(found, None)) is None:
            raise KeyError(name)
        return other

    def __getitem__(self, name: str) -> Any:
        try:
            return self._member(name).__get__(self.thing)
        except AttributeError:
            raise KeyError(name) from None

    def __setitem__(self, name: str, value: Any) -> None:
        self._member(name).__set__(self.thing, value)

    def __delitem__(self, name: str) -> None:
        self._member(name).__delete__(self.thing)

    def __iter__(self) -> Iterator[str]:
        return (name for name in self._members if name in self)

    def __len__(self) -> int:
        return sum(1 for _ in self)


class Cells(MutableMapping[str, Any]):
    """The names that a function has from the one around it, with their values: `nonlocal` changes them."""

    def __init__(self, function: FunctionType) -> None:
        names = function.__code__.co_freevars
        self._cells = dict(zip(names, function.__closure__ or (), strict=True))

    def __getitem__(self, name: str) -> Any:
        try:
            return self._cells[name].cell_contents
        except ValueError:
            raise KeyError(name) from None

    def __setitem__(self, name: str, value: Any) -> None:
        self._cells[name].cell_contents = value

    def __delitem__(self, name: str) -> None:
        del self._cells[name].cell_contents

    def __iter__(self) -> Iterator[str]:
        return (name for name in self._cells if name in self)

    def __len__(self) -> int:
        return sum(1 for _ in self)


class Defaults(Mapping[Any, Any]):
    """The defaults of a function by place or name: a list among them is shared by all calls."""

    def __init__(self, function: FunctionType) -> None:
        self._function = function

    def _values(self) -> dict[Any, Any]:
        return {**dict(enumerate(self._function.__defaults__ or ())), **(self._function.__kwdefaults__ or {})}

    def __getitem__(self, key: Any) -> Any:
        return self._values()[key]

    def __iter__(self) -> Iterator[Any]:
        return iter(self._values())

    def __len__(self) -> int:
        return len(self._values())


def plain_attribute(thing: object, name: str) -> Any:
    """An attribute as Python itself finds it, whatever the project's class does instead; None without it."""
    find = type(thing).__getattribute__
    try:
        return object.__getattribute__(thing, name) if isinstance(find, FunctionType) else find(thing, name)
    except Exception:  # a property of the project, in the middle of its import
        return None
