"""`functools.cache` in modules that did not run again: values computed by code that has changed are dropped."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from functools import _lru_cache_wrapper
from typing import Any

from fh_dash.engine.names import Node
from fh_dash.engine.program import Record
from fh_dash.events import CacheChange


def clear_dependent_caches(
    records: Mapping[str, Record], behaviour: Collection[Node], ran: Collection[str]
) -> tuple[CacheChange, ...]:
    """Clear each cache, module-level or of a class, whose function is made from something that behaves differently."""
    changes = []
    for module, name in sorted(behaviour):
        if module in ran or module not in records:
            continue
        for key, cache in _caches(name, vars(records[module].module).get(name)):
            if cache.cache_info().currsize:
                cache.cache_clear()
                changes.append(CacheChange(f"{module}:{key}", "dropped", "calls code that changed"))
    return tuple(changes)


def _caches(name: str, thing: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(thing, _lru_cache_wrapper):
        yield name, thing
    elif isinstance(thing, type):
        for key, inner in vars(thing).items():
            unwrapped = getattr(inner, "__func__", inner)
            if isinstance(unwrapped, _lru_cache_wrapper):
                yield f"{name}.{key}", unwrapped
