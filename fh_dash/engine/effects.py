"""What modules did to others while they were imported: taken back before a re-run, and put in its place again."""

from __future__ import annotations

from collections.abc import Collection

from fh_dash.engine.circles import Arrival
from fh_dash.engine.deltas import Segment, nodes_of
from fh_dash.engine.facts import Facts
from fh_dash.engine.journal import Journal
from fh_dash.engine.names import Node
from fh_dash.engine.program import Program
from fh_dash.engine.record import Record, segments, value_of
from fh_dash.engine.retry import Again
from fh_dash.engine.runner import Runner


class Effects:
    """The effects of all modules, in the course of one attempt to carry out a plan."""

    def __init__(self, program: Program, journal: Journal, facts: Facts, runner: Runner) -> None:
        self._program, self._journal, self._facts, self._runner = program, journal, facts, runner
        self._start: int | None = None
        """From then on, on the clock of the last start, everything was taken back."""
        self._now = 0
        self._former: dict[Node, list[tuple[int, str]]] = {}
        """Containers -> when modules put something there in the last start, and which."""

    @property
    def taken_back(self) -> bool:
        """From the first module that ran again on, everything is to be put in its place again."""
        return self._start is not None

    def set_clock(self, clock: dict[str, int], name: str) -> None:
        """A module begins or ends, by the times of the last start in `clock`: at another one, once things move."""
        if self._start is not None and clock.get(name, 0) >= self._start:
            clock[name] = self._program.tick()

    @property
    def orders(self) -> bool:
        """Whether entries of containers may come to stand in another order than last time, as far as that is known."""
        return bool(self._former)

    def take_back_since(self, name: str) -> None:
        """Undo all effects that came after a module, which runs again, began."""
        self.take_back_from(self._facts.last.start(name))

    def take_back_from(self, start: int) -> None:
        """Undo all effects since that moment of the last start; the walk puts them back."""
        if self._start is None:
            self._former = self._history()
            self._now = self._start = self._program.tick()
        if start >= self._start:
            return
        done = [s for s in self._program.effects() if s.applied and start <= s.number < self._now]
        self._start = start
        for segment in sorted(done, key=lambda segment: -segment.number):
            self._undo(segment)
        self.forget_dispatch()

    def take_back_of(self, name: str) -> None:
        """Undo the effects of a module that goes."""
        for segment in reversed(self._program.segments(name)):
            self._undo(segment)

    def _undo(self, segment: Segment) -> None:
        self._facts.note_taken_back(segment)
        self._program.changes += 1
        segment.undo(self._journal)

    def away(self) -> set[Node]:
        """Containers of which something was taken back and is not in its place again."""
        if not self.taken_back:
            return set()
        return nodes_of(segment for segment in self._program.effects() if not segment.applied)

    def put_back(self, name: str, record: Record, number: int, segment: Segment) -> None:
        if not any(isinstance(step, Arrival) for step in record.trace[number:]) and self._facts.reason(name):
            return  # it will run again in a moment, and all its imports are behind it
        if segment.applied:
            return
        self._program.changes += 1
        if not segment.redo(self._journal, self._program.tick()):
            raise Again(name, "builds on what other modules registered before it")
        self.forget_dispatch()

    def out_of_order(self, name: str) -> str:
        """Why a module would find containers that it looks into with other modules' entries than last time."""
        looked = self._looked_into(name) if self._former else set()
        if looked.isdisjoint(self._former):
            return ""
        current = self._history()
        for node in sorted(looked & self._former.keys()):
            before = [owner for at, owner in self._former[node] if at < self._facts.last.end(name) and owner != name]
            if before != [owner for _, owner in current.get(node, ()) if owner != name]:
                return f"looks into {node[1]} of {node[0]}, where others put things in another order"
        return ""

    def _looked_into(self, name: str) -> set[Node]:
        """What a module looks into, be it its own; who calls a `singledispatch` function looks into its registry."""
        graph, records = self._program.graph, self._program.records
        own = {reached.node for reached in graph.reached_own(name)} if graph.cyclic(name) else set()
        asked = {node for node in self._former if id(value_of(records, node)) in self._program.dispatchers}
        looked = graph.looked_into(name)
        return {*own, *looked, *self._facts.contents.behind(looked), *(asked & graph.used_by(name) if asked else ())}

    def _history(self) -> dict[Node, list[tuple[int, str]]]:
        found: dict[Node, list[tuple[int, str]]] = {}
        running = self._runner.traces()
        done = {name: record.segments for name, record in self._program.index.acting.items()}
        done |= {name: segments(running[name]) for name in running if name in self._program.records}
        for name in done:
            for segment in (s for s in done[name] if s.applied):
                for node in nodes_of([segment]):
                    found.setdefault(node, []).append((segment.number, name))
        for entries in found.values():
            entries.sort()
        return found

    def acted_during(self, name: str) -> bool:
        """Whether modules, itself included, did something to others between its beginning and its last import."""
        program = self._program
        first, last = program.starts.get(name, 0), program.ends.get(name, 0)
        others = (s for other, record in program.index.acting.items() if other != name for s in record.segments)
        if any(s.applied and first <= s.number and (self.taken_back or s.number <= last) for s in others):
            return True
        trace = program.records[name].trace
        imports = [number for number, step in enumerate(trace) if isinstance(step, Arrival)]
        return any(isinstance(step, Segment) for step in trace[: imports[-1] if imports else 0])

    def forget_dispatch(self) -> None:
        """What `singledispatch` functions found in their registries may not be there any more, or be hidden now."""
        for dispatcher in self._program.dispatchers.values():
            dispatcher._clear_cache()

    def hold_owners(self, name: str, running: Collection[str]) -> None:
        """Of what this module put there last time its owners must not keep anything, whatever it does now.

        `running` are those that will run again anyway.
        """
        for other in sorted(self._run_with(name)):
            if other not in self._facts.ran and other not in running:
                raise Again(other, f"holds start-up code, models, rows or numbers of {name}")

    def _run_with(self, name: str) -> set[str]:
        """Modules that own what the effects of `name` cannot be taken out of; they need new objects for it."""
        records, found = self._program.records, set[str]()
        for segment in self._program.segments(name):
            for delta in segment.deltas:
                owner = delta.tracked.node[0]
                if delta.renews:
                    found |= {owner} if owner else self._sharing(delta.tracked.node)
        return {other for other in found if other != name and other in records}

    def _sharing(self, node: Node) -> set[str]:
        """Modules that put something into the same registry of a library."""
        return {
            name
            for name, record in self._program.index.acting.items()
            if any(d.tracked.node == node and d.renews for s in record.segments for d in s.deltas)
        }
