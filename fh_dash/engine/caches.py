"""`functools.cache` in modules that did not run again: values computed by code that has changed are dropped."""

from __future__ import annotations

import functools
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import _lru_cache_wrapper
from types import ModuleType
from typing import Any

from fh_dash.engine.asked import Answer, Answers, answer
from fh_dash.engine.journal import Journal
from fh_dash.engine.kinds import is_a
from fh_dash.engine.memos import Call, calls, fill, refill
from fh_dash.engine.names import Node
from fh_dash.engine.record import Record, value_of
from fh_dash.engine.values import same_value
from fh_dash.events import CacheChange


class Caches:
    """The `functools` caches of the project, module-level or of a class, in the course of one attempt."""

    def __init__(self, records: Mapping[str, Record], journal: Journal) -> None:
        self._records, self._journal = records, journal
        self._cleared: dict[int, _lru_cache_wrapper[Any]] = {}
        self._used: dict[int, tuple[_lru_cache_wrapper[Any], int]] = {}
        """Those that modules may have called while they ran, with their misses before."""
        self._kept: set[int] = set()
        """Those that get back what they held, if the save fails."""
        self._away: dict[int, tuple[_lru_cache_wrapper[Any], Mapping[Answer, Call]]] = {}
        """What was cleared."""
        self.dropped: list[CacheChange] = []

    def among(self, names: Collection[Node]) -> set[Node]:
        """Those of the names that stand for a cache, or for a class with one."""
        return {node for node in names if any(True for _ in self._of(node))}

    def filled(self) -> set[Node]:
        """Those of modules that were there before the attempt, if they hold something."""
        return {node for node in self._owned if any(cache.cache_info().currsize for _, cache in self._of(node))}

    @functools.cached_property
    def _owned(self) -> list[Node]:
        owners = [(name, vars(record.module)) for name, record in self._records.items() if record.asked]
        return [(name, key) for name, names in owners for key, thing in names.items() if any(caches_in(key, thing))]

    def note_used(self, nodes: Collection[Node]) -> None:
        """A module is about to run that may call these: what they compute then is not to outlive a save that fails."""
        for node in nodes:
            for _, cache in self._of(node):
                if id(cache) not in self._used:
                    self._used[id(cache)] = cache, cache.cache_info().misses
                    self._journal.add(functools.partial(self._forget_new, cache))

    def _forget_new(self, cache: _lru_cache_wrapper[Any]) -> None:
        if id(cache) not in self._kept and self._was_called(cache):
            cache.cache_clear()

    def _was_called(self, cache: _lru_cache_wrapper[Any]) -> bool:
        _, misses = self._used.get(id(cache), (cache, cache.cache_info().misses))
        return cache.cache_info().misses != misses

    def clear(
        self,
        touched: Collection[Node],
        ran: Collection[str],
        reason: str = "calls code that changed",
        *,
        asked: Iterable[Answers] = (),
    ) -> None:
        """Clear those whose function is made from something that behaves differently; each once.

        What a module that runs again has it compute after that, it would have in a cold start too. What modules
        `asked` for that need not run again stays.
        """
        stays = [*asked]
        for node in sorted(node for node in touched if node[0] not in ran):
            for name, cache in self._of(node):
                if id(cache) not in self._cleared and cache.cache_info().currsize:
                    self._clear(name, cache, reason, stays)
                self._cleared[id(cache)] = cache

    def drop_early(self, gone: Answers, filled: Collection[Node], asked: Iterable[Answers]) -> None:
        """What only a module that is `gone` asked for, of caches made from what modules fill: it may be too early."""
        stays = [*asked]
        for node in sorted(filled):
            for name, cache in self._of(node):
                if gone.get(id(cache)):
                    self._clear(name, cache, "a module asked for it that does so no more", stays)

    def _clear(self, name: str, cache: _lru_cache_wrapper[Any], reason: str, stays: Collection[Answers]) -> None:
        known = calls(cache)
        asked = {one for found in stays for one in found.get(id(cache), ())}
        staying = [call for call in known if answer(call) in asked]
        if known and len(staying) == len(known):
            return
        if not self._was_called(cache):
            self._kept.add(id(cache))
            self._journal.add(functools.partial(refill, cache, known))
        self._away[id(cache)] = cache, {answer(call): call for call in known}
        refill(cache, staying) if staying else cache.cache_clear()
        self.dropped.append(CacheChange(f"{cache.__module__}:{name}", "dropped", reason))

    def contradicted(self, asked: Answers) -> str:
        """A cache that was cleared, and has given somebody else another answer to what a module asked; or nothing."""
        for key in asked.keys() & self._away.keys():
            cache, away = self._away[key]
            now = {answer(call)[1:]: call.result for call in calls(cache)}
            for known in asked[key]:
                if known in away and not same_value(now.get(known[1:], away[known].result), away[known].result):
                    return f"{cache.__module__}.{cache.__name__}"
        return ""

    def put_back(self, asked: Iterable[Answers]) -> None:
        """What modules that need not run again asked for, after others had it cleared, is there again."""
        for found in asked if self._away else ():
            for key in found.keys() & self._away.keys():
                cache, away = self._away[key]
                if back := [away[known] for known in found[key] if known in away]:
                    fill(cache, back)

    def _of(self, node: Node) -> Iterator[tuple[str, _lru_cache_wrapper[Any]]]:
        yield from caches_in(node[1], value_of(self._records, node))


def own_caches(module: ModuleType) -> Iterator[_lru_cache_wrapper[Any]]:
    """Those of the functions and classes that a module defines."""
    for name, thing in vars(module).items():
        if is_a(thing, _lru_cache_wrapper | type) and vars(thing).get("__module__") == module.__name__:
            yield from (cache for _, cache in caches_in(name, thing))


def caches_in(name: str, thing: Any) -> Iterator[tuple[str, _lru_cache_wrapper[Any]]]:
    """The `functools` caches that a global stands for: itself, or methods of a class; with their qualified names."""
    if is_a(thing, _lru_cache_wrapper):
        yield name, thing
    elif is_a(thing, type):
        for key, inner in vars(thing).items():
            unwrapped = inner.__func__ if is_a(inner, staticmethod | classmethod) else inner
            if is_a(unwrapped, _lru_cache_wrapper):
                yield f"{name}.{key}", unwrapped
