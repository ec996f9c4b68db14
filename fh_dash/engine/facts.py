"""What is known to have changed so far in a reload, and whether it concerns a module.

values     (module, name) -> (old, new), for each global that got another value
behaviour  names that behave differently: their definition, or one that it is made from, changed
contents   what modules did to the containers of others (`contents`)
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Collection, Iterable, Mapping
from types import ModuleType
from typing import Any

from fh_dash.engine.analysis import STAR, Import
from fh_dash.engine.attributes import Attributes
from fh_dash.engine.contents import Contents, is_read
from fh_dash.engine.deltas import Segment
from fh_dash.engine.graph import Graph
from fh_dash.engine.holders import handing_on, holding
from fh_dash.engine.journal import MISSING
from fh_dash.engine.kinds import is_a
from fh_dash.engine.last_start import LastStart
from fh_dash.engine.names import Node
from fh_dash.engine.namespaces import SYSTEM_NAMES
from fh_dash.engine.plan import Plan
from fh_dash.engine.program import Program
from fh_dash.engine.reached import Reached
from fh_dash.engine.record import value_of
from fh_dash.engine.stars import Stars
from fh_dash.engine.tables import node_of
from fh_dash.engine.uses import IMPORTED
from fh_dash.engine.values import keep_equal_containers, same_value


class Facts:
    """Grows while a plan is carried out; `reason` asks it about one module."""

    def __init__(self, plan: Plan, graph: Graph, program: Program) -> None:
        former = program.graph
        self._plan, self._graph, self._former, self._records = plan, graph, former, program.records
        self.is_project_module = program.is_project_module
        self.values: dict[Node, tuple[Any, Any]] = {}
        gone = {(name, key) for name in plan.gone & former.analyses.keys() for key in former.analyses[name].binds}
        self.behaviour = self._affected(plan.behaviour | plan.answering) | former.spread(gone)
        self._answering = _answering(self.behaviour)
        self._renewed: set[Node] = set()
        """Classes that got other data, though they may be the same objects by the same code."""
        self._holding = holding(graph, plan.renamed)
        """Names of what a library made of a function that shows something else now: it may come out equal."""
        self.contents = Contents(graph, program, self.behaviour, self.concern)
        self.attributes = Attributes(program.records)
        self.last = LastStart(program)
        self.existence: set[Node] = set()
        self.ran: set[str] = set()
        self.stars = Stars(graph, former, program.records, self.values, self.existence, self.ran)
        self.gone: set[str] = set(plan.gone)
        self.replaced: set[str] = set()
        """Modules that ran, and in whose place in `sys.modules` is or was another object: nobody knows what it has."""
        self.candidates: set[str] = set()
        """Modules that some fact may concern; the others need not be asked about."""
        self._spread_from: set[str] = set()
        self.concern(self.behaviour, {*plan.sources, *plan.reruns, *plan.gone})
        self.contents.note_holders(self.behaviour)

    # ------------------------------------------------------------------------------------------ learning

    def concern(self, facts: Iterable[Node], modules: Iterable[str] = ()) -> None:
        for module in {*modules, *(module for module, _ in facts)}:
            if module not in self._spread_from:
                self._spread_from.add(module)
                self.candidates |= {module, *self._graph.importers(module)}

    def keep_equal(self, name: str, before: Mapping[str, Any], after: dict[str, Any], edited: Collection[str]) -> bool:
        """Containers that the same statements made equal again stay the objects that they were."""
        same = {key for key in before if key not in edited and (name, key) not in self.behaviour}
        return bool(keep_equal_containers({key: before[key] for key in same}, after))

    def compare(
        self,
        name: str,
        before: Mapping[str, Any],
        after: dict[str, Any],
        *,
        by_call: Collection[str] = (),
        renewed: Collection[str] = (),
        partial: bool = False,
    ) -> None:
        """Learn from the globals of a module that ran; with `partial`, of one that is running still.

        An equal value is exchanged for the old object, so that identity goes on to tell who holds what. Of classes that
        calls made (`by_call`) it does not tell whether they have the same contents; `renewed` are those that have not.
        """
        found = {(name, key) for key in renewed}
        self._renewed |= found
        others = {*self.attributes.of(name)}  # they were taken back: what they had been before, that knows
        if others and (analysis := self._graph.analyses.get(name)):
            others -= analysis.binds | analysis.declared
        for key in [*before, *(key for key in after if key not in before)]:
            old, new = before.get(key, MISSING), after.get(key, MISSING)
            node = (name, key)
            if key in others or (partial and (new is MISSING or old is new)):
                continue
            same = old is new or same_value(old, new)
            if same and not partial:
                self.values.pop(node, None)  # in the middle of its import it had another one
            if key in SYSTEM_NAMES or (old is new and not self._is_renewed(node, new, by_call)):
                continue
            if old is not new and same:
                after[key] = old
                continue
            self.values[node] = (self.values.get(node, (old, new))[0], new)
            found.add(node)
            if old is MISSING or new is MISSING:
                self.existence.add(node)
                if name in self._graph.analyses and key not in self._graph.analyses[name].binds:
                    self.note_offered(name, key)
        values = ((node, self.values[node]) for node in found if node in self.values)
        other = [node for node, (old, new) in values if old is not new and callable(old)]
        self._spread(found | handing_on(self._graph, other))

    def _is_renewed(self, node: Node, thing: Any, by_call: Collection[str]) -> bool:
        """Whether the same function or class shows something else to who only holds it."""
        if node in self._plan.renamed:
            return callable(thing)
        return node[1] in by_call or node in self._holding

    def _spread(self, found: set[Node]) -> None:
        new = found - self.behaviour
        if new:
            affected = self._affected(new) - self.behaviour
            self.behaviour |= affected
            self._answering |= _answering(affected)
            self.contents.note_holders(affected)
            self.concern(affected)

    def _affected(self, nodes: Collection[Node]) -> set[Node]:
        """Them and all that is made from them; with what used a name of their own that comes from elsewhere now."""
        edited = {node for node in nodes if node[0] in self._plan.sources}
        return self._graph.spread(nodes) | self._former.spread(edited)

    def note_run(self, name: str, old: Collection[Segment], new: Collection[Segment]) -> None:
        """A module ran: what it put elsewhere behaves differently, for those that come after it."""
        self.ran.add(name)
        if sys.modules.get(name) is not self._records[name].module:
            self.replaced.add(name)
        self._note_set(new)
        self.contents.note_run(old, new)
        self.concern((), [name])

    def note_load(self, new: Collection[Segment]) -> None:
        """A module was loaded for the first time, and put something elsewhere."""
        self._note_set(new)
        self.contents.note_run((), new)

    def note_gone(self, name: str, old: Collection[Segment], module: ModuleType) -> None:
        """A module was unloaded; its package has no attribute of that name any more."""
        package, _, attribute = name.rpartition(".")
        if (record := self._records.get(package)) and attribute not in vars(record.module):
            self.values[package, attribute] = module, MISSING
            self.concern([(package, attribute)])
        self.gone.add(name)
        self.ran.add(name)
        self.contents.note_gone(old)
        self.concern((), [name])

    def note_offered(self, name: str, key: str) -> None:
        """A star import gives a module another name than last time, or not that any more: what uses it is another."""
        self.existence.add((name, key))
        graphs = [graph for graph in (self._graph, self._former) if name in graph.analyses]
        uses = ((user, nodes) for graph in graphs for user, nodes in graph.dependencies(name).items())
        self._spread({(name, key), *((name, user) for user, nodes in uses if any(node[1] == key for node in nodes))})

    def _note_set(self, segments: Collection[Segment]) -> None:
        self.concern((), self.attributes.note_set(segments))

    def touched(self) -> set[Node]:
        """All names that behave differently, be it by what the containers hold that they look into."""
        return self.behaviour | self.contents.touched() | self._graph.spread(self.attributes.settled)

    def note_taken_back(self, segment: Segment) -> None:
        """What a segment set on modules is about to be taken back, and may come to another value."""
        self.concern((), self.attributes.note_taken_back(segment))

    @property
    def set_on_modules(self) -> Collection[Node]:
        """Attributes that others set on modules, and that have other values than last time."""
        return self.attributes.settled

    def settle_attributes(self) -> None:
        """Attributes that others set on modules are values as well, from the moment when they have come to another."""
        self.concern(self.attributes.settle(self.values))

    # ------------------------------------------------------------------------------------------- asking

    @property
    def sets_attributes(self) -> bool:
        """Whether attributes were set on modules, or taken back from them: any other one may have met these."""
        return bool(self.attributes)

    def reason(self, name: str, *, later: bool = False) -> str:
        """Why a module must run again; empty when it need not.

        With `later`, it was walked over before: what others have put into containers since, it could not have seen.
        """
        if forced := self._plan.reruns.get(name):
            return forced
        if name not in self.candidates or name not in self._graph.analyses:
            return ""
        for target in self._graph.dynamic.get(name, ()):
            if target in self.ran or target in self.gone or any(node[0] == target for node in self.behaviour):
                return f"imports {target} dynamically"
        if reason := self._imports_reason(name) or self._gone_reason(name):
            return reason
        moment = self.contents.seen_by(name, self.last.end(name), later)
        for reached in self.reached(name):
            if self._concerns(name, reached) or moment.concerns(reached):
                return reached.reason
        own = self._graph.reached_own(name) if moment.changes and self._graph.cyclic(name) else ()
        return next((reached.reason for reached in own if moment.concerns_own(reached)), "")

    def in_circle(self, name: str) -> bool:
        """Whether it is in an import circle, or was last time."""
        return self._graph.cyclic(name) or self._former.cyclic(name)

    def _imports_reason(self, name: str) -> str:
        analysis = self._graph.analyses[name]
        for imported in (imported for imported in analysis.imports if imported.module == name and imported.name):
            nodes = self._graph.resolve(name, (imported.name or "",))
            if any(node[0] != name and node in self.values for node in nodes):  # it has it of a certain moment
                return f"imports {imported.name} from itself, line {imported.line}"
        if analysis.stars or self.existence or self.gone or self._answering or self.replaced:
            # somebody has loaded these since: they were not there for this one
            unseen = self.gone & self._records[name].failed if name in self._records else frozenset()
            for imported in (imported for imported in analysis.imports if imported.module not in unseen):
                if reason := self._import_reason(imported) or self.stars.reason(name, imported):
                    return reason
        return ""

    def _gone_reason(self, name: str) -> str:
        """It called a function of its own that imports a module which is gone."""
        if self.gone and name in self._former.analyses:
            for reached in self._former.reached(name):
                if reached.node[0] in self.gone and reached.use.path[0] == IMPORTED:
                    return f"uses {reached.node[0]}, which is gone, line {reached.use.line}"
        return ""

    def reached(self, name: str) -> Iterable[Reached]:
        yield from self._graph.reached(name)
        if self._graph.analyses[name].stars and name in self._former.analyses:
            # what a star import gave last time may come from elsewhere now, or not at all
            yield from self._former.reached(name)

    def _import_reason(self, imported: Import) -> str:
        if imported.deferred or imported.typing_only:
            return ""
        if imported.module in self.replaced:
            return f"imports {imported.module}, which puts another object in its place, line {imported.line}"
        node = (imported.module, imported.name or STAR)
        by_function = imported.module in self._answering and imported.name not in (None, STAR)
        if node in self.existence or (by_function and not self._has(*node)):
            return f"imports {imported.name} from {imported.module}, line {imported.line}"
        for gone in (imported.module, f"{imported.module}.{imported.name}"):
            if gone in self.gone:
                return f"imports {gone}, which is gone, line {imported.line}"
        return ""

    def _has(self, module: str, name: str) -> bool:
        return value_of(self._records, (module, name), MISSING) is not MISSING

    def _concerns(self, name: str, reached: Reached) -> bool:
        node, use = reached.node, reached.use
        if node[1] == STAR:
            return node[0] in self.ran or any(n[0] == node[0] for n in self.behaviour)
        if node in self.attributes.settled:
            return use.stored and node[0] in self.ran  # the rest: see `Reasons.of_attributes`
        if node in self.values or (use.stored and node[0] in self.ran):
            return True
        if node in self.behaviour:
            if node[1] == "__getattr__":
                return not self._has(node[0], use.path[-1])
            if reached.shown and self._graph.origin(node) in self._plan.renamed:
                return True
            if reached.behaves or (is_read(self._graph, reached) and not use.handed_on):
                return True
            return use.handed_on and self._is_other_data(reached)
        return False

    def _is_other_data(self, reached: Reached) -> bool:
        """What is handed on is an attribute of a class, `Div(Config.TITLE)`, and no method."""
        cls, name = value_of(self._records, reached.node), reached.use.path[-1]
        if not is_a(cls, type) or node_of(cls) not in self._renewed or name == reached.use.path[0]:
            return False
        return not hasattr(type(inspect.getattr_static(cls, name, print)), "__get__")


def _answering(nodes: Iterable[Node]) -> set[str]:
    """Modules of which the `__getattr__` is among these."""
    return {module for module, name in nodes if name == "__getattr__"}
