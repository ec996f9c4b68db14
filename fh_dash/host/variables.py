"""Context variables that an app sets while it is imported (`decimal.getcontext().prec = 6`): each request sees them.

With uvicorn alone the import and the server share one context, of which every request gets a copy.
"""

from __future__ import annotations

from contextvars import Context, ContextVar
from typing import Any, TypeAlias

Variables: TypeAlias = tuple[tuple[ContextVar[Any], Any], ...]
NONE: Variables = ()


def changed(before: Context, after: Context, known: Variables) -> Variables:
    """The `known` ones, with those that were set between two copies of a context."""
    new = {var: value for var, value in after.items() if var not in before or before[var] is not value}
    return tuple({**dict(known), **new}.items())


def apply(variables: Variables) -> None:
    """Set them in the context of the current task."""
    for var, value in variables:
        var.set(value)
