"""`functools.cache` in modules that did not run again: values computed by code that has changed are dropped."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from functools import _lru_cache_wrapper
from typing import Any

from fh_dash.engine.names import Node
from fh_dash.engine.program import Record
from fh_dash.events import CacheChange


class Caches:
    """The `functools` caches of the project, module-level or of a class, in the course of one attempt."""

    def __init__(self, records: Mapping[str, Record]) -> None:
        self._records = records
        self._cleared: set[Node] = set()
        self.dropped: list[CacheChange] = []

    def clear(self, touched: Collection[Node], ran: Collection[str]) -> None:
        """Clear those whose function is made from something that behaves differently; each once.

        What a module that runs again has it compute after that, it would have in a cold start too.
        """
        for module, name in sorted(set(touched) - self._cleared):
            if module in ran or module not in self._records:
                continue
            for key, cache in _caches(name, vars(self._records[module].module).get(name)):
                self._cleared.add((module, name))
                if cache.cache_info().currsize:
                    cache.cache_clear()
                    self.dropped.append(CacheChange(f"{module}:{key}", "dropped", "calls code that changed"))


def _caches(name: str, thing: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(thing, _lru_cache_wrapper):
        yield name, thing
    elif isinstance(thing, type):
        for key, inner in vars(thing).items():
            unwrapped = getattr(inner, "__func__", inner)
            if isinstance(unwrapped, _lru_cache_wrapper):
                yield f"{name}.{key}", unwrapped
