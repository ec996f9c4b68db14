"""Carry a plan out, all or nothing.

Modules are looked at in the order of a cold start. One runs again when its file changed, or when its import-time code
used a name whose value has changed by then; otherwise the names that it imported are set anew. Facts grow on the way:

    values     (module, name) -> (old, new), for each global that got another value
    behaviour  names that behave differently: their definition, or one that it is made from, changed
    contents   names of containers that a module which ran again puts something into
"""

from __future__ import annotations

import builtins
import importlib
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from time import perf_counter
from types import ModuleType
from typing import Any

from fh_dash import events
from fh_dash.engine.analysis import STAR, Analysis, Import
from fh_dash.engine.caches import clear_dependent_caches
from fh_dash.engine.graph import Node, Reached
from fh_dash.engine.journal import MISSING, Journal
from fh_dash.engine.keep import registry
from fh_dash.engine.lines import Moved, refresh_lines
from fh_dash.engine.match import match_definitions
from fh_dash.engine.patch import detach
from fh_dash.engine.plan import Plan
from fh_dash.engine.program import Program, Record
from fh_dash.engine.routes import Route, difference
from fh_dash.engine.runner import Runner
from fh_dash.engine.sources import Source
from fh_dash.engine.uses import CALLERS, READERS

SYSTEM_NAMES = frozenset(
    "__name__ __doc__ __package__ __loader__ __spec__ __path__ __file__ __cached__ __builtins__ __debug__".split()
)
_FRESH = ("__annotations__", "__warningregistry__", "__conditional_annotations__")
"""Globals that accumulate over runs and must not."""


class Transaction:
    """One plan being carried out; `commit` or `rollback` ends it."""

    def __init__(self, program: Program, runner: Runner, plan: Plan, settled: Callable[[Plan], None]) -> None:
        self.plan = plan
        self._settled = settled
        self.error: BaseException | None = None
        self.reports: list[events.ModuleReport] = []
        self.caches: tuple[events.CacheChange, ...] = ()
        self._program, self._runner = program, runner
        self.milliseconds = 0.0
        self._open = True
        self._kept = registry.snapshot()
        self._begin()

    def _begin(self) -> None:
        self._journal = Journal()
        self.reports = []
        self._values: dict[Node, tuple[Any, Any]] = {}
        self._behaviour: set[Node] = set(self.plan.behaviour)
        self._contents: set[Node] = set()
        self._existence: set[Node] = set()
        self._ran: set[str] = set()
        self._candidates: set[str] = set()
        self._spread_from: set[str] = set()
        self._moved: list[Moved] = []

    # ----------------------------------------------------------------------------------------- outside

    def run(self) -> None:
        began = perf_counter()
        try:
            while (again := self._attempt()) is not None:
                self._journal.undo()
                registry.restore(self._kept)
                self._kept = registry.snapshot()
                self.plan = replace(self.plan, reruns={**self.plan.reruns, again.module: again.reason})
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
            self._journal.undo()
        registry.restore(self._kept)

    def commit(self) -> None:
        if not self._open:
            return
        self._open = False
        self.caches = (
            *registry.settle(self._kept, self._ran),
            *clear_dependent_caches(self._program.records, self._behaviour, self._ran),
        )
        refresh_lines(self._moved, list(self.plan.sources.values()))
        self._settled(self.plan)

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

    # ------------------------------------------------------------------------------------------- steps

    def _attempt(self) -> _Again | None:
        self._save_interpreter()
        try:
            self._carry_out()
        except _Again as again:
            return again
        return None

    def _save_interpreter(self) -> None:
        program, journal = self._program, self._journal
        journal.save_container(sys.path)
        journal.save_mapping(program.records)
        graph, loaded, loose = program.graph, set(program.records), set(program.loose)

        def back() -> None:
            program.graph, program.loose = graph, loose
            for name in set(program.records) - loaded:
                _forget(name, Journal())

        journal.add(back)

    def _carry_out(self) -> None:
        program, plan = self._program, self.plan
        if plan.load:
            self._load()
            return
        assert plan.graph is not None
        program.graph = plan.graph
        for name in sorted(plan.gone, reverse=True):
            self._unload(name, "its file is gone")
        self._concerned(self._behaviour, {*plan.sources, *plan.reruns})
        for name in program.graph.order(program.entry):
            if name in self._candidates and name in program.records:
                self._consider(name)
        self._unload_unreachable()

    def _load(self) -> None:
        for name in sorted(self.plan.gone, reverse=True):
            self._unload(name, "changed since it was loaded")
        importlib.invalidate_caches()
        known = set(self._program.records)
        importlib.import_module(self._program.entry)
        for name in self._program.records:
            if name not in known:
                self._report(name, "loaded")

    def _forget_entry(self) -> None:
        program = self._program
        if program.entry in program.records:
            program.effects.take_back(program.entry, Journal())
            _forget(program.entry, Journal())
            del program.records[program.entry]
            program.graph.update({program.entry: None})

    def _consider(self, name: str) -> None:
        record = self._program.records[name]
        if reason := self._reason(name):
            self._run_together(name)
            loaded = set(self._program.records)
            self._rerun(name, record, reason)
            for new in [n for n in self._program.records if n not in loaded]:
                self._report(new, "loaded", f"imported by {name}")
            return
        if (source := self.plan.sources.get(name)) is not None:
            self._refresh(name, record, source)
        self._rebind(name)

    # --------------------------------------------------------------------------------------- decisions

    def _reason(self, name: str) -> str:
        """Why a module must run again; empty when it need not."""
        if forced := self.plan.reruns.get(name):
            return forced
        program = self._program
        for target in program.graph.dynamic.get(name, ()):
            if target in self._ran or target in self.plan.gone or any(node[0] == target for node in self._behaviour):
                return f"imports {target} dynamically"
        for imported in program.graph.analyses[name].imports:
            if reason := self._import_reason(imported):
                return reason
        if not (self._values or self._behaviour or self._contents or self._ran):
            return ""
        for reached in program.graph.reached(name):
            if self._concerns(name, reached):
                return _explain(reached)
        return ""

    def _concerned(self, facts: Iterable[Node], modules: Iterable[str] = ()) -> None:
        """Modules that facts, or the run of other modules, may concern: those and all that import them."""
        for module in {*modules, *(module for module, _ in facts)}:
            if module not in self._spread_from:
                self._spread_from.add(module)
                self._candidates |= {module, *self._program.graph.importers(module)}

    def _run_together(self, name: str) -> None:
        """What cannot be taken out of another module's objects needs new objects: that other must run too."""
        for other in sorted(self._program.effects.run_with(name)):
            if other in self._program.records and other not in self._ran and other not in self.plan.reruns:
                raise _Again(other, f"holds start-up code or models of {name}")

    def _import_reason(self, imported: Import) -> str:
        if imported.deferred or imported.typing_only:
            return ""
        node = (imported.module, imported.name or STAR)
        by_function = (imported.module, "__getattr__") in self._behaviour and imported.name not in (None, STAR)
        if node in self._existence or (by_function and not self._has(*node)):
            return f"imports {imported.name} from {imported.module}, line {imported.line}"
        for gone in (imported.module, f"{imported.module}.{imported.name}"):
            if gone in self.plan.gone:
                return f"imports {gone}, which is gone, line {imported.line}"
        return ""

    def _has(self, module: str, name: str) -> bool:
        record = self._program.records.get(module)
        return record is not None and name in vars(record.module)

    def _concerns(self, name: str, reached: Reached) -> bool:
        node, use = reached.node, reached.use
        if node[1] == STAR:
            return node[0] in self._ran or any(n[0] == node[0] for n in self._behaviour)
        if node in self._values or (use.stored and node[0] in self._ran):
            return True
        if node[1] == "__getattr__" and node in self._behaviour:
            return not self._has(node[0], use.path[-1])
        if node in self._behaviour and self._program.graph.behaves(name, use):
            return True
        return node in self._contents and _looks_inside(reached)

    # ------------------------------------------------------------------------------------------ running

    def _rerun(self, name: str, record: Record, reason: str) -> None:
        program, journal = self._program, self._journal
        source = self.plan.sources.get(name, record.source)
        module, namespace = record.module, vars(record.module)
        journal.save_mapping(namespace)
        before = dict(namespace)
        _relocate(module, source)
        taken = program.effects.take_back(name, journal)
        for gone in _too_early(name, before, source.analysis):
            del namespace[gone]
        for fresh in _FRESH:
            namespace.pop(fresh, None)
        if not source.analysis.docstring:
            namespace["__doc__"] = None
        previous = match_definitions(record.source.analysis, source.analysis, record.made)
        self._runner.run(module, source, journal, previous)
        new = program.records[name]
        self._drop_gone(name, namespace, before, source.analysis)
        program.effects.place(name, taken, program.graph.order(program.entry))
        self._detach_dropped(record, new)
        self._ran.add(name)
        self._learn(name, before, namespace)
        self._report(name, "re-run", reason, milliseconds=new.milliseconds)

    def _drop_gone(self, name: str, namespace: dict[str, Any], before: dict[str, Any], analysis: Analysis) -> None:
        """Names of the last run that this one did not bind; not before it ran, since requests may be using them."""
        provided = self._star_names(analysis)
        for gone in list(_unbound(name, before, analysis)):
            left = namespace.get(gone, MISSING) is before[gone]
            if left and gone not in provided and not analysis.dynamic and gone not in analysis.declared:
                del namespace[gone]

    def _star_names(self, analysis: Analysis) -> set[str]:
        names: set[str] = set()
        for star in analysis.stars():
            module = sys.modules.get(star.module)
            if module is not None:
                names |= set(_public(module))
        return names

    def _detach_dropped(self, old: Record, new: Record) -> None:
        kept = {id(thing) for things in new.made.values() for thing in things}
        for things in old.made.values():
            for thing in things:
                if isinstance(thing, type) and id(thing) not in kept and not registry.is_pinned(thing):
                    self._journal.save_class(thing)
                    detach(thing, self._program.is_project_module)

    def _learn(self, name: str, before: dict[str, Any], after: dict[str, Any]) -> None:
        """Which globals of a module that just ran have other values now, and what follows from it."""
        found: set[Node] = set()
        for key in before.keys() | after.keys():
            old, new = before.get(key, MISSING), after.get(key, MISSING)
            if key in SYSTEM_NAMES or (_same(old, new) and (name, key) not in self.plan.renamed):
                continue
            if isinstance(new, ModuleType) and old is new:
                continue
            self._values[name, key] = (old, new)
            found.add((name, key))
            if old is MISSING or new is MISSING:
                self._existence.add((name, key))
        self._spread(name, found)

    def _spread(self, name: str, found: set[Node]) -> None:
        program, new = self._program, set(found)
        if found:
            new |= program.graph.spread(found)
            self._behaviour |= new
        if nodes := program.effects.nodes(name):
            derived = program.graph.spread(nodes, contents=True)
            new |= derived
            self._contents |= nodes
            self._behaviour |= derived - nodes
        self._concerned(new, [name])

    # --------------------------------------------------------------------------------- without running

    def _refresh(self, name: str, record: Record, source: Source) -> None:
        """Only comments or layout differ: the code is the same, on other lines."""
        self._moved.append(Moved(record.source.code, source.code, record.made))
        self._program.records[name] = Record(
            record.module, source, record.made, record.reads, record.runs, record.milliseconds
        )
        self._report(name, "refreshed", "only comments or layout changed")

    def _rebind(self, name: str) -> None:
        if not self._values:
            return
        record = self._program.records[name]
        namespace, names = vars(record.module), []
        for local, node in self._bindings(record.source.analysis, namespace):
            old, new = self._values[node]
            if namespace.get(local, MISSING) is not old or old is new:
                continue
            self._journal.save_mapping(namespace)
            if new is MISSING:
                del namespace[local]
            else:
                namespace[local] = new
            self._values[name, local] = (old, new)
            self._concerned([(name, local)])
            names.append(local)
        if names:
            self._report(name, "rebound", names=tuple(sorted(names)))

    def _bindings(self, analysis: Analysis, namespace: dict[str, Any]) -> Iterator[tuple[str, Node]]:
        """Local name -> changed node, for everything that an import statement bound at import time."""
        stars = {star.module for star in analysis.stars()}
        for imported in analysis.imports:
            node = (imported.module, imported.name or "")
            if not imported.deferred and node in self._values:
                yield imported.local, node
        for module, key in [node for node in self._values if node[0] in stars]:
            old, _ = self._values[module, key]
            offered = key in _public(sys.modules[module]) if module in sys.modules else False
            held = old is not MISSING and namespace.get(key, MISSING) is old and not key.startswith("_")
            if key not in analysis.binds and (offered or held):
                yield key, (module, key)

    # ---------------------------------------------------------------------------------------- unloading

    def _unload_unreachable(self) -> None:
        program = self._program
        alive = program.graph.reachable([program.entry, *program.loose])
        alive |= {name.rpartition(".")[0] for name in alive}
        for name in [name for name in program.records if name not in alive]:
            self._unload(name, "nothing imports it any more")

    def _unload(self, name: str, reason: str) -> None:
        program, journal = self._program, self._journal
        record = program.records[name]
        program.effects.take_back(name, journal)
        self._report(name, "unloaded", reason)
        for things in record.made.values():
            for thing in things:
                if isinstance(thing, type):
                    journal.save_class(thing)
                    detach(thing, program.is_project_module)
        _forget(name, journal)
        del program.records[name]
        if program.graph is not self.plan.graph or name in program.graph.analyses:
            program.graph.update({name: None})
        self._ran.add(name)

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


class _Again(Exception):
    """The plan must be carried out from the beginning, with one more module to run."""

    def __init__(self, module: str, reason: str) -> None:
        super().__init__(module)
        self.module, self.reason = module, reason


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


# ----------------------------------------------------------------------------------------------- namespaces

_PLAIN = (str, bytes, int, float, complex, bool, type(None), tuple, frozenset)


def _same(old: Any, new: Any) -> bool:
    """Whether two values cannot be told apart: the same object, or equal and immutable all through."""
    if old is new:
        return True
    if type(old) is not type(new) or type(old) not in _PLAIN:
        return False
    if isinstance(old, tuple):
        return len(old) == len(new) and all(map(_same, old, new))
    if isinstance(old, frozenset):
        return old == new and all(type(item) in (str, bytes, int) for item in old)
    return bool(old == new) and repr(old) == repr(new)


def _public(module: ModuleType) -> list[str]:
    """What `from module import *` binds."""
    offered = vars(module).get("__all__")
    return list(offered) if offered is not None else [name for name in vars(module) if not name.startswith("_")]


def _unbound(name: str, before: dict[str, Any], analysis: Analysis) -> Iterator[str]:
    """Globals of the last run that no statement of the new source is seen to bind."""
    for key, value in before.items():
        is_submodule = isinstance(value, ModuleType) and sys.modules.get(f"{name}.{key}") is value
        if key not in analysis.binds and key not in SYSTEM_NAMES and not is_submodule:
            yield key


def _too_early(name: str, before: dict[str, Any], analysis: Analysis) -> set[str]:
    """Globals that must be gone when the code begins, since a fresh interpreter would not find them there.

    Names that are used before they are bound, and, where names are bound in ways that cannot be seen, all others.
    """
    unbound = set(_unbound(name, before, analysis))
    early = set(unbound) if analysis.dynamic else unbound & analysis.declared
    bound: set[str] = set()
    entered: set[str] = set()
    stars = bool(analysis.stars())
    for unit in analysis.units:
        waiting = list(unit.now)
        while waiting:
            use = waiting.pop()
            key = use.path[0]
            if key in before and key not in bound and key not in SYSTEM_NAMES and not (stars and key in unbound):
                early.add(key)
            if use.called and key in bound and key not in entered:
                entered.add(key)
                waiting += [u for inner in analysis.by_name.get(key, ()) if inner.kind == "def" for u in inner.later]
        bound |= unit.binds
    return early & before.keys() - {
        n for n in before if hasattr(builtins, n) and n not in analysis.binds and n not in unbound
    }


def _relocate(module: ModuleType, source: Source) -> None:
    """A module that became a package, or a package that became a module, stays the same object."""
    if module.__file__ == str(source.path):
        return
    from importlib.util import find_spec

    saved = sys.modules.pop(module.__name__)
    try:
        spec = find_spec(module.__name__)
    finally:
        sys.modules[module.__name__] = saved
    if spec is None:
        return
    module.__spec__, module.__loader__, module.__file__ = spec, spec.loader, str(source.path)
    module.__package__ = spec.parent
    if spec.submodule_search_locations is not None:
        module.__path__ = spec.submodule_search_locations
    elif hasattr(module, "__path__"):
        del module.__path__


def _forget(name: str, journal: Journal) -> None:
    """Take a module out of `sys.modules` and out of its package."""
    module = sys.modules.pop(name, None)
    if module is None:
        return
    journal.add(lambda: sys.modules.__setitem__(name, module))
    package, _, last = name.rpartition(".")
    parent = sys.modules.get(package)
    if parent is not None and vars(parent).get(last) is module:
        delattr(parent, last)
        journal.add(lambda: setattr(parent, last, module))
