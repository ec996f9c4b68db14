"""The order in which a start imports the modules, as their traces tell, so that a walk need not look at each of them.

A project may have thousands of modules, and a save concerns a few. Where those stand is known before the walk begins.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from fh_dash.engine.circles import Arrival

if TYPE_CHECKING:
    from fh_dash.engine.record import Record


class Course:
    """The modules by their places: each stands before those that are first imported while it is."""

    def __init__(self) -> None:
        self._records: dict[str, Record] = {}
        self._clear()

    def _clear(self) -> None:
        self.order: list[str] = []
        self.places: dict[str, int] = {}
        self.ends: list[int] = []
        """Place -> the place behind all that is imported while that module is."""
        self.special: list[int] = []
        """Places of modules that have to be looked at each time."""
        self.acting: list[int] = []
        """Places of modules that did something to others."""
        self.takers: dict[str, list[int]] = {}
        """Module -> places of those that import names of it."""
        self.inner: dict[str, list[int]] = {}
        """Package -> places of the modules right in it."""
        self.packages: frozenset[str] = frozenset()

    def follow(self, loaded: Mapping[str, Record], entry: str) -> None:
        """Bring it up to date: it depends on nothing but the records, which never change."""
        if loaded == self._records:
            return
        before, records = self._records, dict(loaded)
        self._records = records
        if before.keys() != records.keys() or any(
            before[name] is not record and not _alike(before[name], record) for name, record in records.items()
        ):
            self._clear()
            self._arrive(entry, ())
            self.packages = frozenset(self.inner.keys() - {""})

    def _arrive(self, name: str, under_way: tuple[str, ...]) -> None:
        """As `Attempt` does it, where nothing has changed."""
        record = self._records.get(name)
        if record is None or name in self.places:
            return
        self._arrive(package_around(name, self._records), under_way)
        if name in self.places:
            return
        self._enter(name, record, under_way)
        place = self.places[name]
        for step in record.trace:
            if isinstance(step, Arrival) and not step.failed:
                self._arrive(step.module, (*under_way, name))
        self.ends[place] = len(self.order)

    def _enter(self, name: str, record: Record, under_way: tuple[str, ...]) -> None:
        place = self.places[name] = len(self.order)
        self.order.append(name)
        self.ends.append(place + 1)
        analysis = record.source.analysis
        steps = [step for step in record.trace if isinstance(step, Arrival)]
        circle = not analysis.takes_from.isdisjoint(under_way)
        if circle or analysis.stars or any(step.failed or step.module not in self._records for step in steps):
            self.special.append(place)
        if record.segments:
            self.acting.append(place)
        for module in analysis.takes_from:
            self.takers.setdefault(module, []).append(place)
        self.inner.setdefault(name.rpartition(".")[0], []).append(place)


def package_around(name: str, records: Mapping[str, Record]) -> str:
    """The nearest package around a module that has an `__init__.py`; empty when there is none."""
    package = name.rpartition(".")[0]
    while package and package not in records:
        package = package.rpartition(".")[0]
    return package


def same_way(one: Record, other: Record) -> bool:
    """Whether both runs of a module imported the same ones in the same order."""
    return _way(one) == _way(other)


def _way(record: Record) -> list[tuple[str, bool]]:
    return [(step.module, step.failed) for step in record.trace if isinstance(step, Arrival)]


def _alike(one: Record, other: Record) -> bool:
    mine, others = one.source.analysis, other.source.analysis
    return (
        same_way(one, other)
        and bool(one.segments) == bool(other.segments)
        and bool(mine.stars) == bool(others.stars)
        and mine.takes_from == others.takes_from
    )


def first_from(place: int, lists: Iterable[Sequence[int]], end: int) -> int:
    """The first place in one of these sorted lists that is not before `place`; `end` when there is none before that."""
    for places in lists:
        at = bisect_left(places, place)
        if at < len(places):
            end = min(end, places[at])
    return end
