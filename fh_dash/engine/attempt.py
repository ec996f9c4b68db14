"""One attempt to carry a plan out, by going through a cold start again.

A cold start is known from the last time: which module imported which, in what order, and what each put into objects
of others (`Record.trace`). The attempt walks along it from the entry. A module that must run again does, and its
import statements lead the way; for any other, its imports are walked and its effects put in place again. So order,
cycles and registries come out as after a restart, while only what must run again runs.

A module must run again when its file changed, or when its import-time code used a name that has another value by
then (`facts`). Otherwise only the names that it imported are set anew.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Set
from itertools import takewhile

from fh_dash.engine.circles import Arrival
from fh_dash.engine.course import package_around
from fh_dash.engine.deltas import Segment, nodes_of
from fh_dash.engine.detach import detach
from fh_dash.engine.follower import NOBODY, Follower
from fh_dash.engine.importer import ProjectFinder
from fh_dash.engine.loading import UNUSED, load
from fh_dash.engine.namespace_packages import drop_unused
from fh_dash.engine.plan import Plan
from fh_dash.engine.program import Program
from fh_dash.engine.reasons import Reasons
from fh_dash.engine.record import Record, segments
from fh_dash.engine.retry import Again, Broken
from fh_dash.engine.runner import Runner
from fh_dash.engine.shortcut import Shortcut
from fh_dash.engine.steps import Steps


class Attempt(Follower):
    """What is found out and done in one attempt; `undo` takes it back."""

    def __init__(self, program: Program, runner: Runner, finder: ProjectFinder, plan: Plan) -> None:
        self._program, self._runner, self._finder, self._plan = program, runner, finder, plan
        # a copy: modules that run again in an attempt that comes to nothing forget what they imported by name
        self._graph = (plan.graph or program.graph).with_changes({})
        self.steps = Steps(program, runner, finder, plan, self._graph)
        self.journal = self.steps.journal
        self.facts, self._effects, self._under_way = self.steps.facts, self.steps.effects, self.steps.under_way
        self.arrived = self.steps.arrived
        self._shortcut = Shortcut(program, plan, self.facts, self._effects, self._under_way)
        self._reasons = Reasons(program, self.facts, self._effects, self._under_way, self.arrived)
        self._before: set[str] = set()

    def run(self) -> Again | Broken | None:
        """Carry the plan out; what it has to be amended by when that cannot be. Project code's errors pass through."""
        self._before = set(self._program.records)
        self._program.half_made.clear()
        self._program.save(self.journal)
        if not self._plan.load:
            self._finder.follower = self
            self._program.stacks.begin(self.journal)
        try:
            load(self._program, self._finder, self._plan, self.steps) if self._plan.load else self._walk()
        except (Again, Broken) as again:
            return again
        finally:
            self._finder.follower = NOBODY
        return None

    def undo(self) -> None:
        """Put everything back as it was before `run`; of a first load, what was imported in full stays."""
        if self._plan.load:
            self._program.forget_entry()
            return
        made = self.steps.made(self._reasons.known)
        self._program.take_back_new(self._before)
        self.journal.undo()
        left = {id(cls) for cls in self.steps.made(self._reasons.known)}
        for cls in (*made, *self._program.half_made):
            if id(cls) not in left:  # bases must not go on to know it
                detach(cls, self._program.is_project_module)
        self._program.half_made.clear()
        if self.steps.successors.detached or any(cls.__bases__ != (object,) for cls in made):
            self.steps.arrange_subclasses()

    # ----------------------------------------------------------------------------------------- the walk

    def _walk(self) -> None:
        program, plan = self._program, self._plan
        program.graph = self._graph
        for node, file in plan.caches.items():
            made_from = self._graph.spread([node])
            self.steps.caches.clear(made_from, (), f"reads {file}")
            self.steps.lazies.drop_made_by(node, f"reads {file}")
            self.steps.lazies.drop(made_from, f"reads {file}")
        importlib.invalidate_caches()  # a file made in the same tick in which its folder was listed is not seen
        gone = [name for name in sorted(plan.gone, reverse=True) if name in program.records]
        if began := [program.starts.get(name, 0) for name in gone if program.segments(name)]:
            self._effects.take_back_from(min(began))  # what came on top of theirs first
        for name in gone:
            self.steps.unload(name, "its file is gone")
        for name in plan.unused & program.records.keys():
            self.steps.unload(name, UNUSED)
        known = self._reasons.known = set(program.records)
        self._finder.orphans = self._program.orphans()
        self._shortcut.open()
        self._arrive(program.entry)
        self._shortcut.close()
        for name in self._reasons.failed:
            raise Broken(name)
        self.arrived.update(dict.fromkeys(name for name in program.records if name not in known))
        self._arrive_late()
        self._check_again(known)
        for name in [name for name in program.records if name not in known]:
            self.steps.report(name, "loaded")
        if self.steps.reordered:
            self.steps.arrange_subclasses()

    def _arrive(self, name: str, within: Set[str] = frozenset()) -> None:
        """A cold start would import this module now, unless it has been before; `within` are packages that fail."""
        if name in self.arrived or name not in self._program.records:
            return
        package = name.rpartition(".")[0]
        if package and package not in sys.modules and package not in self._program.broken:
            importlib.import_module(package)
        if (around := package_around(name, self._program.records)) not in within:
            self._arrive(around)
        if name in self.arrived:
            return
        self.arrived[name] = None
        try:
            self._pass(name, self._program.records[name])
        except Exception:
            self._shortcut.close()
            del self.arrived[name]
            self._under_way.walked.pop(name, None)
            self._reasons.failed[name] = "failed when it was imported before"
            raise
        self._reasons.failed.pop(name, None)
        if package in self._under_way.running:  # as the import system does, once
            vars(self._program.records[package].module)[name.rpartition(".")[2]] = self._program.records[name].module

    def _pass(self, name: str, record: Record) -> None:
        self._effects.set_clock(self._program.starts, name)
        self._under_way.begin(name)
        if record.segments and self._effects.orders:
            self._under_way.check_moment(name, nodes_of(record.segments))
        if self._program.graph.cyclic(name):
            self._show_met(name)
        if reason := self._reasons.early(name):
            self._arrive_at_found(name)
            self._rerun(name, record, reason)
            return
        stars = self._program.graph.analyses[name].stars
        for number, step in enumerate(record.trace):
            if isinstance(step, Segment):
                self._under_way.check_set(step)
                self._effects.put_back(name, record, number, step)
            else:
                if step.failed or step.module not in self.arrived:
                    self._under_way.walked[name] = step.unit
                    self._shortcut.take(name, self.arrived)
                    self._pass_import(name, record, step)
                if stars or self.facts.sets_attributes:
                    self._reasons.check_moment(name, step)
        self._under_way.walked.pop(name, None)
        if reason := self._reasons.late(name):
            self._rerun(name, record, reason)
        else:
            self.steps.leave(name, record)

    def _show_met(self, name: str) -> None:
        """Modules that a module comes to in a circle have by now what they import above that."""
        graph, walked = self._program.graph, self._under_way.walked
        for met in (walked.keys() & self.facts.candidates).intersection(graph.imports_of(name, deferred=False)):
            for unit in graph.analyses[met].units[walked[met] : walked[met] + 1]:
                self.steps.rebind(met, above=unit.line)

    def _arrive_at_found(self, name: str) -> None:
        """What it imported by name, and may find in `sys.modules` now, is to be as if it imported it."""
        if self._graph.looks_for_modules(name):
            self._effects.take_back_since(name)
            for target in self._graph.dynamic.get(name, ()):
                self._arrive_alone(target)

    def _rerun(self, name: str, record: Record, reason: str) -> None:
        self.steps.rerun(name, record, reason)
        self._shortcut.note_run(record)

    def _pass_import(self, name: str, record: Record, step: Arrival) -> None:
        if step.failed:
            if reason := self._reasons.to_try_again(name, step):
                raise Again(name, reason)
            return
        if step.module not in self._program.records and self._under_way.is_imported_anew(record, step):
            raise Again(name, f"imports {step.module}, which is not there")
        try:
            self._arrive(step.module, within=record.failed)
        except Exception as error:
            if not isinstance(error, Again) and (reason := self._reasons.of_failure(name, record, step)):
                raise Again(name, reason) from error
            raise

    # -------------------------------------------------------------- imports while modules run again

    def hides(self, name: str) -> frozenset[str]:
        return self._under_way.not_yet(name)

    def lacks(self, name: str) -> frozenset[str]:
        return frozenset(self._reasons.not_there(name))

    def loading(self, name: str) -> None:
        self.steps.make_used_ready(name, self._program.graph.used_by(name))

    def loaded(self, name: str) -> None:
        self.facts.note_load(self._program.segments(name))
        self.steps.check_order(name, self._program.segments(name))
        derived = self.steps.derived(self._program.records[name])
        self.facts.contents.note_subclasses(name, (), derived)
        self.steps.reordered = self.steps.reordered or bool(derived)
        self._imported()

    def arrive(self, name: str) -> None:
        """An import statement of a module that is running again led here."""
        if name not in self._reasons.known:
            return  # loaded a moment ago
        for running, before in self._under_way.running.items():
            if name not in self.arrived and self._program.graph.cyclic(running):
                self.facts.compare(running, before, vars(self._program.records[running].module), partial=True)
        importer = self._runner.running()
        if importer not in self._under_way.running or name in self.arrived:
            self._arrive(name)
            return
        old = takewhile(
            lambda step: isinstance(step, Segment) or step.module != name, self._program.records[importer].trace
        )
        with self.facts.contents.so_far(segments(old), segments(self._runner.trace)):
            self._arrive(name)
        self._imported()

    def _arrive_late(self) -> None:
        """Modules that no import statement at the top level led to: those that functions import stay, the rest goes."""
        program, began = self._program, self._program.starts
        late = [name for name in program.records if name not in self.arrived]
        late.sort(key=lambda name: began.get(name, 0))  # importers before what they imported
        arrived = -1
        while arrived != (arrived := len(self.arrived)):  # what stays may import others in its functions
            for name in late:
                if name not in self.arrived and self._stays(name):
                    self._arrive_alone(name)
        unused = [name for name in late if name not in self.arrived and name in program.records]
        for name in unused:
            if user := self.facts.stars.holder(name):
                raise Again(user, f"imports {name} by a star, and nothing else imports it any more", unused)
        for name in unused:
            self.steps.unload(name, UNUSED)
        drop_unused(program, self.journal)

    def _stays(self, name: str) -> bool:
        """Whether it was loaded at run time, and could be again; what a condition let modules import goes with that.

        Or a cached function loaded it that modules ask again, which does not import it a second time.
        """
        program = self._program
        if name not in program.records or name in program.loose:
            return name in program.records
        if any(name in program.graph.dynamic.get(user, ()) for user in self.arrived):
            return True
        return name in program.lazy and not program.graph.importers(name).isdisjoint(self.arrived)

    def _arrive_alone(self, name: str) -> None:
        try:
            self._arrive(name)
        except Again:
            raise
        except Exception:  # after a cold start it fails when a function imports it, and not before
            raise Broken(name) from None

    def _check_again(self, known: set[str]) -> None:
        """What became known after a module was walked over may still concern it."""
        program, so_far = self._program, -1
        while so_far != (so_far := program.changes):  # what is rebound here may be handed on by a star import
            for name in list(self.arrived):
                if name in self.facts.ran:
                    self._effects.hold_owners(name, self._plan.reruns)
                elif name in known and name in self.facts.candidates and name in program.records:
                    if reason := self.facts.reason(name, later=True) or self._reasons.of_attributes(name):
                        raise Again(name, reason, known - program.records.keys() - self._plan.gone)
                    self.steps.rebind(name, self._under_way.early(name))

    def _imported(self) -> None:
        """What the running module uses may be made from what it has just imported."""
        if (running := self._runner.running()) in self._under_way.running:
            self.steps.make_used_ready(running, self._program.graph.used_by(running))
