"""Classes out of use: `__subclasses__()` of the project's bases must not go on to know them."""

from __future__ import annotations

import contextlib
import typing
from collections.abc import Callable, Iterator

_T = typing.TypeVar("_T")


class _GoneGeneric(typing.Generic[_T]):
    """The same as `_Gone` for those that are derived from `Generic`."""


class _Gone:
    """What the classes of former runs are moved under, so that `__subclasses__()` of their bases forgets them."""


def detach(cls: type, is_project: Callable[[str], bool]) -> bool:
    """Take a class that is out of use away from the project's classes that it is derived from.

    False when no other bases fit its layout (`__slots__` in one of them, `__dict__` in the next): these know it until
    the garbage collector has taken it.
    """
    if not any(is_project(base.__module__) for base in cls.__bases__):
        return True
    for bases in _graves(cls, is_project):
        try:
            cls.__bases__ = bases
        except TypeError:  # another layout
            continue
        return True
    return False


def _graves(cls: type, is_project: Callable[[str], bool]) -> Iterator[tuple[type, ...]]:
    """Bases outside the project, from the best to any whose layout may fit."""
    foreign = [base for base in cls.__mro__[1:] if not is_project(base.__module__) and base is not object]
    slots = tuple(vars(cls.__bases__[0]).get("__slots__", ()))
    if typing.Generic in foreign:
        yield (_GoneGeneric,)
    if foreign:
        yield (foreign[0],)
        with contextlib.suppress(TypeError):
            yield (type("_Gone", (foreign[0],), {}),)
    yield (_Gone,)
    with contextlib.suppress(TypeError):
        yield (type("_Gone", (), {"__slots__": slots}),)
