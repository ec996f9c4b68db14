"""Classes leave the bases that they had, whatever the layout of their objects, and come back."""

from __future__ import annotations

from abc import ABC
from typing import Any, Generic, Protocol, TypeVar

import pytest

from fh_dash.engine.bases import move_back
from fh_dash.engine.detach import detach

T = TypeVar("T")


class Plain:
    pass


class OneSlot:
    __slots__ = "n"


class Private:
    __slots__ = ("__x", "y")


class More(Private):
    __slots__ = ("z",)


class WithDict(OneSlot):
    pass


class Typed(Generic[T]):
    __slots__ = ("a",)


class Wrong(Exception):
    __slots__ = ("code",)


class Abstract(ABC):  # noqa: B024
    pass


class AbstractSlots(ABC):  # noqa: B024
    __slots__ = ("b",)


class Likes(Protocol):
    pass


class Meta(type):
    def mro(cls) -> list[type]:
        return super().mro()

    def __setattr__(cls, name: str, value: object) -> None:
        raise AssertionError("code of a metaclass runs")


class Metal(metaclass=Meta):
    __slots__ = ("c",)


BASES: list[tuple[Any, ...]] = [
    *((Plain,), (OneSlot,), (Private,), (More,), (WithDict,), (Typed,), (Wrong,), (Abstract,), (AbstractSlots,)),
    *((Likes,), (Metal,), (Plain, OneSlot), (OneSlot, Plain), (Plain, Wrong), (Plain, WithDict, Abstract)),
]
OURS = frozenset({__name__})


@pytest.mark.parametrize("bases", BASES, ids=lambda bases: " ".join(base.__name__ for base in bases))
@pytest.mark.parametrize("slots", [True, False], ids=["slots", "dict"])
def test_out_and_back(bases: tuple[Any, ...], slots: bool) -> None:
    """No base knows a class that was detached, nor anything made for that; after it moved back, all do."""
    plain = all(type(base) is type for base in bases)
    namespace = {"__slots__": ("own",)} if slots and plain else {}
    cls = type(bases[-1])("Thing", bases, {"__module__": __name__, **namespace})
    family = [base for base in cls.__mro__[1:] if base.__module__ in OURS]
    before = {base: type.__subclasses__(base) for base in family}

    detach(cls, OURS.__contains__)

    for base in family:
        assert type.__subclasses__(base) == [known for known in before[base] if known is not cls]
    move_back(cls, bases)
    assert cls.__bases__ == bases
    assert {base: set(type.__subclasses__(base)) for base in family} == {b: set(known) for b, known in before.items()}
    detach(cls, OURS.__contains__)


def test_a_class_of_libraries_alone_is_left() -> None:
    """Who has no base of the project stays where it is."""
    cls = type("Thing", (Exception,), {})
    detach(cls, OURS.__contains__)
    assert cls.__bases__ == (Exception,)
