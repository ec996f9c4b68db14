"""Carry a plan out, all or nothing, by going through a cold start again.

A cold start is known from the last time: which module imported which, in what order, and what each put into objects
of others (`Record.trace`). The transaction walks along it from the entry. A module that must run again does, and its
import statements lead the way; for any other, its imports are walked and its effects put in place again. So order,
cycles and registries come out as after a restart, while only what must run again runs.

A module must run again when its file changed, or when its import-time code used a name that has another value by
then (`facts`). Otherwise only the names that it imported are set anew.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from itertools import takewhile
from time import perf_counter
from types import ModuleType

from fh_dash import events
from fh_dash.engine import abcs
from fh_dash.engine.analysis import STAR, Analysis, Import
from fh_dash.engine.caches import clear_dependent_caches
from fh_dash.engine.circles import Arrival, not_yet, rebound
from fh_dash.engine.deltas import Segment
from fh_dash.engine.facts import Facts
from fh_dash.engine.importer import ProjectFinder, no_arrival
from fh_dash.engine.journal import MISSING, Journal, NoJournal, restore_mapping
from fh_dash.engine.keep import registry
from fh_dash.engine.lines import Moved, refresh_lines
from fh_dash.engine.match import match_definitions
from fh_dash.engine.names import Node
from fh_dash.engine.namespaces import drop_gone, forget, is_submodule, prepare, public_names, relocate, show_submodules
from fh_dash.engine.patch import detach, move_instances
from fh_dash.engine.plan import Plan
from fh_dash.engine.program import Program, Record
from fh_dash.engine.rebind import rebind
from fh_dash.engine.retry import Again, Broken
from fh_dash.engine.routes import Route, difference
from fh_dash.engine.runner import Runner
from fh_dash.engine.sources import Source
from fh_dash.errors import ReloadError


class Transaction:
    """One plan being carried out; `commit` or `rollback` ends it."""

    def __init__(
        self, program: Program, runner: Runner, finder: ProjectFinder, plan: Plan, settled: Callable[[Plan], None]
    ) -> None:
        self.plan = plan
        self.error: BaseException | None = None
        self.reports: list[events.ModuleReport] = []
        self.caches: tuple[events.CacheChange, ...] = ()
        self.milliseconds = 0.0
        self._program, self._runner, self._finder, self._settled = program, runner, finder, settled
        self._open = True
        self._kept = registry.snapshot()
        self._begin()

    def _begin(self) -> None:
        program = self._program
        self.reports = []
        self._journal = Journal()
        graph = self.plan.graph or program.graph
        self._facts = Facts(self.plan, graph, program.graph, program.records, program.ends)
        self._arrived: dict[str, None] = {}
        self._running: dict[str, dict[str, object]] = {}
        self._walked: dict[str, int] = {}
        """Modules that a cold start would be importing now, but need not run, with the statement that they stand at."""
        self._hidden: dict[str, dict[str, frozenset[str]]] = {}
        """Module -> what other modules, which it imports in a circle, did not have yet when its import began."""
        self._known: set[str] = set()
        self._failed: dict[str, str] = {}
        """Modules whose re-run failed, and an importer handled that; each import of them tries it anew."""
        self._undone = False
        self._moved: list[Moved] = []
        self._adopted: list[type] = []
        self._replaced: list[tuple[type, type]] = []
        self._dropped: list[events.CacheChange] = []

    # ----------------------------------------------------------------------------------------- outside

    def run(self) -> None:
        began = perf_counter()
        try:
            tried: set[tuple[type, str]] = set()
            while (again := self._attempt()) is not None:
                if (type(again), again.module) in tried:
                    raise ReloadError(f"{again.module} asks to run again without end; a full reload is the way out")
                tried.add((type(again), again.module))
                self._undo()
                registry.restore(self._kept)
                self._kept = registry.snapshot()
                self.plan = again.amend(self.plan)
                self._begin()
        except BaseException as error:
            self.rollback()
            self.error = error
        self.milliseconds = (perf_counter() - began) * 1000

    def rollback(self) -> None:
        """Put everything back as it was before `run`; of a first load, what was imported in full stays."""
        if not self._open:
            return
        self._open = False
        if self.plan.load:
            self._forget_entry()
        else:
            self._undo()
        registry.restore(self._kept)
        self._end()

    def _undo(self) -> None:
        made = self._made()
        self._journal.undo()
        left = {id(cls) for cls in self._made()}
        for cls in made:
            if id(cls) not in left:  # bases must not go on to know it
                detach(cls, self._program.is_project_module)

    def _made(self) -> list[type]:
        """The classes of all modules that ran, or were loaded, in this transaction."""
        records = self._program.records
        return [cls for n, r in records.items() if n in self._facts.ran or n not in self._known for cls in _classes(r)]

    def commit(self) -> None:
        if not self._open:
            return
        self._open = False
        facts = self._facts
        self.caches = (
            *registry.settle(self._kept, facts.ran),
            *self._dropped,
            *clear_dependent_caches(self._program.records, facts.touched(), facts.ran),
        )
        move_instances(self._replaced)
        refresh_lines(self._moved, list(self.plan.sources.values()))
        self._end()
        self._settled(self.plan)

    def _end(self) -> None:
        """Forget what is of the last run, so that its objects can go, and what was found out with them."""
        if self._adopted:
            abcs.reset_caches(thing for record in self._program.records.values() for thing in _classes(record))
        self._forget_dispatch()
        self._journal = NoJournal()
        self._adopted, self._replaced = [], []
        self._facts.values.clear()

    def result(
        self,
        *,
        generation: int,
        time: float,
        wait: float,
        swap: float,
        old_routes: Sequence[Route],
        new_routes: Sequence[Route],
        error: events.ErrorReport | None = None,
    ) -> events.ReloadResult:
        """What happened, for people; to be called after `commit` or `rollback`. `wait` and `swap` in milliseconds."""
        plan = self.plan
        return events.ReloadResult(
            generation=generation,
            time=time,
            changed=plan.changed,
            modules=tuple(self.reports),
            routes=() if error else difference(old_routes, new_routes),
            caches=self.caches,
            phases=events.Phases(plan.scan, plan.plan, wait, self.milliseconds, swap),
            error=error,
            forced=plan.forced,
        )

    @property
    def module(self) -> ModuleType:
        return self._program.records[self._program.entry].module

    # ----------------------------------------------------------------------------------------- the walk

    def _attempt(self) -> Again | Broken | None:
        self._save_program()
        if not self.plan.load:
            self._finder.arrive, self._finder.hides = self._arrive_by_import, self._not_yet
        try:
            self._load() if self.plan.load else self._walk()
        except (Again, Broken) as again:
            return again
        finally:
            self._finder.arrive, self._finder.hides = no_arrival, None
        return None

    def _save_program(self) -> None:
        program, journal = self._program, self._journal
        journal.save_container(sys.path)
        journal.save_mapping(program.records)
        journal.save_mapping(program.starts)
        journal.save_mapping(program.ends)
        journal.save_mapping(program.broken)
        graph, loaded, loose = program.graph, set(program.records), set(program.loose)
        there = set(sys.modules)

        def back() -> None:
            program.graph, program.loose = graph, loose
            for name in [name for name in sys.modules if name not in there and program.is_namespace(name)]:
                forget(name, NoJournal())
            new = set(program.records) - loaded
            segments = [segment for name in new for segment in program.segments(name)]
            for segment in sorted(segments, key=lambda segment: -segment.number):
                segment.undo(NoJournal())
            for name in new:
                forget(name, NoJournal())

        journal.add(back)

    def _load(self) -> None:
        for name in sorted(self.plan.gone, reverse=True):
            self._unload(name, "changed since it was loaded")
        importlib.invalidate_caches()
        known = set(self._program.records)
        importlib.import_module(self._program.entry)
        for name in self._program.records:
            if name not in known:
                self._report(name, "loaded")
        left = self._program.records.keys() - self._alive()
        for name in left & known:
            self._unload(name, "nothing imports it any more")
        self._program.loose |= left - known  # what imported it failed: after a cold start it is there

    def _alive(self) -> set[str]:
        """Modules that an import statement, or something at run time, leads to, with the packages around them."""
        program = self._program
        alive = program.graph.reachable([program.entry, *program.loose])
        return {".".join(name.split(".")[:n]) for name in alive for n in range(1, name.count(".") + 2)}

    def _walk(self) -> None:
        program, plan = self._program, self.plan
        assert plan.graph is not None
        program.graph = plan.graph
        for name in sorted(plan.gone, reverse=True):
            if name in program.records:
                self._unload(name, "its file is gone")
        known = self._known = set(program.records)
        self._arrive(program.entry)
        for name in self._failed:
            raise Broken(name)
        self._arrived |= dict.fromkeys(name for name in program.records if name not in known)
        self._arrive_late()
        self._check_again(known)
        for name in [name for name in program.records if name not in known]:
            self._report(name, "loaded")

    def _arrive(self, name: str) -> None:
        """A cold start would import this module now, unless it has been before."""
        if name in self._arrived or name not in self._program.records:
            return
        package = name.rpartition(".")[0]
        if package and package not in sys.modules:
            importlib.import_module(package)
        self._arrive(package)
        if name in self._arrived:
            return
        self._arrived[name] = None
        try:
            self._pass(name, self._program.records[name])
        except Exception:
            del self._arrived[name]
            self._walked.pop(name, None)
            self._failed[name] = "failed when it was imported before"
            raise
        self._failed.pop(name, None)

    def _pass(self, name: str, record: Record) -> None:
        if self._undone:
            self._program.starts[name] = self._program.tick()
        if self._walked or self._running:
            stars = self._program.graph.analyses[name].stars()
            self._hidden[name] = {star.module: self._not_yet(star.module) for star in stars}
        if reason := self._facts.reason(name) or self._missing(name) or self._failed.get(name, ""):
            self._rerun(name, record, reason)
            return
        for number, step in enumerate(record.trace):
            if isinstance(step, Arrival):
                self._walked[name] = step.unit
                self._pass_import(name, record, step)
            else:
                self._put_back(name, record, number, step)
        self._walked.pop(name, None)
        if reason := self._late_reason(name, record):
            self._rerun(name, record, reason)
        else:
            self._leave(name, record)

    def _pass_import(self, name: str, record: Record, step: Arrival) -> None:
        if step.failed:
            if reason := self._facts.reason(step.module):
                raise Again(name, f"{step.module} failed when it was imported, and {reason}")
            broken = self._program.broken.get(step.module)
            if broken is not None and self._facts.helps(broken.analysis):
                raise Again(name, f"{step.module} can be tried again")
            return
        try:
            self._arrive(step.module)
        except Exception as error:
            if not isinstance(error, Again) and record.source.analysis.may_handle(step.unit):
                raise Again(name, f"imports {step.module} inside try, and that fails") from error
            raise

    def _missing(self, name: str) -> str:
        """What a module got from another one that a cold start, having come to it another way, has not made yet."""
        analysis = self._program.graph.analyses[name]
        binds = analysis.binds | analysis.declared
        for imported in analysis.imports if self._running or self._walked else ():
            if imported.deferred or imported.name is None or not (hidden := self._not_yet(imported.module)):
                continue
            given = self._running.get(imported.module) or vars(sys.modules[imported.module])
            held, star = vars(sys.modules[name]), imported.name == STAR
            others = [self._provided_by(other) for other in analysis.stars() if star and other is not imported]
            names = {key: key for key in hidden - binds.union(*others)} if star else {imported.name: imported.local}
            for key, local in names.items():
                value = given.get(key, MISSING)
                if key in hidden and value is held.get(local) and not is_submodule(imported.module, key, value):
                    return f"imports {key} from {imported.module}, which does not have it yet"
        return ""

    def _provided_by(self, star: Import) -> set[str]:
        return self._program.graph.exports(star.module) - self._not_yet(star.module)

    def _arrive_by_import(self, name: str) -> None:
        """An import statement of a module that is running again led here."""
        if name not in self._known:
            return  # loaded a moment ago
        for running, before in self._running.items():
            if name not in self._arrived and self._program.graph.cyclic(running):
                self._facts.compare(running, before, vars(self._program.records[running].module), partial=True)
        importer = self._runner.running()
        if importer not in self._running or name in self._arrived:
            self._arrive(name)
            return
        old = takewhile(
            lambda step: isinstance(step, Segment) or step.module != name, self._program.records[importer].trace
        )
        with self._facts.so_far(_segments(old), _segments(self._runner.trace)):
            self._arrive(name)

    def _not_yet(self, name: str) -> frozenset[str]:
        """Names that a module does not have at this moment of a cold start; nothing unless its import is going on."""
        if name in self._running:
            return not_yet(self._program.graph, name, self._runner.unit_of(name))
        return not_yet(self._program.graph, name, self._walked[name]) if name in self._walked else frozenset()

    def _put_back(self, name: str, record: Record, number: int, segment: Segment) -> None:
        if not any(isinstance(step, Arrival) for step in record.trace[number:]) and self._facts.reason(name):
            return  # it will run again in a moment, and all its imports are behind it
        if not segment.applied and not segment.redo(self._journal, self._program.tick()):
            raise Again(name, "builds on what other modules registered before it")
        self._forget_dispatch()

    def _late_reason(self, name: str, record: Record) -> str:
        """The reason that its imports gave a module to run again, once they are all there."""
        if reason := self._facts.attribute_reason(name):
            raise Again(name, reason)
        reason = self._facts.reason(name)
        if not reason:
            return ""
        if self._acted_during(name) or self._program.graph.cyclic(name):
            # a cold start runs its first lines before its imports: go through it once more, knowing this
            raise Again(name, reason)
        return reason

    def _acted_during(self, name: str) -> bool:
        """Whether modules, itself included, did something to others between its beginning and its last import."""
        program = self._program
        first, last = program.starts.get(name, 0), program.ends.get(name, 0)
        others = (segment for other in program.records if other != name for segment in program.segments(other))
        if any(s.applied and first <= s.number and (self._undone or s.number <= last) for s in others):
            return True
        trace = program.records[name].trace
        imports = [number for number, step in enumerate(trace) if isinstance(step, Arrival)]
        return any(isinstance(step, Segment) for step in trace[: imports[-1] if imports else 0])

    def _arrive_late(self) -> None:
        """Modules that no import statement at the top level led to: those that functions import stay, the rest goes."""
        program = self._program
        alive = self._alive()
        for name in list(program.records):
            if name in self._arrived:
                continue
            if name in alive:
                self._arrive_alone(name)
            else:
                self._unload(name, "nothing imports it any more")

    def _arrive_alone(self, name: str) -> None:
        try:
            self._arrive(name)
        except Again:
            raise
        except Exception:  # after a cold start it fails when a function imports it, and not before
            raise Broken(name) from None

    def _check_again(self, known: set[str]) -> None:
        """What became known after a module was walked over may still concern it."""
        for name in list(self._arrived):
            if name in self._facts.ran:
                self._hold_owners(name)
            elif name in known and name in self._facts.candidates and name in self._program.records:
                if reason := self._facts.reason(name, later=True):
                    raise Again(name, reason)
                self._rebind(name)

    def _hold_owners(self, name: str) -> None:
        """Of what this module put there last time its owners must not keep anything, whatever it does now."""
        for other in sorted(self._run_with(name)):
            if other not in self._facts.ran and other not in self.plan.reruns:
                raise Again(other, f"holds start-up code, models or rows of {name}")

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
        program = self._program
        return {
            name
            for name in program.records
            if any(d.tracked.node == node and d.renews for s in program.segments(name) for d in s.deltas)
        }

    # ------------------------------------------------------------------------------------------ running

    def _rerun(self, name: str, record: Record, reason: str) -> None:
        program, journal, facts = self._program, self._journal, self._facts
        source = self.plan.sources.get(name, record.source)
        start = program.starts.get(name, 0)
        self._take_back_from(start)
        namespace = vars(record.module)
        journal.save_mapping(namespace)
        before = dict(namespace)
        relocate(record.module, source, journal)
        prepare(name, namespace, source.analysis, self._provided(name, source.analysis))
        previous = match_definitions(record.source.analysis, source.analysis, record.made)
        old = _segments(record.trace)
        facts.ran.add(name)
        self._hold_owners(name)
        program.graph.forget_dynamic(name)
        used = self._used_by(name)
        self._half_made(name, used)
        changed = used & facts.behaviour
        self._dropped += clear_dependent_caches(program.records, changed, {*facts.ran})
        self._running[name] = before
        try:
            self._runner.run(record.module, source, journal, previous)
        except Exception:
            restore_mapping(namespace, before)
            raise
        finally:
            del self._running[name]
        drop_gone(name, namespace, before, source.analysis, self._hidden.get(name, {}))
        show_submodules(name, namespace, before)
        program.starts[name] = start  # where a cold start begins it, be it that its imports were walked before
        new = program.records[name]
        self._note_replaced(record, new)
        self._detach_dropped(record, new)
        facts.note_run(name, old, program.segments(name))
        facts.compare(name, before, namespace)
        self._report(name, "re-run", reason, milliseconds=new.milliseconds)

    def _provided(self, name: str, analysis: Analysis) -> set[str]:
        """What the star imports of a module will bind: of project modules by their source, since they may run first."""
        graph, names = self._program.graph, set[str]()
        for star in analysis.stars():
            known = graph.analyses.get(star.module)
            chosen = known is None or known.dynamic or "__all__" in known.binds
            if not chosen or star.module not in sys.modules:
                given = graph.exports(star.module)
            else:
                given = set(public_names(vars(sys.modules[star.module])))
            names |= given - self._hidden.get(name, {}).get(star.module, frozenset())
        return names

    def _used_by(self, name: str) -> set[Node]:
        """What the import of a module uses of the project, what the functions that it calls are made from with it."""
        graph = self._program.graph
        seen = {reached.node for reached in graph.reached(name)}
        waiting = [reached.node for reached in graph.reached(name) if reached.behaves]
        while waiting:
            module, key = waiting.pop()
            if module in graph.analyses:
                new = graph.dependencies(module).get(key, frozenset()) - seen
                seen |= new
                waiting += new
        return seen

    def _half_made(self, name: str, used: set[Node]) -> None:
        """A module that is about to run uses others in the middle of their import: they are to be as at that moment."""
        own = vars(self._program.records[name].module)
        for module in self._walked:
            if key := self._taken_early(name, module):
                raise Again(module, f"{name} imports {key} from it before its import has ended")
        for module, key in used:
            if module == name and not is_submodule(name, key, own.get(key)):
                own.pop(key, None)
            elif module in self._walked and key in rebound(self._program.graph, module, self._walked[module]):
                raise Again(module, f"{name} uses {key} of it before its import has ended")
            elif module in self._running and key in self._not_yet(module):
                namespace = vars(self._program.records[module].module)
                if namespace.get(key, MISSING) is self._running[module].get(key):
                    namespace.pop(key, None)

    def _taken_early(self, name: str, module: str) -> str:
        """A name that a module imports of one in the middle of its import, which is going to bind it a second time."""
        graph = self._program.graph
        found = {i.name or "" for i in graph.analyses[name].imports if i.module == module and not i.deferred}
        if found <= {""}:
            return ""
        own = (unit for unit in graph.analyses[module].units if unit.kind != "import")
        names = {key for unit in own for key in unit.binds | unit.declares}
        twice = (rebound(graph, module, self._walked[module]) & names) - self._not_yet(module)
        return min(twice & (found | (graph.exports(module) if STAR in found else set())), default="")

    def _take_back_from(self, start: int) -> None:
        """Undo all effects that came after the first module that runs again began; the walk puts them back."""
        if self._undone:
            return
        self._undone = True
        segments = [s for name in self._program.records for s in self._program.segments(name) if s.number >= start]
        for segment in sorted(segments, key=lambda segment: -segment.number):
            for delta in segment.deltas:
                tracked = delta.tracked
                if tracked.only is not None:
                    self._facts.note_attributes(tracked.node[0], tracked.container, tracked.only, segment.number)
            segment.undo(self._journal)
        self._forget_dispatch()

    def _forget_dispatch(self) -> None:
        """What `singledispatch` functions found in their registries may not be there any more, or be hidden now."""
        for dispatcher in self._program.dispatchers.values():
            dispatcher._clear_cache()

    def _note_replaced(self, old: Record, new: Record) -> None:
        """Classes that could not be kept and have a successor of the same name."""
        successors = {(c.__module__, c.__qualname__): c for c in _classes(new)}
        kept = {id(thing) for thing in _classes(new)}
        for cls in _classes(old):
            successor = successors.get((cls.__module__, cls.__qualname__))
            if successor is not None and id(cls) not in kept and not registry.is_pinned(cls):
                self._replaced.append((cls, successor))

    def _detach_dropped(self, old: Record, new: Record) -> None:
        kept = {id(thing) for things in new.made.values() for thing in things}
        for thing in _classes(old):
            if id(thing) not in kept and not registry.is_pinned(thing):
                self._journal.save_class(thing)
                detach(thing, self._program.is_project_module)
        self._adopted += [thing for thing in _classes(new) if id(thing) in {id(t) for t in _classes(old)}]

    # --------------------------------------------------------------------------------- without running

    def _leave(self, name: str, record: Record) -> None:
        if self._undone:
            self._program.ends[name] = self._program.tick()
        if (source := self.plan.sources.get(name)) is not None:
            self._refresh(name, record, source)
        if name in self._facts.candidates:
            self._rebind(name)

    def _refresh(self, name: str, record: Record, source: Source) -> None:
        """Only comments or layout differ: the code is the same, on other lines."""
        self._moved.append(Moved(record.source.code, source.code, record.made))
        self._program.records[name] = replace(record, source=source)
        self._report(name, "refreshed", "only comments or layout changed")

    def _rebind(self, name: str) -> None:
        if names := rebind(self._program.records[name], self._facts, self._hidden.get(name, {}), self._journal):
            self._report(name, "rebound", names=tuple(sorted(set(names))))

    # ---------------------------------------------------------------------------------------- unloading

    def _unload(self, name: str, reason: str) -> None:
        program, journal = self._program, self._journal
        record = program.records[name]
        segments = program.segments(name)
        for segment in reversed(segments):
            segment.undo(journal)
        self._report(name, "unloaded", reason)
        for thing in _classes(record):
            journal.save_class(thing)
            detach(thing, program.is_project_module)
        forget(name, journal)
        del program.records[name]
        if name in program.graph.analyses:
            program.graph.update({name: None})
        self._facts.gone.add(name)
        self._facts.note_gone(name, segments)

    def _forget_entry(self) -> None:
        program = self._program
        for segment in reversed(program.segments(program.entry)):
            segment.undo(NoJournal())
        if program.entry in program.records:
            forget(program.entry, NoJournal())
            del program.records[program.entry]
            program.graph.update({program.entry: None})

    def _report(
        self,
        name: str,
        outcome: events.Outcome,
        reason: str = "",
        names: tuple[str, ...] = (),
        milliseconds: float = 0.0,
    ) -> None:
        record = self._program.records[name]
        took = milliseconds or (record.milliseconds if outcome == "loaded" else 0.0)
        self.reports.append(events.ModuleReport(name, str(record.source.path), outcome, reason, names, took))


def _segments(trace: Iterable[Segment | Arrival]) -> list[Segment]:
    return [step for step in trace if isinstance(step, Segment)]


def _classes(record: Record) -> list[type]:
    return [thing for things in record.made.values() for thing in things if isinstance(thing, type)]
