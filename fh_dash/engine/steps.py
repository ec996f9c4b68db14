"""What is done to one module in the course of an attempt: run again, left with new names, unloaded."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from types import CodeType

from fh_dash import events
from fh_dash.engine.asked import Answers
from fh_dash.engine.caches import Caches
from fh_dash.engine.changes import changed_names
from fh_dash.engine.course import same_way
from fh_dash.engine.deltas import Segment, nodes_of
from fh_dash.engine.effects import Effects
from fh_dash.engine.facts import Facts
from fh_dash.engine.graph import Graph
from fh_dash.engine.importer import ProjectFinder
from fh_dash.engine.journal import Journal, restore_mapping
from fh_dash.engine.lazies import Lazies
from fh_dash.engine.lineage import arrange
from fh_dash.engine.lines import Moved
from fh_dash.engine.match import match_definitions
from fh_dash.engine.names import Node
from fh_dash.engine.namespace_packages import forget_inside
from fh_dash.engine.namespaces import (
    drop_gone,
    forget,
    given_by_stars,
    is_submodule,
    prepare,
    relocate,
    show_submodules,
)
from fh_dash.engine.places import order_globals
from fh_dash.engine.plan import Plan
from fh_dash.engine.program import Program
from fh_dash.engine.rebind import MANY, rebind
from fh_dash.engine.record import Record
from fh_dash.engine.retry import Again
from fh_dash.engine.runner import Runner
from fh_dash.engine.sources import Source
from fh_dash.engine.successors import Successors, classes, derived_classes, families
from fh_dash.engine.underway import UnderWay


class Steps:
    """The steps of one attempt, and what they came to; the journal can take them back."""

    def __init__(self, program: Program, runner: Runner, finder: ProjectFinder, plan: Plan, graph: Graph) -> None:
        self._program, self._runner, self._finder, self._plan = program, runner, finder, plan
        self.reports: list[events.ModuleReport] = []
        self.moved: list[Moved] = []
        self.reran: list[tuple[CodeType, CodeType]] = []
        """The code of modules that ran again, before and now."""
        self.journal = Journal()
        self.caches = Caches(program.records, self.journal)
        self.lazies = Lazies(program, graph, self.journal)
        self.facts = Facts(plan, graph, program)
        self.effects = Effects(program, self.journal, self.facts, runner)
        self.successors = Successors(self.journal, program.is_project_module)
        self.under_way = UnderWay(program, runner, self.facts.last)
        self.arrived: dict[str, None] = {}
        """Modules that a cold start has come to by now, in that order."""
        self.reordered = False
        """Subclasses may be known to their bases in another order than after a cold start."""

    def clear_caches(self, name: str, used: AbstractSet[Node]) -> None:
        """Of what a module uses that is running or about to run, not of more: a bad save should cost no cache.

        What registries do not hold at this moment of a cold start, cached answers must not know of.
        """
        cached, looks = self.caches.among(used), bool(self._program.graph.looked_into(name))
        if looks:  # it may call what it finds in a table
            cached |= self.caches.filled()
        if not cached and not (self.lazies if looks else self.lazies.among(used)):
            return
        self.caches.note_used(cached)
        made_from, filled = self.facts.contents.made_from, self._program.graph.fills(name)
        touched = self.facts.touched() | made_from(self.effects.away()) | (made_from(filled) - filled)
        self.caches.clear(cached & touched, self.facts.ran, asked=self._asked(name))
        self.lazies.drop(touched)

    def _asked(self, name: str) -> Iterator[Answers]:
        """What modules have asked caches for at this moment of a cold start, in which that one runs."""
        walked, records = self.under_way.walked, self._program.records
        yield from self._runner.asked()
        for other in self.arrived.keys() & records.keys() - self.under_way.running.keys() - {name}:
            if (found := records[other].asked) and other in walked:
                yield {cache: {a: u for a, u in asked.items() if u <= walked[other]} for cache, asked in found.items()}
            elif found:
                yield found

    def make_used_ready(self, name: str, used: set[Node]) -> None:
        """What a module uses that runs, or is about to, is to be as a cold start has it at this moment."""
        others = self.under_way.walked or self.under_way.running.keys() - {name}
        looked = self._program.graph.looked_into(name) if others else ()
        self.under_way.show_half_made(name, used | self.facts.contents.behind(looked) if looked else used)
        self.clear_caches(name, used)
        if self.reordered and self._program.graph.asks_subclasses(name, used):
            self._arrange()

    def rerun(self, name: str, record: Record, reason: str) -> None:
        """Execute its code, old or new, once more; what importers handle is raised, and taken back."""
        starts, source = self._program.starts, self._plan.sources.get(name, record.source)
        start = starts.get(name, 0)
        self.effects.take_back_since(name)
        derived, by_name = self.derived(record), self._program.graph.dynamic.get(name, ())
        family = families(record, self._program.is_project_module)
        before = self._make_ready(name, record, source)
        self._execute(name, record, source, before)
        starts[name] = start  # where a cold start begins it, be it that its imports were walked before
        self._learn(name, record, before, derived, family)
        now = self._program.records[name].asked
        self._drop_asked({key: asked for key, asked in record.asked.items() if asked.keys() - now.get(key, {}).keys()})
        self._keep_held(name, by_name)
        self._keep_asked(name, record, by_name)
        self.report(name, "re-run", reason, milliseconds=self._program.records[name].milliseconds)

    def _make_ready(self, name: str, record: Record, source: Source) -> dict[str, object]:
        """Bring a module, and what it uses, to the state in which a cold start has it; its globals before that."""
        graph, namespace = self._program.graph, vars(record.module)
        self.journal.save_mapping(namespace)
        before = dict(namespace)
        if sys.modules.get(name) is not record.module:
            self.facts.replaced.add(name)
            sys.modules[name] = record.module
        relocate(record.module, source, self.journal)
        used = graph.used_by(name)
        clear = source.analysis.looks_around or graph.looks_at_users(used) or self._looks_into_own_doing(name)
        prepare(name, namespace, source.analysis, self.under_way.provided(name, source.analysis), clear=clear)
        self.facts.ran.add(name)
        self.effects.hold_owners(name, self._plan.reruns)
        graph.forget_dynamic(name)
        for _, key in (node for node in used if node[0] == name):
            if not is_submodule(name, key, namespace.get(key)):
                namespace.pop(key, None)  # others use it, in a circle
        self.make_used_ready(name, used)
        return before

    def _looks_into_own_doing(self, name: str) -> bool:
        """Whether the import of a module may look into, or call, what it has put somewhere before."""
        looked = self._program.graph.looked_into(name)
        return bool(looked) and not looked.isdisjoint(self._program.graph.fills(name))

    def _execute(self, name: str, record: Record, source: Source, before: dict[str, object]) -> None:
        namespace = vars(record.module)
        previous = match_definitions(record.source.analysis, source.analysis, record.made)
        self.under_way.running[name] = before
        try:
            self._finder.run(record.module, source, self.journal, previous)
        except Exception:
            restore_mapping(namespace, before)
            raise
        finally:
            del self.under_way.running[name]
        hidden = self.under_way.hidden(name)
        drop_gone(name, namespace, before, source.analysis, hidden)
        show_submodules(name, namespace, before)
        given = given_by_stars(source.analysis, hidden, self._program.is_project_module)
        order_globals(namespace, source.analysis, given)

    def _learn(
        self,
        name: str,
        record: Record,
        before: dict[str, object],
        derived: Sequence[tuple[str, int]],
        family: Sequence[tuple[str, int]],
    ) -> None:
        """What it came to, for those that come after it."""
        facts, new, is_project = self.facts, self._program.records[name], self._program.is_project_module
        namespace = vars(new.module)
        self.successors.note(record, new)
        self.reran.append((record.source.code, new.source.code))
        facts.note_run(name, record.segments, new.segments)
        self.check_order(name, new.segments)
        facts.contents.note_subclasses(name, derived, self.derived(new))
        others = family and [*map(id, classes(record))] != [*map(id, classes(new))]
        if others or family != families(new, is_project) or not same_way(record, new):
            self.reordered = True
        if facts.keep_equal(name, before, namespace, changed_names(record.source.analysis, new.source.analysis)):
            self._runner.tell_outer(name)
        facts.compare(name, before, namespace, by_call=new.by_call, renewed=new.renewed)

    def check_order(self, name: str, new: Sequence[Segment]) -> None:
        """What it puts into an object of a module in the middle of its import comes before what that puts there later.

        Nobody knows which entries are those, if it is the first to put something there from within a circle.
        """
        for module, key in nodes_of(new) if self.under_way.walked else ():
            known = self._program.graph.aliased(nodes_of(self._program.segments(module)))
            if (module, key) not in known and self.under_way.changes_later(module, key):
                raise Again(module, f"puts something into {key} after {name}")

    def _drop_asked(self, asked: Answers) -> None:
        """A module asks caches for these no more."""
        if asked:
            filled = self.facts.contents.made_from(nodes_of(self._program.effects()))
            self.caches.drop_early(asked, filled, self._program.asked())

    def _keep_held(self, name: str, targets: Sequence[str]) -> None:
        """Modules that it found in `sys.modules`, and holds: after a cold start it imports them."""
        namespace = vars(self._program.records[name].module) if targets else {}
        values = [value for key, value in list(namespace.items()) if not is_submodule(name, key, value)]
        values += [part for value in values if type(value) in (list, tuple) for part in value]
        values += [part for value in values if type(value) is dict for part in value.values()]
        held = set(map(id, values))
        for target in targets:
            if target in self._program.records and id(self._program.records[target].module) in held:
                self._program.graph.add_dynamic(name, target)

    def _keep_asked(self, name: str, former: Record, targets: Sequence[str]) -> None:
        """Modules that a cached function imported when it was computed; it was asked again, and had only to answer."""
        asked = self._program.records[name].asked
        if any(former.asked.get(cache, {}).keys() & found.keys() for cache, found in asked.items()):
            for target in targets:
                if target in self._program.records:
                    self._program.graph.add_dynamic(name, target)

    def made(self, known: AbstractSet[str]) -> list[type]:
        """The classes of the modules that ran, or that were loaded, being not among the known ones."""
        records = self._program.records.items()
        return [cls for name, r in records if name in self.facts.ran or name not in known for cls in classes(r)]

    def arrange_subclasses(self) -> None:
        """At the end; modules that ask for them find them so before."""
        self.reordered = False
        self._arrange()

    def _arrange(self) -> None:
        starts, records = self._program.starts, dict(self._program.records)
        for name, trace in self._runner.traces().items():
            if name in records:  # it runs, and has imported what it has by now
                records[name] = replace(records[name], trace=tuple(trace))
        late = sorted(records, key=lambda name: starts.get(name, 0))
        arrange(records, [self._program.entry, *late])

    def leave(self, name: str, record: Record) -> None:
        """It need not run."""
        self.effects.set_clock(self._program.ends, name)
        if (source := self._plan.sources.get(name)) is not None:
            self._refresh(name, record, source)
        if function := self.caches.contradicted(record.asked):
            raise Again(name, f"asks {function}, which others have asked before it")
        self.caches.put_back([record.asked])
        if name in self.facts.candidates:
            self.rebind(name)

    def _refresh(self, name: str, record: Record, source: Source) -> None:
        """Only comments or layout differ: the code is the same, on other lines."""
        self.moved.append(Moved(record.source.code, source.code, record.made))
        self._program.records[name] = replace(record, source=source)
        self.report(name, "refreshed", "only comments or layout changed")

    def rebind(self, name: str, early: AbstractSet[Node] = frozenset(), above: int = MANY) -> None:
        """Set anew what it holds from others, but for what it got earlier than that changed; see `rebind.rebind`."""
        facts, hidden = self.facts, self.under_way.hidden(name)
        facts.settle_attributes()
        if names := rebind(self._program.records[name], facts, hidden, self.journal, early, above):
            self._program.changes += 1
            self.report(name, "rebound", names=tuple(sorted(set(names))))

    def unload(self, name: str, reason: str) -> None:
        """Forget it, and take back what it had put elsewhere."""
        program, journal = self._program, self.journal
        self.effects.hold_owners(name, self._plan.reruns.keys() | self._plan.gone)
        record = program.records[name]
        done, derived = program.segments(name), self.derived(record)
        self.effects.take_back_of(name)
        self.report(name, "unloaded", reason)
        self.successors.drop(record)
        source = self._plan.sources.get(name, record.source)
        program.note_unloaded(name, source, stays=name not in self._plan.gone)
        forget_inside(program, name, journal)
        forget(name, journal)
        del program.records[name]
        if name in program.graph.analyses:
            program.graph.update({name: None})
        self._drop_asked(record.asked)
        self.facts.note_gone(name, done, record.module)
        self.facts.contents.note_subclasses(name, derived, (), program.starts.get(name, 0))

    def derived(self, record: Record) -> list[tuple[str, int]]:
        """See `successors.derived_classes`."""
        return derived_classes(record, self._program.is_project_module)

    def report(
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
