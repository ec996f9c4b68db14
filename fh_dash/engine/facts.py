"""What is known to have changed so far in a reload, and whether it concerns a module.

values     (module, name) -> (old, new), for each global that got another value
behaviour  names that behave differently: their definition, or one that it is made from, changed
contents   names of containers of which entries, put there by other modules, behave differently
structure  of these, the ones that hold other entries than before
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from fh_dash.engine.analysis import STAR, Import
from fh_dash.engine.deltas import Segment, places_of
from fh_dash.engine.graph import ENVIRONMENT, Graph, Node, Reached
from fh_dash.engine.journal import MISSING
from fh_dash.engine.namespaces import SYSTEM_NAMES, same_value
from fh_dash.engine.plan import Plan
from fh_dash.engine.program import Record
from fh_dash.engine.uses import CALLERS, READERS


class Facts:
    """Grows while a plan is carried out; `reason` asks it about one module."""

    def __init__(self, plan: Plan, graph: Graph, former: Graph, records: Mapping[str, Record]) -> None:
        self._plan, self._graph, self._former, self._records = plan, graph, former, records
        self.values: dict[Node, tuple[Any, Any]] = {}
        self.behaviour: set[Node] = graph.spread(plan.behaviour) if plan.behaviour else set()
        self.contents: set[Node] = set()
        self.structure: set[Node] = set()
        self.existence: set[Node] = set()
        self.ran: set[str] = set()
        self.gone: set[str] = set(plan.gone)
        self.candidates: set[str] = set()
        """Modules that some fact may concern; the others need not be asked about."""
        self._spread_from: set[str] = set()
        self.concern(self.behaviour, {*plan.sources, *plan.reruns, *plan.gone})

    # ------------------------------------------------------------------------------------------ learning

    def concern(self, facts: Iterable[Node], modules: Iterable[str] = ()) -> None:
        for module in {*modules, *(module for module, _ in facts)}:
            if module not in self._spread_from:
                self._spread_from.add(module)
                self.candidates |= {module, *self._graph.importers(module)}

    def compare(self, name: str, before: Mapping[str, Any], after: dict[str, Any], *, partial: bool = False) -> None:
        """Learn from the globals of a module that ran; with `partial`, of one that is running still.

        An equal value is exchanged for the old object, so that identity goes on to tell who holds what.
        """
        found: set[Node] = set()
        for key in [*before, *(key for key in after if key not in before)]:
            old, new = before.get(key, MISSING), after.get(key, MISSING)
            node = (name, key)
            if partial and (new is MISSING or old is new):
                continue
            if key in SYSTEM_NAMES or (old is new and not (callable(new) and node in self._plan.renamed)):
                continue
            if old is not new and same_value(old, new):
                after[key] = old
                continue
            self.values[node] = (self.values.get(node, (old, new))[0], new)
            found.add(node)
            if old is MISSING or new is MISSING:
                self.existence.add(node)
        self._spread(found)

    def _spread(self, found: set[Node]) -> None:
        new = found - self.behaviour
        if new:
            self.behaviour |= new | self._graph.spread(new)
            self.concern(self.behaviour)

    def note_run(self, name: str, old: Collection[Segment], new: Collection[Segment]) -> None:
        """A module ran (or was unloaded, with nothing new): what it had put elsewhere behaves differently."""
        self.ran.add(name)
        nodes = {d.tracked.node for segment in (*old, *new) for d in segment.deltas if d.tracked.node[0]}
        if nodes:
            changed = nodes if places_of(old) != places_of(new) else set()
            self.contents |= nodes
            self.structure |= changed
            derived = self._graph.spread(nodes, contents=True) | self._graph.spread(changed, contents=True, strict=True)
            self.behaviour |= derived - nodes
            self.concern(derived)
        self.concern((), [name])

    # ------------------------------------------------------------------------------------------- asking

    def reason(self, name: str) -> str:
        """Why a module must run again; empty when it need not."""
        if forced := self._plan.reruns.get(name):
            return forced
        if name not in self.candidates or name not in self._graph.analyses:
            return ""
        for target in self._graph.dynamic.get(name, ()):
            if target in self.ran or target in self.gone or any(node[0] == target for node in self.behaviour):
                return f"imports {target} dynamically"
        for imported in self._graph.analyses[name].imports:
            if reason := self._import_reason(imported):
                return reason
        for reached in self._reached(name):
            if self._concerns(name, reached):
                return _explain(reached)
        return ""

    def _reached(self, name: str) -> Iterable[Reached]:
        yield from self._graph.reached(name)
        if self._graph.analyses[name].stars() and name in self._former.analyses:
            # what a star import gave last time may come from elsewhere now, or not at all
            yield from self._former.reached(name)

    def _import_reason(self, imported: Import) -> str:
        if imported.deferred or imported.typing_only:
            return ""
        node = (imported.module, imported.name or STAR)
        by_function = (imported.module, "__getattr__") in self.behaviour and imported.name not in (None, STAR)
        if node in self.existence or (by_function and not self._has(*node)):
            return f"imports {imported.name} from {imported.module}, line {imported.line}"
        for gone in (imported.module, f"{imported.module}.{imported.name}"):
            if gone in self.gone:
                return f"imports {gone}, which is gone, line {imported.line}"
        return ""

    def _has(self, module: str, name: str) -> bool:
        record = self._records.get(module)
        return record is not None and name in vars(record.module)

    def _concerns(self, name: str, reached: Reached) -> bool:
        node, use = reached.node, reached.use
        if node == ENVIRONMENT:
            return node in self.structure and not use.mutates
        if node[1] == STAR:
            return node[0] in self.ran or any(n[0] == node[0] for n in self.behaviour)
        if node in self.values or (use.stored and node[0] in self.ran):
            return True
        if node in self.behaviour:
            if node[1] == "__getattr__":
                return not self._has(node[0], use.path[-1])
            if reached.behaves or (self._is_data(node) and not use.handed_on):
                return True
        return node in self.contents and (_looks_inside(reached) or self._dispatches(node))

    def _dispatches(self, node: Node) -> bool:
        """A `singledispatch` function is called as itself, and looks into its own registry."""
        record = self._records.get(node[0])
        return record is not None and hasattr(vars(record.module).get(node[1]), "dispatch")

    def _is_data(self, node: Node) -> bool:
        """No function: of a class or an instance, attributes are read without any call."""
        analysis = self._graph.analyses.get(node[0])
        units = analysis.by_name.get(node[1], ()) if analysis else ()
        return not all(unit.kind in ("def", "import") for unit in units)


def _explain(reached: Reached) -> str:
    (module, name), line = reached.node, reached.use.line
    if name == STAR:
        return f"uses {module} at import time, line {line}"
    return f"uses {name} of {module} at import time, line {line}"


def _looks_inside(reached: Reached) -> bool:
    """Whether a use reads what a container holds, instead of handing the container on or adding to it."""
    use = reached.use
    if use.via:
        return use.via[-1] in CALLERS
    return not use.called or (len(use.path) > 1 and use.path[-1] in READERS)
