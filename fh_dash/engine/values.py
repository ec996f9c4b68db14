"""When two values are the same, so that nobody who uses the one need run again for the other."""

from __future__ import annotations

import datetime
import decimal
import fractions
import pathlib
import re
import sys
import typing
import uuid
from collections.abc import Iterator, Mapping
from typing import Any

from fh_dash.engine.kinds import is_a
from fh_dash.engine.mappings import plain_attribute

_VALUES = frozenset(
    {
        *(str, bytes, int, float, complex, bool, type(None), range),
        *(datetime.date, datetime.datetime, datetime.time, datetime.timedelta, datetime.timezone),
        *(pathlib.PurePosixPath, pathlib.PureWindowsPath, pathlib.PosixPath, pathlib.WindowsPath),
        *(decimal.Decimal, fractions.Fraction, uuid.UUID, re.Pattern),
    }
)
"""Types of values that cannot change, and that are the same when they are equal and look equal."""


def same_value(old: Any, new: Any) -> bool:
    """Whether two values cannot be told apart: the same object, or equal and immutable all through."""
    if old is new:
        return True
    if type(old) is not type(new):
        return False
    if is_a(old, tuple):
        plain = type(old) is tuple or (_is_named_tuple(old) and _is_named_tuple(new))
        return plain and len(old) == len(new) and all(map(same_value, old, new))
    if is_a(old, frozenset):
        plain = all(type(item) in (str, bytes, int) for item in (*old, *new))
        return plain and {(type(item), item) for item in old} == {(type(item), item) for item in new}
    if _is_frozen(type(old)):
        mine, other = vars(old), vars(new)
        return mine.keys() == other.keys() and all(same_value(mine[name], other[name]) for name in mine)
    return type(old) in _VALUES and bool(old == new) and repr(old) == repr(new)


def _is_named_tuple(value: tuple[Any, ...]) -> bool:
    """Whether it is one that has nothing but its fields; its own `__getattr__` is not asked."""
    return hasattr(type(value), "_fields") and not plain_attribute(value, "__dict__")


def same_variable(old: Any, new: Any) -> bool:
    """Whether two type variables, or types of `NewType`, stand for the same."""
    if type(old) is not type(new) or not is_a(new, _VARIABLES):
        return False
    return all(getattr(old, name, None) == getattr(new, name, None) for name in _OF_VARIABLES)


_VARIABLES = (typing.TypeVar, typing.ParamSpec, typing.TypeVarTuple, typing.NewType)
_OF_VARIABLES = (
    *("__name__", "__module__", "__bound__", "__constraints__", "__supertype__", "__default__"),
    *("__covariant__", "__contravariant__", "__infer_variance__"),
)


def _is_frozen(cls: type) -> bool:
    """Whether it is a frozen dataclass that compares by its fields, with all that it has in the `__dict__`."""
    parameters = vars(cls).get("__dataclass_params__")
    slots = any("__slots__" in vars(base) for base in cls.__mro__[:-1])
    return parameters is not None and parameters.frozen and parameters.eq and not slots


def keep_equal_containers(before: Mapping[str, Any], namespace: dict[str, Any], holders: int = 1) -> list[Any]:
    """Where a run made an equal list, dict or set anew, put the one of the last run back into the namespace.

    Only if nobody but the namespace (one of so many `holders`) holds the new one, or what is inside it: it would be
    seen in two places then. Those that were put back.
    """
    found = []
    for name, old in before.items():
        if (
            type(old) in _CONTAINERS
            and namespace.get(name, old) is not old
            and _same_part(old, namespace, name, [_MOST], holders)
        ):
            namespace[name] = old
            found.append(old)
    return found


def containers_in(container: Any) -> Iterator[Any]:
    """It, and the lists, dicts and sets that are in it, to any depth."""
    waiting = [container]
    while waiting:
        part = waiting.pop()
        if type(part) in _CONTAINERS:
            yield part
            waiting += part.values() if type(part) is dict else part


_CONTAINERS = (list, dict, set)
_MOST = 10_000
"""Elements that are compared at most."""


def _equal_alone(old: Any, new: Any, budget: list[int]) -> bool:
    if type(old) is not type(new) or len(old) != len(new):
        return False
    budget[0] -= len(new)
    if budget[0] < 0:
        return False
    if type(new) is set:
        return same_value(frozenset(old), frozenset(new))
    if type(new) is dict:
        keys = list(zip(old, new, strict=True))
        return all(same_value(a, b) and _same_part(old[a], new, b, budget) for a, b in keys)
    return all(_same_part(old[place], new, place, budget) for place in range(len(new)))


def _same_part(old: Any, holder: Any, key: Any, budget: list[int], holders: int = 1) -> bool:
    if type(holder[key]) in _CONTAINERS:
        return sys.getrefcount(holder[key]) == 1 + holders and _equal_alone(old, holder[key], budget)
    return same_value(old, holder[key])
