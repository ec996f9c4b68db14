"""From changed files to what has to be done. Reads and compiles, runs nothing of the project."""

from __future__ import annotations

import contextlib
import importlib
import os
import sys
import time
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from fh_dash import events
from fh_dash.engine import sources
from fh_dash.engine.changes import own_changes
from fh_dash.engine.graph import Graph
from fh_dash.engine.importer import ProjectFinder, ProjectLoader, in_project
from fh_dash.engine.names import Node
from fh_dash.engine.program import Program
from fh_dash.engine.reads import stamp
from fh_dash.engine.reports import report
from fh_dash.engine.scan import Scan
from fh_dash.engine.sources import Source
from fh_dash.engine.untried import note_untried


@dataclass(frozen=True, slots=True)
class Plan:
    """What one save asks for. Which dependents follow is decided while it is carried out, by the values they used."""

    changed: tuple[str, ...] = ()
    """The changed files, relative to the watched folder, for people."""
    empty: bool = False
    """Nothing to do for the engine."""
    error: events.ErrorReport | None = None
    """A file does not compile: nothing may be executed."""
    forced: bool = False
    load: bool = False
    """Import the entry from scratch: it is not there yet."""
    scan: float = 0.0
    plan: float = 0.0
    """Milliseconds."""
    sources: Mapping[str, Source] = field(default_factory=dict)
    """Module -> its new source, for those whose file has another content or place."""
    reruns: Mapping[str, str] = field(default_factory=dict)
    """Modules that must run again whatever the others do -> why."""
    gone: frozenset[str] = frozenset()
    """Modules whose file is not there any more."""
    unused: frozenset[str] = frozenset()
    """Modules that nothing imports any more, as far as that is known before."""
    caches: Mapping[Node, str] = field(default_factory=dict)
    """Names of `functools` caches that hold what was in a file -> that file, which has changed."""
    answering: frozenset[Node] = frozenset()
    """Of these, the ones of files that the app itself has not written: who asks them is to get another answer."""
    graph: Graph | None = None
    """With the new sources taken in."""
    behaviour: frozenset[Node] = frozenset()
    """Functions and classes of which the definition differs, and names that are imported from elsewhere."""
    renamed: frozenset[Node] = frozenset()
    """Names whose own definition differs in more than a function's body."""
    paths: frozenset[Path] = frozenset()
    """The absolute paths behind `changed`."""


class Planner:
    """Makes plans; keeps the paths of saves that failed until a later one succeeds."""

    def __init__(self, program: Program, finder: ProjectFinder) -> None:
        self._program, self._finder = program, finder
        self.pending: set[Path] = set()

    def load(self) -> Plan:
        """Import the entry for the first time."""
        return Plan(load=True, graph=self._program.graph)

    def make(self, changed: Collection[Path], *, force: bool = False) -> Plan:
        began = time.perf_counter()
        failed = bool(self.pending)
        if failed and not force and not self._may_heal(changed):
            return Plan(self._names(changed), empty=True)
        self.pending |= {Path(os.path.abspath(path)) for path in changed}
        scan = Scan(self._program, self._finder)
        try:
            scan.look(self.pending)
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            names = self._names(changed)
            return Plan(names, error=report(error, "syntax", self._program.is_project_path), scan=_since(began))
        scanned = time.perf_counter()
        if self._program.entry not in self._program.records:
            return self._load_again(scan, changed)
        plan = self._plan(scan, changed, force)
        if plan.empty:
            self.pending.clear()
            # what failed was taken back to what is running: that is good news, and has to be told
            plan = replace(plan, empty=not failed)
        return replace(plan, scan=(scanned - began) * 1000, plan=_since(scanned))

    def _load_again(self, scan: Scan, changed: Collection[Path]) -> Plan:
        """The entry failed before: import it again, and with it what has changed, and what imports that."""
        program = self._program
        gone: frozenset[str] = frozenset()
        # whoever has imported one that failed has met it in the middle of its import
        stale = self._with_importers({*scan.sources, *scan.reruns, *scan.gone, *program.broken})
        while gone != (gone := frozenset(name for name in stale if name in program.records)):
            stale |= self._with_importers(self._registered_after(gone))
        if not gone and not any(self._may_matter(path) for path in changed):
            return Plan(self._names(changed), empty=True)
        return Plan(self._names(changed), load=True, gone=gone, graph=program.graph, paths=frozenset(self.pending))

    def _with_importers(self, names: set[str]) -> set[str]:
        waiting = list(names)
        while waiting:
            new = self._program.graph.importers(waiting.pop()) - names
            names |= new
            waiting += new
        return names

    def _registered_after(self, gone: Collection[str]) -> set[str]:
        """Modules that put something elsewhere after one of these began: it has to come after theirs again."""
        program = self._program
        first = min((program.starts.get(name, 0) for name in gone), default=None)
        if first is None:
            return set()
        return {name for name in program.records if any(s.number > first for s in program.segments(name))}

    def _may_matter(self, path: Path) -> bool:
        """Whether a failed import may go better now: an app that writes files while it fails must not try for ever."""
        name = os.path.abspath(path)
        before = self._program.failed_reads.get(name)
        return name.endswith(".py") or os.path.isdir(name) or (before is not None and stamp(name) != before)

    def _may_heal(self, changed: Collection[Path]) -> bool:
        """Whether what failed may go better now: the code that fails is not to run again for any file at all."""
        scan = Scan(self._program, self._finder)
        with contextlib.suppress(Exception):
            scan.look(changed)
            known = scan.sources or scan.reruns or scan.gone or scan.caches
            return bool(known) or any(self._may_matter(path) for path in changed)
        return True

    def settled(self, plan: Plan) -> None:
        """The plan was carried out: nothing of it waits any more."""
        self.pending -= plan.paths
        with self._program.lock:
            note_untried(self._program, self._finder.source_of)

    def _names(self, paths: Iterable[Path]) -> tuple[str, ...]:
        return tuple(sorted(self._program.relative(path) for path in paths))

    def _plan(self, scan: Scan, changed: Collection[Path], force: bool) -> Plan:
        program = self._program
        changes = {name: source.analysis for name, source in scan.sources.items()}
        graph = (
            program.graph.with_changes({**changes, **dict.fromkeys(scan.gone)})
            if changes or scan.gone
            else program.graph
        )
        reruns = dict(scan.reruns)
        if force:
            reruns = {**dict.fromkeys(program.records, "forced"), **reruns}
        own, renamed = own_changes(program.records, scan.sources)
        paths = frozenset(self.pending)
        return Plan(
            changed=self._names(changed),
            empty=not (scan.sources or reruns or scan.gone or scan.caches),
            forced=force,
            sources=scan.sources,
            reruns=reruns,
            gone=frozenset(scan.gone),
            caches=scan.caches,
            answering=frozenset(scan.answering),
            graph=graph,
            behaviour=frozenset(own),
            renamed=frozenset(renamed),
            paths=paths,
        )

    def import_ahead(self, plan: Plan) -> Plan:
        """Foreign modules that are imported for the first time are imported here, while the app goes on serving."""
        began = time.perf_counter()
        waiting, seen = list(plan.sources.values()), set[str]()
        while waiting:
            for imported in waiting.pop().analysis.imports:
                name = imported.module
                if imported.deferred or imported.typing_only or name in sys.modules or name in seen or not name:
                    continue
                seen.add(name)
                if inner := self._foreign_or_source(name):
                    waiting.append(inner)
        return replace(plan, plan=plan.plan + _since(began))

    def _foreign_or_source(self, name: str) -> Source | None:
        """Import a foreign module; of a project module that is not loaded yet the source, to look into that too."""
        try:
            spec = self._finder.find_ahead(name)
            if spec is not None and isinstance(spec.loader, ProjectLoader) and spec.origin:
                return sources.load(name, Path(spec.origin))
            unknown = name.partition(".")[0] not in self._program.graph.analyses
            if spec is not None and unknown and not in_project(spec, self._program):
                importlib.import_module(name)  # one that is not found would import the project's packages around it
        except BaseException:  # it will be raised again, and reported, where the project imports it
            return None
        return None


def _since(began: float) -> float:
    return (time.perf_counter() - began) * 1000
