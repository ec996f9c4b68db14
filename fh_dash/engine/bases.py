"""Change the bases of a class, where CPython does not do it at once.

It does where the layout of the objects stays the same: the new first base must add the same slots to the same base as
the old one. So a class whose bases have slots, or come after one that has, is moved under copies of these, which are
derived from what their originals are derived from for just that moment.
"""

from __future__ import annotations

import _abc  # type: ignore[import-not-found]
import abc
import itertools
import typing
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

_T = typing.TypeVar("_T")


class GoneGeneric(typing.Generic[_T]):
    """The same as `Gone` for those that are derived from `Generic`."""


class Gone:
    """What classes out of use can be moved under, so that `__subclasses__()` of their bases forgets them."""


_GENERIC = vars(GoneGeneric)["__orig_bases__"]
_STANDS_FOR = "__fh_stands_for__"
"""Of the first copy: the originals of all."""


def move(cls: type, bases: tuple[type, ...]) -> None:
    """Raises TypeError when the layout is another one. No code of a metaclass runs, but its `mro`."""
    type.__setattr__(cls, "__bases__", bases)


def move_back(cls: type, bases: tuple[type, ...]) -> None:
    """To the bases that it had before, though it may be under copies of these now."""
    originals = vars(cls.__mro__[1]).get(_STANDS_FOR, ())
    with _linked(cls.__mro__[1 : len(originals) + 1], originals):
        move(cls, bases)


def move_under_copies(cls: type, originals: Sequence[type]) -> None:
    """Of the classes that its layout comes from, the nearest first; the last one's base stays."""
    copies: list[type] = []
    above: typing.Any = originals[-1].__base__
    for original in reversed(originals):
        slots = {"__slots__": vars(original)["__slots__"]} if "__slots__" in vars(original) else {}
        # no code of a metaclass, which may keep what it makes
        above = type.__new__(type(above), original.__name__, (above,), {"__orig_bases__": _GENERIC, **slots})
        if isinstance(above, abc.ABCMeta):
            _abc._abc_init(above)
        copies.insert(0, above)
    type.__setattr__(copies[0], _STANDS_FOR, tuple(originals))
    with _linked(copies, originals):
        move(cls, (copies[0],))


@contextmanager
def _linked(copies: Sequence[type], originals: Sequence[type]) -> Iterator[None]:
    pairs = list(zip(copies, originals[1:], strict=False))
    try:
        for copy, base in reversed(pairs):
            move(copy, (base,))
        yield
    finally:
        for copy, base in itertools.pairwise(copies):
            move(copy, (base,))
