"""`isinstance` for objects of the project: it asks no `__class__`, so no code of theirs runs."""

from __future__ import annotations

from typing import Any, TypeGuard, TypeVar, overload

T = TypeVar("T")


@overload
def is_a(thing: object, kind: type[T]) -> TypeGuard[T]: ...


@overload
def is_a(thing: object, kind: Any) -> bool: ...


def is_a(thing: object, kind: Any) -> bool:
    """Whether the true type of `thing` is `kind`, a class or several of them, or derived from it."""
    return issubclass(type(thing), kind)
