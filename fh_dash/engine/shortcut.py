"""Pass over the modules that a walk has nothing to do with, all at once."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence

from fh_dash.engine.course import first_from, same_way
from fh_dash.engine.effects import Effects
from fh_dash.engine.facts import Facts
from fh_dash.engine.plan import Plan
from fh_dash.engine.program import Program
from fh_dash.engine.record import Record
from fh_dash.engine.underway import UnderWay


class Shortcut:
    """For one attempt. Until `close`, modules are where the last start had them (`Course`)."""

    def __init__(self, program: Program, plan: Plan, facts: Facts, effects: Effects, under_way: UnderWay) -> None:
        self._program, self._plan = program, plan
        self._facts, self._effects, self._under_way = facts, effects, under_way
        self._course = program.course
        self._open = False
        self._next = 0
        """All before this place have been arrived at."""
        self._concerned: list[int] = []
        self._known = -1

    def open(self) -> None:
        """The walk begins."""
        self._course.follow(self._program.records, self._program.entry)
        self._open = self._packages_are_there()

    def close(self) -> None:
        """From now on a cold start goes another way."""
        self._open = False

    def note_run(self, before: Record) -> None:
        """A module ran again: it may have imported others, or in another order."""
        if not same_way(before, self._program.records[before.source.module]) or not self._packages_are_there():
            self.close()

    def take(self, name: str, arrived: dict[str, None]) -> None:
        """Arrive at what comes next while `name` is imported, up to what has to be looked at."""
        course = self._course
        if not self._open or name not in course.places or not self._may_pass(name):
            return
        begin, end = self._begin(arrived), course.ends[course.places[name]]
        if not course.places[name] < begin < end or self._ahead(begin):
            return
        looked_at, place = first_from(begin, self._lists(), end), begin
        while place < end and course.ends[place] <= looked_at:
            place = course.ends[place]
        if self._effects.taken_back:
            self._tick(begin, place, arrived)
        arrived.update(dict.fromkeys(course.order[begin:place]))

    def _may_pass(self, name: str) -> bool:
        """Whether nothing is going on that may concern any module there is."""
        if self._facts.sets_attributes or self._effects.orders:
            return False
        if self._program.graph.analyses[name].stars:
            return False  # what they give depends on what is there at that moment
        if self._effects.taken_back and not all(segment.applied for segment in self._program.segments(name)):
            return False  # they come between its imports
        return not self._under_way.running or self._packages_are_there()

    def _packages_are_there(self) -> bool:
        """What runs may take them out, and the next import of what is in them has to bring them back."""
        return self._course.packages <= sys.modules.keys()

    def _begin(self, arrived: dict[str, None]) -> int:
        order = self._course.order
        while self._next < len(order) and order[self._next] in arrived:
            self._next += 1
        return self._next

    def _ahead(self, begin: int) -> bool:
        """Whether a module is being imported that comes only later on the course: what it leads to is not there yet."""
        places = self._course.places
        return any(places.get(name, 0) >= begin for name in (*self._under_way.walked, *self._under_way.running))

    def _lists(self) -> Iterator[Sequence[int]]:
        """Places of modules that have to be looked at."""
        course, running = self._course, self._under_way.running
        yield course.special
        yield self._of_concern()
        if self._effects.taken_back:
            yield course.acting
        for name in (*self._under_way.walked, *running):
            yield course.takers.get(name, ())
        for name in running:
            yield course.inner.get(name, ())

    def _of_concern(self) -> list[int]:
        candidates = self._facts.candidates
        if len(candidates) != self._known:  # they only grow
            self._known = len(candidates)
            names = {*candidates, *self._plan.reruns, *self._plan.sources}
            self._concerned = sorted(self._course.places[name] for name in names if name in self._course.places)
        return self._concerned

    def _tick(self, begin: int, end: int, arrived: dict[str, None]) -> None:
        """When they begin and end, on the clock of this start."""
        course, program = self._course, self._program
        within: list[int] = []
        place = begin
        while place < end or within:
            if within and course.ends[within[-1]] <= place:
                self._effects.set_clock(program.ends, course.order[within.pop()])
            elif course.order[place] in arrived:
                place = course.ends[place]
            else:
                self._effects.set_clock(program.starts, course.order[place])
                within.append(place)
                place += 1
