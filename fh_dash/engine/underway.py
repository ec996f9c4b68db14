"""Import circles: the modules that are in the middle of their import at a moment of a start gone through again."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Set
from typing import Any

from fh_dash.engine.analysis import STAR, Analysis, Import
from fh_dash.engine.circles import Arrival, given_twice, not_yet, rebound
from fh_dash.engine.deltas import Segment
from fh_dash.engine.journal import MISSING
from fh_dash.engine.last_start import LastStart
from fh_dash.engine.names import Node
from fh_dash.engine.namespaces import Hidden, is_submodule, left_over, public_names
from fh_dash.engine.program import Program
from fh_dash.engine.record import Record, value_of
from fh_dash.engine.retry import Again
from fh_dash.engine.runner import Runner
from fh_dash.engine.values import same_value


class UnderWay:
    """Who is being imported now, and what such a module has to others, who come to it in a circle."""

    def __init__(self, program: Program, runner: Runner, last: LastStart) -> None:
        self._program, self._runner, self._last = program, runner, last
        self.running: dict[str, dict[str, object]] = {}
        """Modules that run again -> their globals before that."""
        self.walked: dict[str, int] = {}
        """Modules that a cold start would be importing now, but need not run, with the statement that they stand at."""
        self._early: dict[str, set[Node]] = {}
        """Module -> what it imported in a circle of others that were going to bind it again."""
        self._hidden: dict[str, dict[str, frozenset[str]]] = {}
        """Module -> what other modules, which it imports in a circle, did not have yet when its import began."""

    def begin(self, name: str) -> None:
        """The import of a module begins."""
        analysis, there = self._program.graph.analyses[name], self.walked.keys() | self.running.keys()
        if analysis.stars and there:
            self._hidden[name] = {star.module: self.not_yet(star.module) for star in analysis.stars}
        if met := analysis.takes_from & there:
            self._early[name] = {(module, key) for module in met for key in self._taken_early(name, module)}

    def early(self, name: str) -> Set[Node]:
        """What it has from a circle, though that has come to another value since."""
        return self._early.get(name, frozenset())

    def hidden(self, name: str) -> Hidden:
        """What star imports did not give to a module, since it came to them in a circle."""
        return self._hidden.get(name, {})

    def not_yet(self, name: str) -> frozenset[str]:
        """Names that a module does not have at this moment of a cold start; nothing unless its import is going on."""
        if name in self.running:
            return not_yet(self._program.graph, name, self._runner.unit_of(name)) | self._no_more(name)
        return not_yet(self._program.graph, name, self.walked[name]) if name in self.walked else frozenset()

    def _no_more(self, name: str) -> set[str]:
        """Names that a module which runs again had last time, and is not going to have."""
        analysis, namespace = self._program.graph.analyses[name], vars(self._program.records[name].module)
        return left_over(name, namespace, self.running[name], analysis, self.provided(name, analysis))

    def missing(self, name: str) -> str:
        """What a module got from another one that a cold start, having come to it another way, has not made yet."""
        analysis = self._program.graph.analyses[name]
        if analysis.takes_from.isdisjoint(self.walked) and analysis.takes_from.isdisjoint(self.running):
            return ""
        binds = analysis.binds | analysis.declared
        for imported in analysis.imports:
            if imported.deferred or not imported.local or imported.name is None:
                continue
            if self._stands_as_before(imported.module, name):
                continue
            early = min(self._taken_early(name, imported.module), default="")
            if early and self._has_another(name, imported, early):
                return f"imports {early} from {imported.module} before its import has ended"
            if not (hidden := self.not_yet(imported.module)):
                continue
            trace = self._program.records[name].trace
            if not any(isinstance(step, Arrival) and step.module == imported.module for step in trace):
                continue  # in a branch that was not taken
            given = self.running.get(imported.module) or vars(sys.modules[imported.module])
            held, star = vars(sys.modules[name]), imported.name == STAR
            others = [self._provided_by(other) for other in analysis.stars if star and other is not imported]
            names = {key: key for key in hidden - binds.union(*others)} if star else {imported.name: imported.local}
            for key, local in names.items():
                value = given.get(key, MISSING)
                had = value is held.get(local) or analysis.is_bound_again(local)
                if key in hidden and had and not is_submodule(imported.module, key, value):
                    return f"imports {key} from {imported.module}, which does not have it yet"
        return ""

    def _stands_as_before(self, module: str, name: str) -> bool:
        """Whether a module that is walked over stood at the same statement when the last start came to another one."""
        return module in self.walked and self._last.stood_at(module, name) == self.walked[module]

    def check_set(self, segment: Segment) -> None:
        """Others set a name of a module that is going to bind it itself, which it had done before in the last start."""
        for module, key in (delta.tracked.node for delta in segment.deltas if delta.tracked.only is not None):
            if module in self.walked and self._last.end(module) < segment.number:
                analysis = self._program.graph.analyses[module]
                if key in analysis.binds | analysis.declared:
                    raise Again(module, f"binds {key} after others have set it")

    def is_imported_anew(self, record: Record, step: Arrival) -> bool:
        """Whether a cold start imports here what was in the middle of its import last time, and then failed.

        Unless somebody is on his way here who handles that, or the module that imports it itself does.
        """
        records = (self._program.records.get(name) for name in self.walked)
        handled = any(found and step.module in found.failed for found in records)
        return not handled and not record.source.analysis.may_handle(step.unit)

    def may_go_better(self, name: str, failed: Analysis) -> bool:
        """Whether the import of a module that failed met others in the middle of theirs, which are elsewhere now."""
        imported = {i.module for i in failed.imports if not i.deferred} | failed.named
        for module in imported & self._program.records.keys() - {name}:
            if self._last.was_under_way(module, name) != (module in self.walked or module in self.running):
                return True
        return False

    def used_before(self, name: str) -> str:
        """What a module used of another one that had been imported by then, and now is in the middle of that."""
        graph = self._program.graph
        there = [m for m in (*self.walked, *self.running) if m != name and not self._last.was_under_way(m, name)]
        if there and not {*there}.isdisjoint(graph.imports_of(name, deferred=False)):
            later = {module: self.not_yet(module) | self._rebound(module) for module in there}
            late = {n for n in graph.used_by(name) if n[1] in later.get(n[0], ()) and not self._is_submodule(*n)}
            for reached in graph.reached(name) if late else ():
                if met := late & (graph.made_of([reached.node]) if reached.behaves else {reached.node}):
                    module, key = min(met)
                    return f"uses {key} of {module}, which is bound later, line {reached.use.line}"
            for module, key in graph.looked_into(name):
                if module in there and self.changes_later(module, key):
                    return f"looks into {key} of {module}, which puts more there"
        return ""

    def check_moment(self, name: str, nodes: Iterable[Node]) -> None:
        """A module comes to put something somewhere: others on the way to it look there, be it before that."""
        looked = {module: self._program.graph.looked_into(module) for module in self.walked}
        for module in [module for module in looked if not looked[module].isdisjoint(nodes)]:
            if not self._stands_as_before(module, name):
                raise Again(module, f"looks into what {name} fills, which comes at another moment")

    def changes_later(self, module: str, key: str) -> bool:
        """Whether a module that is walked over puts something into what it has made before, or takes it out."""
        units = self._program.graph.analyses[module].units[self.walked[module] + 1 :] if module in self.walked else ()
        return any(key in unit.mutates for unit in units)

    def optional(self, name: str, values: Mapping[Node, tuple[Any, Any]]) -> str:
        """What a module could not import in a circle, and handled that, but could after a cold start.

        `values` as in `Facts`: what has another value now it may hold the old one of.
        """
        records, analysis = self._program.records, self._program.graph.analyses[name]
        held = vars(records[name].module)
        for imported in analysis.imports:
            key, local = imported.name, imported.local
            if not imported.guarded or imported.deferred or imported.module not in records or key in (None, STAR):
                continue
            if imported.module == name:
                continue  # of itself it has at each start what stands above
            units = [unit for unit in analysis.by_name[local] if local in unit.binds]
            if not all(unit.conditional for unit in units) or sum(unit.kind == "import" for unit in units) > 1:
                continue
            arrivals = [s for s in records[name].trace if isinstance(s, Arrival) and s.module == imported.module]
            if not any(analysis.units[step.unit] in units and not step.failed for step in arrivals):
                continue  # in a branch that was not taken, or that module as such failed
            now = vars(records[imported.module].module).get(key, MISSING)
            value, _ = values.get((imported.module, key), (now, now))
            if value is MISSING or same_value(held.get(local, MISSING), value) or self._is_set_by_others((name, local)):
                continue
            if self._stands_as_before(imported.module, name) or not self._makes(imported.module, key, value):
                continue  # in the latter case somebody else has set it there, and that may have been later
            if key not in self.not_yet(imported.module):
                return f"could not import {key} from {imported.module} before, line {imported.line}"
        return ""

    def outlived(self, name: str) -> str:
        """What a module got in a circle of one that bound it again later, and gets from no circle any more."""
        held, analysis = vars(self._program.records[name].module), self._program.graph.analyses[name]
        for imported in analysis.imports:
            module, key = imported.module, imported.name or STAR
            if imported.deferred or imported.guarded or key == STAR or module not in self._program.records:
                continue
            again = len(analysis.by_name.get(imported.local, ())) > 1
            if again or module in self.walked or module in self.running:
                continue
            if any(imported.local in self._program.graph.exports(star.module) for star in analysis.stars):
                continue
            given = vars(self._program.records[module].module).get(key, MISSING)
            had = held.get(imported.local, MISSING)
            twice = self._is_bound_twice(module, key) or self._was_inside(module, key, name)
            there = given is not MISSING and had is not MISSING
            others = self._is_set_by_others((module, key)) or self._is_set_by_others((name, imported.local))
            if twice and there and not others and not same_value(had, given):
                return f"imports {key} from {module}, which has another one in the end"
        return self._used_in_between(name)

    def _is_bound_twice(self, module: str, key: str) -> bool:
        makers = self._program.graph.analyses[module].by_name.get(key, ())
        return sum(key in unit.binds for unit in makers) > 1

    def _was_inside(self, module: str, key: str, name: str) -> bool:
        """Whether a module met another one in the middle of its import, and no function binds that name there."""
        return self._last.was_under_way(module, name) and key not in self._program.graph.analyses[module].declared

    def _used_in_between(self, name: str) -> str:
        """What a module used of one in the middle of its import, which has come to its end by then now."""
        graph = self._program.graph
        for reached in graph.reached(name):
            module, key = reached.node
            ended = module in graph.analyses and module not in self.walked and module not in self.running
            if ended and self._last.was_under_way(module, name) and self._is_bound_twice(module, key):
                return f"uses {key} of {module}, which has another one in the end, line {reached.use.line}"
        return ""

    def _makes(self, module: str, key: str, value: object) -> bool:
        analysis = self._program.graph.analyses[module]
        if self._is_set_by_others((module, key)):
            return False
        own = key in analysis.binds | analysis.declared or key in self._program.graph.exports(module)
        return own or is_submodule(module, key, value)

    def _is_set_by_others(self, node: Node) -> bool:
        deltas = (delta for segment in self._program.effects() for delta in segment.deltas)
        return any(delta.tracked.only is not None and delta.tracked.node == node for delta in deltas)

    def _provided_by(self, star: Import) -> set[str]:
        return self._program.graph.exports(star.module) - self.not_yet(star.module)

    def provided(self, name: str, analysis: Analysis) -> set[str]:
        """What the star imports of a module will bind: of project modules by their source, since they may run first."""
        graph, names = self._program.graph, set[str]()
        for star in analysis.stars:
            known = graph.analyses.get(star.module)
            early = "__all__" in self.hidden(name).get(star.module, ())
            chosen = known is None or known.dynamic or ("__all__" in known.binds and not early)
            record = self._program.records.get(star.module)
            if not chosen or star.module not in sys.modules:
                given = graph.exports(star.module)
            elif record is not None and record.source.analysis is not known:
                given = set()  # it will run before, and nobody knows what it is going to offer
            else:
                given = set(public_names(vars(sys.modules[star.module])))
            names |= given - self.hidden(name).get(star.module, frozenset())
        return names

    def show_half_made(self, name: str, used: set[Node]) -> None:
        """A module that is about to run uses others in the middle of their import: they are to be as at that moment."""
        for module in self.walked:
            if keys := self._taken_early(name, module):
                raise Again(module, f"{name} imports {min(keys)} from it before its import has ended")
        for module, key in self._program.graph.looked_into(name) if self.walked else ():
            if self.changes_later(module, key):
                raise Again(module, f"{name} looks into {key} of it, and it puts more there")
        for module, key in used:
            if module == name or self._is_submodule(module, key):
                continue
            if module in self.walked and key in rebound(self._program.graph, module, self.walked[module]):
                raise Again(module, f"{name} uses {key} of it before its import has ended")
            if module in self.running and key in self.not_yet(module):
                namespace = vars(self._program.records[module].module)
                if namespace.get(key, MISSING) is self.running[module].get(key):
                    namespace.pop(key, None)

    def _has_another(self, name: str, imported: Import, key: str) -> bool:
        """Whether it holds something else than a cold start gives it of a module whose import is going on.

        What a module had in the middle of its import that need not run again, nobody knows.
        """
        if imported.module in self.walked:
            return True
        given = vars(self._program.records[imported.module].module).get(key, MISSING)
        held = vars(self._program.records[name].module).get(key if imported.name == STAR else imported.local, MISSING)
        return not same_value(held, given)

    def _taken_early(self, name: str, module: str) -> set[str]:
        """Names that a module imports of one in the middle of its import, which is going to bind them a second time."""
        if module not in self.walked and module not in self.running:
            return set()
        graph = self._program.graph
        found = {i.name or "" for i in graph.analyses[name].imports if i.module == module and not i.deferred} - {""}
        if not found:
            return set()
        own = (unit for unit in graph.analyses[module].units if unit.kind != "import")
        names = {key for unit in own for key in unit.binds | unit.declares} | given_twice(graph, module)
        twice = (self._rebound(module) & names) - self.not_yet(module)
        return twice & (found | (graph.exports(module) if STAR in found else set()))

    def _is_submodule(self, module: str, key: str) -> bool:
        """Whether it is a name that the import system gives a package, be it that the package binds it as well."""
        return is_submodule(module, key, value_of(self._program.records, (module, key)))

    def _rebound(self, module: str) -> set[str]:
        """Names that a module in the middle of its import binds from that moment on."""
        stands = self.walked[module] if module in self.walked else self._runner.unit_of(module)
        return rebound(self._program.graph, module, stands)
