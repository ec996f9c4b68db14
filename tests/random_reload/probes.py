"""How functions and classes are looked at without changing anything: what to call, and with what."""

from __future__ import annotations

import enum
import inspect
from collections.abc import Iterator, Mapping
from types import CoroutineType, FunctionType
from typing import Any


def signature(function: FunctionType) -> str:
    code = function.__code__
    names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    return f"({', '.join(names)}) {function.__annotations__ or ''}"


def own(cls: type) -> Mapping[str, Any]:
    """The contents of a class, without an enumeration's bookkeeping."""
    if not issubclass(cls, enum.Enum):
        return vars(cls)
    return {k: v for k, v in vars(cls).items() if not (k.startswith("_") and k.endswith("_"))}


def is_made(value: object) -> bool:
    """Whether a dunder was put there by Python or a library, not by the project's source."""
    return not isinstance(value, FunctionType) or "__create_fn__" in value.__qualname__ or value.__module__ == "enum"


def methods(cls: type) -> Iterator[str]:
    names = {name for base in cls.__mro__ if base.__module__ not in ("builtins", "enum", "abc") for name in vars(base)}
    return (name for name in sorted(names) if not name.startswith("_") and not name.startswith("do_"))


def slots(cls: type) -> tuple[str, ...]:
    slots = vars(cls).get("__slots__", ())
    return (slots,) if isinstance(slots, str) else tuple(slots)


def finish(coroutine: CoroutineType[Any, Any, Any]) -> Any:
    try:
        coroutine.send(None)
    except StopIteration as stop:
        return stop.value
    coroutine.close()
    return "suspended"


def arguments(function: Any) -> tuple[Any, ...] | None:
    """What a probe is called with: nothing, or 3 for one parameter `x`; None when it must not be called.

    What begins with `do_` changes something; what takes anything else is a decorator or the like.
    """
    if getattr(function, "__name__", "").startswith("do_"):
        return None
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return None
    needed = [
        p.name for p in parameters if p.default is p.empty and p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)
    ]
    if any(p.default is p.empty and p.kind is p.KEYWORD_ONLY for p in parameters):
        return None
    if any(p.kind is p.VAR_POSITIONAL for p in parameters) and not hasattr(function, "__wrapped__"):
        return None
    return () if not needed else (3,) if needed == ["x"] else None
