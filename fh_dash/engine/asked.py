"""What the import of a module asked `functools` caches for: after a cold start they hold these answers from then on.

A function that is asked while modules are imported may know less than one that is asked by a request. Its answer stays
as it was at that moment, whatever later modules register, for as long as the module that asked need not run again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import _lru_cache_wrapper
from typing import Any, TypeAlias

from fh_dash.engine.memos import Call, calls

Answer: TypeAlias = tuple[int, ...]
"""A call that a cache knows: `id` of its result and of its arguments, which the cache keeps."""
Answers: TypeAlias = Mapping[int, Mapping[Answer, int]]
"""`id` of a cache -> some of what it holds, with the top-level statement that asked for it, or one after that."""


class Asked:
    """Of one run of a module, in which imports of others come in between: what they ask for is theirs."""

    def __init__(self) -> None:
        self._met: dict[int, _lru_cache_wrapper[Any]] = {}
        self._before: dict[int, tuple[_Counts, frozenset[Answer]]] = {}
        """With what there was."""
        self.found: dict[int, dict[Answer, int]] = {}

    def meet(self, cache: _lru_cache_wrapper[Any]) -> None:
        """The module may call it from now on."""
        if id(cache) not in self._met:
            self._met[id(cache)] = cache
            self._before[id(cache)] = _state(cache)

    def settle(self, unit: int, earlier: Answers) -> None:
        """Note what was asked since the last time; the module stands at that statement.

        Which of several answers a hit was for, nobody can tell; `earlier` is what the module asked for in its last run.
        """
        for key, cache in self._met.items():
            counts, before = self._before[key]
            now = _counts(cache)
            if now != counts:
                there = answers(calls(cache))
                hit = there if len(there) == 1 else there & earlier.get(key, {}).keys()
                self._note(key, (there - before) | (hit if now[0] != counts[0] else set()), unit)
        self.rebase()

    def _note(self, key: int, asked: Iterable[Answer], unit: int) -> None:
        found = self.found.setdefault(key, {})
        for known in asked:
            found.setdefault(known, unit)

    def rebase(self) -> None:
        """Others may have asked meanwhile."""
        for key, cache in self._met.items():
            if _counts(cache) != self._before[key][0]:
                self._before[key] = _state(cache)

    def note_own(self, own: Iterable[_lru_cache_wrapper[Any]], unit: int) -> None:
        """The import has ended: what the module's own caches hold, it asked for, or others did meanwhile."""
        for cache in own:
            self._note(id(cache), answers(calls(cache)), unit)


_Counts: TypeAlias = tuple[int, int, int]


def _counts(cache: _lru_cache_wrapper[Any]) -> _Counts:
    """Hits, misses, size: a miss is counted when the function is called, the answer is there when it has returned."""
    info = cache.cache_info()
    return info.hits, info.misses, info.currsize


def _state(cache: _lru_cache_wrapper[Any]) -> tuple[_Counts, frozenset[Answer]]:
    counts = _counts(cache)
    return counts, answers(calls(cache)) if counts[2] else frozenset()


def answers(known: Iterable[Call]) -> frozenset[Answer]:
    return frozenset(map(answer, known))


def answer(call: Call) -> Answer:
    return id(call.result), *map(id, call.args), *map(id, call.kwargs.values())
