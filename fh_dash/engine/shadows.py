"""Shadows: the classes that a run made and that gave their contents to the kept ones."""

from __future__ import annotations

import weakref
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from fh_dash.engine.kinds import is_a
from fh_dash.engine.mappings import plain_attribute

Shadows: TypeAlias = Mapping[int, tuple[object, object]]
"""id(new class) -> (new class, kept class)."""


def same_items(one: Sequence[Any], other: Sequence[Any]) -> bool:
    return len(one) == len(other) and all(a is b for a, b in zip(one, other, strict=True))


def _unshadowed_ref(thing: weakref.ref[Any], shadows: Shadows) -> weakref.ref[Any]:
    """What `WeakSet`, `WeakKeyDictionary` and `WeakValueDictionary` hold."""
    cls = thing()
    kept = unshadowed(cls, shadows) if is_a(cls, type) else cls
    if kept is cls:
        return thing
    if isinstance(thing, weakref.KeyedRef):
        return weakref.KeyedRef(kept, thing.__callback__, thing.key)
    return type(thing)(kept, thing.__callback__)


def unshadowed(thing: Any, shadows: Shadows, depth: int = 0) -> Any:
    """`thing` with new classes, also inside tuples and fresh containers, exchanged for the kept ones."""
    found = shadows.get(id(thing))
    if found is not None and found[0] is thing:
        return found[1]
    if depth > 3:
        return thing
    if isinstance(thing, weakref.ref):
        return _unshadowed_ref(thing, shadows)
    if type(thing) is tuple:
        inner = tuple(unshadowed(part, shadows, depth + 1) for part in thing)
        return thing if same_items(inner, thing) else inner
    if type(thing) is list:
        thing[:] = [unshadowed(part, shadows, depth + 1) for part in thing]
    elif type(thing) is dict:
        for key, value in list(thing.items()):
            if (kept := unshadowed(value, shadows, depth + 1)) is not value:
                thing[key] = kept
    elif not is_a(thing, type) and type(attributes := plain_attribute(thing, "__dict__")) is dict:
        unshadowed(attributes, shadows, depth + 2)
    return thing
