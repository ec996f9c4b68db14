"""Run one module's code: with the keep hook in place, its reads noted, its effects recorded, its time taken."""

from __future__ import annotations

import contextlib
import importlib
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import ModuleType

from fh_dash import events
from fh_dash.engine import reach
from fh_dash.engine.asked import Answers
from fh_dash.engine.caches import own_caches
from fh_dash.engine.circles import Arrival
from fh_dash.engine.deltas import Segment
from fh_dash.engine.frame import Frame
from fh_dash.engine.journal import Journal, NoJournal
from fh_dash.engine.keep import registry
from fh_dash.engine.kinds import is_a
from fh_dash.engine.known import CONTAINERS, OBJECTS
from fh_dash.engine.names import Node
from fh_dash.engine.patch import Keeper
from fh_dash.engine.program import Program
from fh_dash.engine.reads import Reads
from fh_dash.engine.record import Record, segments
from fh_dash.engine.sources import HOOK, Source
from fh_dash.engine.watch import Watch


class Runner:
    """Runs modules, nested as imports nest, one stack per thread."""

    def __init__(self, program: Program, post: Callable[[events.Event], object]) -> None:
        self._program, self._post = program, post
        self._local = threading.local()

    @property
    def stack(self) -> list[Frame]:
        stack: list[Frame] | None = getattr(self._local, "stack", None)
        if stack is None:
            stack = self._local.stack = []
        return stack

    def running(self) -> str | None:
        """Name of the project module that this thread is importing now."""
        stack = self.stack
        return stack[-1].name if stack else None

    @property
    def trace(self) -> Sequence[Segment | Arrival]:
        """What the module that this thread is importing now has done to others so far."""
        return self.stack[-1].trace

    def traces(self) -> dict[str, Sequence[Segment | Arrival]]:
        """The same for each module that this thread is importing."""
        return {frame.name: frame.trace for frame in self.stack}

    def asked(self) -> Iterator[Answers]:
        """What each module that this thread is importing has asked `functools` caches for so far."""
        return (frame.watch.walker.asked.found for frame in self.stack)

    def unit_of(self, name: str) -> int:
        """Number of the top-level statement at which a module stands that this thread is importing."""
        return next(frame.unit() for frame in reversed(self.stack) if frame.name == name)

    # ------------------------------------------------------------------------------------------- running

    def run(
        self,
        module: ModuleType,
        source: Source,
        journal: Journal,
        previous: Mapping[int, Sequence[object]] | None = None,
    ) -> None:
        """Execute `source` in the namespace of `module`, and record in the program what it did.

        Whatever the code raises passes through; its effects on other modules are taken back if no other one imports it.
        """
        stack = self.stack
        if stack and previous is None:  # when it runs again, `at_import` has done this before anything was touched
            stack[-1].trace.append(Arrival(source.module, self._book(stack[-1])))
        self._program.starts[source.module] = self._program.tick()
        frame = self._frame(module, source, journal, previous or {})
        frame.reach_tables()
        reads = Reads(self._program.is_project_path, source.module)
        began, failure = time.perf_counter(), None
        self._post(events.ImportStarted(source.module, time.time(), project=True, depth=len(stack)))
        stack.append(frame)
        reads.start()
        try:
            self._execute(frame)
        except BaseException as error:
            failure = error
            raise
        finally:
            reads.stop()
            stack.pop()
            self._program.changes += 1
            took = (time.perf_counter() - began) * 1000
            self.flush(frame, len(source.analysis.units))
            self._program.ends[frame.name] = self._program.tick()
            if failure is None:
                self._record(frame, reads, took)
            else:
                self._program.failed_reads |= reads.files
                self._program.half_made += frame.keeper.forget_new_classes(failure)
                self._hand_up(frame)
            self.tell_outer(frame.name)
            ended = events.ImportFinished(source.module, took, project=True, ok=failure is None, depth=len(stack))
            self._post(ended)

    def _frame(
        self, module: ModuleType, source: Source, journal: Journal, previous: Mapping[int, Sequence[object]]
    ) -> Frame:
        program = self._program
        keeper = Keeper(
            source.analysis.definitions,
            previous,
            journal,
            pinned=registry.is_pinned,
            is_project=program.is_project_module,
            namespace=vars(module),
        )
        watch = Watch(self._find, program.declared, journal, reach.assigned_parts(source), reach.inserts(source))
        for package in sorted({imported.module.partition(".")[0] for imported in source.analysis.imports}):
            if containers := CONTAINERS.get(package):
                watch.track_known(containers)
            if objects := OBJECTS.get(package):
                with contextlib.suppress(ImportError):  # the module itself will meet it
                    importlib.import_module(package)
                watch.track(objects())
        for target in program.graph.imports_of(source.module):
            self._track(watch, source, target)
        program.stacks.reach(watch.walker.apps, journal)
        return Frame(source.module, source, module, watch, keeper, patches=reach.patches(source))

    def _execute(self, frame: Frame) -> None:
        namespace = vars(frame.module)
        namespace[HOOK] = frame.keeper
        try:
            exec(frame.source.code, namespace)
            frame.keeper.exchange(namespace)
        finally:
            namespace.pop(HOOK, None)

    def _book(self, frame: Frame) -> int:
        """Before an import: book what the module did so far; the number of the statement that it stands at."""
        unit = frame.unit()
        if frame.has_acted(unit):
            self.flush(frame, unit)
        frame.booked = unit
        return unit

    def flush(self, frame: Frame, unit: int) -> None:
        """Book what the module did since its last import; it stands at that statement."""
        earlier = self._program.records.get(frame.name)
        frame.watch.walker.asked.settle(unit, earlier.asked if earlier else {})
        own = {id(vars(frame.module)), *map(id, frame.keeper.classes())}
        found = frame.watch.flush(frame.keeper.shadows, own)
        parts = frame.keeper.parts_of_classes() if found else ()
        for tracked in (delta.tracked for delta in found if delta.tracked.only is None):
            tracked.node = self._program.graph.origin(tracked.node, self._value)  # it may have been met by another name
        if deltas := [delta for delta in found if id(delta.tracked.container) not in parts]:
            frame.trace.append(Segment(deltas, self._program.tick()))

    def _record(self, frame: Frame, reads: Reads, took: float) -> None:
        program = self._program
        earlier = program.records.get(frame.name)
        # `if Path("local.json").exists()` leaves no trace
        asked = bool(frame.source.analysis.asks - {"find_spec"})
        for name in frame.source.analysis.files:
            reads.note_named(name, os.path.dirname(frame.source.path), asked=asked)
        for name in reach.modules_looked_for(frame.source):
            reads.note_named(name, os.path.dirname(frame.source.path), asked=False)
        answers = frame.watch.walker.asked
        answers.note_own(own_caches(frame.module), len(frame.source.analysis.units))
        record = Record(
            module=frame.module,
            source=frame.source,
            made=frame.keeper.kept(),
            asked=answers.found,
            by_call=tuple(frame.keeper.by_call),
            renewed=frozenset(frame.keeper.renewed),
            reads=reads.files,
            trace=tuple(frame.trace),
            runs=earlier.runs + 1 if earlier else 1,
            milliseconds=took,
        )
        for dispatcher in frame.watch.walker.dispatchers:
            program.dispatchers[id(dispatcher)] = dispatcher
        with program.lock:
            program.records[frame.name] = record

    def _hand_up(self, frame: Frame) -> None:
        """What a failed module did to others stays, if an importer handles the failure: it is that one's doing now."""
        if self.stack:
            self.stack[-1].note_failed(frame.name, frame.trace)
            return
        for segment in reversed(segments(frame.trace)):
            segment.undo(NoJournal())  # nobody handles it: all is put back, and this must not be put back as well

    def tell_outer(self, name: str) -> None:
        """The modules around it may reach what it made, and look at the new state."""
        stack = self.stack
        if name in self._program.records:
            for outer in stack:
                outer.watch.walker.forget(name)
                for source in (outer.source, *outer.guests.values()):
                    self._track(outer.watch, source, name)
                self._program.stacks.reach(outer.watch.walker.apps, NoJournal())
        if stack:
            stack[-1].watch.rebase()

    # ------------------------------------------------------------------------------- import statements

    def guest(self, file: str) -> Source | None:
        """A file that the running module runs itself, and that has imported something before."""
        return self.stack[-1].guests.get(file)

    def note_guest(self, source: Source) -> None:
        """A file that the running module runs itself is about to import something."""
        self.stack[-1].guests[str(source.path)] = source

    def at_import(self, names: Sequence[str], arrive: Callable[[str], object]) -> None:
        """An import statement of the running module names these project modules, loaded or in the middle of that."""
        if not names:
            return
        frame = self.stack[-1]
        unit, before = self._book(frame), self._program.changes
        graph = self._program.graph
        known = set(graph.imports_of(frame.name)) if frame.name in graph.analyses else {*names}
        for name in names:
            if name not in known and name != frame.name and not frame.name.startswith(f"{name}."):
                graph.add_dynamic(frame.name, name)
        for name in names:
            frame.trace.append(Arrival(name, unit))
            so_far = self._program.changes
            try:
                arrive(name)
            except Exception:
                frame.note_failed(name)
                raise
            self._show_in_package(name)
            if self._program.changes != so_far:
                frame.watch.walker.forget(name)  # it may hold other objects now
            new = name not in known or self._program.changes != so_far
            for source in (*([frame.source] if new else []), *frame.guests.values()):
                self._track(frame.watch, source, name)
        if self._program.changes != before:
            frame.watch.rebase()

    def _show_in_package(self, name: str) -> None:
        """A submodule that outlived its package, whose first import failed, is an attribute of it all the same."""
        package, _, attribute = name.rpartition(".")
        records = self._program.records
        if package not in records and name in records and any(frame.name == package for frame in self.stack):
            vars(sys.modules[package]).setdefault(attribute, records[name].module)

    def after_import(self, names: Sequence[str], arrive: Callable[[str], object]) -> None:
        """The statement has been carried out: it, or a package that it led to, may have loaded some of these."""
        frame = self.stack[-1]
        noted = {step.module for step in frame.trace if isinstance(step, Arrival)}
        self.at_import([name for name in names if name not in noted], arrive)
        for module in [module for module in frame.patches if module in sys.modules]:
            found, thing = frame.patches.pop(module), sys.modules[module]
            if is_a(thing, ModuleType) and not self._program.is_project_path(vars(thing).get("__file__") or ""):
                for owner, name in reach.owners(thing, found):
                    frame.watch.track_foreign(module, owner, name)

    # ------------------------------------------------------------------------------------------- in reach

    def _track(self, watch: Watch, source: Source, target: str) -> None:
        module = self._find(target)
        if module is None:
            return
        for name in reach.assigned_on(source, target):
            watch.track_name(module, name)
        graph = self._program.graph
        watch.track(
            (graph.origin(node), thing) for node, thing in reach.roots(source, target, vars(module), graph.only_reads)
        )

    def _value(self, node: Node) -> object:
        module = self._find(node[0])
        return vars(module).get(node[1]) if module else None

    def _find(self, name: str) -> ModuleType | None:
        """A project module, be it in the middle of its first import."""
        half_made = (frame.module for frame in self.stack if frame.name == name)
        return self._program.find(name) or next(half_made, None)
