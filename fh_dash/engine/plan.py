"""From changed files to what has to be done. Reads and compiles, runs nothing of the project."""

from __future__ import annotations

import contextlib
import importlib
import os
import sys
import time
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from importlib.machinery import ModuleSpec
from pathlib import Path

from fh_dash import events
from fh_dash.engine import sources
from fh_dash.engine.analysis import Analysis
from fh_dash.engine.graph import Graph, changed_names, changed_surfaces
from fh_dash.engine.importer import ProjectFinder, ProjectLoader
from fh_dash.engine.names import Node
from fh_dash.engine.program import Program, Record
from fh_dash.engine.reads import stamp, take_own_write
from fh_dash.engine.reports import report
from fh_dash.engine.sources import Source


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
        self.pending |= {Path(os.path.abspath(path)) for path in changed}
        scan = _Scan(self._program, self._finder)
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

    def _load_again(self, scan: _Scan, changed: Collection[Path]) -> Plan:
        """The entry failed before: import it again, and with it what has changed, and what imports that."""
        program = self._program
        stale = {*scan.sources, *scan.reruns, *scan.gone}
        waiting = list(stale)
        while waiting:
            for user in program.graph.importers(waiting.pop()):
                if user not in stale:
                    stale.add(user)
                    waiting.append(user)
        gone = frozenset(name for name in stale if name in program.records)
        if not gone and not any(self._may_matter(path) for path in changed):
            return Plan(self._names(changed), empty=True)
        return Plan(self._names(changed), load=True, gone=gone, graph=program.graph, paths=frozenset(self.pending))

    def _may_matter(self, path: Path) -> bool:
        """Whether a failed import may go better now: an app that writes files while it fails must not try for ever."""
        name = os.path.abspath(path)
        before = self._program.failed_reads.get(name)
        return name.endswith(".py") or os.path.isdir(name) or (before is not None and stamp(name) != before)

    def settled(self, plan: Plan) -> None:
        """The plan was carried out: nothing of it waits any more."""
        self.pending -= plan.paths

    def _names(self, paths: Iterable[Path]) -> tuple[str, ...]:
        return tuple(sorted(self._program.relative(path) for path in paths))

    def _plan(self, scan: _Scan, changed: Collection[Path], force: bool) -> Plan:
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
        own, renamed = _own_changes(program.records, scan)
        paths = frozenset(self.pending)
        return Plan(
            changed=self._names(changed),
            empty=not (scan.sources or reruns or scan.gone),
            forced=force,
            sources=scan.sources,
            reruns=reruns,
            gone=frozenset(scan.gone),
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
            spec = self._find(name)
            if spec is not None and isinstance(spec.loader, ProjectLoader) and spec.origin:
                return sources.load(name, Path(spec.origin))
            if name.partition(".")[0] not in self._program.graph.analyses and not _in_project(spec, self._program):
                importlib.import_module(name)
        except BaseException:  # it will be raised again, and reported, where the project imports it
            return None
        return None

    def _find(self, name: str) -> ModuleSpec | None:
        """Where a module would be loaded from, without importing the packages around it if they are the project's."""
        spec, path = None, None
        parts = name.split(".")
        for depth in range(len(parts)):
            spec = self._finder.find_spec(".".join(parts[: depth + 1]), path)
            if spec is None or not _in_project(spec, self._program):
                return spec
            path = list(spec.submodule_search_locations or ())
        return spec


def _in_project(spec: object, program: Program) -> bool:
    loader = getattr(spec, "loader", None)
    places = getattr(spec, "submodule_search_locations", None) or ()
    return isinstance(loader, ProjectLoader) or (loader is None and any(program.is_project_path(p) for p in places))


class _Scan:
    """One look at the disk: contents against what is loaded."""

    def __init__(self, program: Program, finder: ProjectFinder) -> None:
        self._program, self._finder = program, finder
        self.sources: dict[str, Source] = {}
        self.reruns: dict[str, str] = {}
        self.gone: set[str] = set()
        self._own: dict[str, bool] = {}

    def look(self, paths: Collection[Path]) -> None:
        files = self._expand(paths)
        loaded = self._program.by_path()
        for file in sorted(files):
            for name in loaded.get(file, ()):
                self._check(name, Path(file))
            if file.endswith(".py"):
                self._appeared(Path(file))
        self._check_reads(files)

    def _expand(self, paths: Collection[Path]) -> set[str]:
        """Files as absolute and as resolved names; for a folder, all loaded or present modules in it."""
        files: set[str] = set()
        for path in paths:
            name = os.path.abspath(path)
            files |= {name, os.path.realpath(name)}
            if os.path.isdir(name):
                files |= {str(inner) for inner in Path(name).rglob("*.py") if self._program.is_project_path(inner)}
            if not name.endswith(".py"):
                inside = name + os.sep
                files |= {file for file in self._program.by_path() if file.startswith(inside)}
        return files

    def _check(self, name: str, path: Path) -> None:
        record = self._program.records[name]
        if name in self.sources or name in self.gone:
            return
        try:
            data = sources.read(record.source.path, record.source.content)
        except OSError:
            self._relocate(name)
            return
        if sources.fingerprint(data) != record.source.content:
            self._take(name, sources.load(name, record.source.path, data), record)

    def _take(self, name: str, source: Source, record: Record) -> None:
        self.sources[name] = source
        moved = source.path != record.source.path
        if moved or source.analysis.digest != record.source.analysis.digest:
            self.reruns[name] = f"moved to {self._program.relative(source.path)}" if moved else "modified"

    def _relocate(self, name: str) -> None:
        """The file of a loaded module is not there: it may have become a package, or a module again."""
        spec = self._finder.locate(name)
        if spec is not None and isinstance(spec.loader, ProjectLoader) and spec.origin:
            self._take(name, sources.load(name, Path(spec.origin)), self._program.records[name])
        else:
            # a package without its `__init__` is another module: what was in it has to be found anew
            self.gone |= {name, *(inner for inner in self._program.records if inner.startswith(f"{name}."))}

    def _appeared(self, path: Path) -> None:
        """A file that no loaded module came from: it may be one that an import missed, or take another's place."""
        if not path.exists():
            return
        names = {name for name in self._program.module_names(path) if not self._as_it_failed(name, path)}
        if str(path) not in self._program.by_path():
            self._try_again(names)
        for name in names:
            record = self._program.records.get(name)
            if record is not None:
                if os.path.realpath(record.source.path) != os.path.realpath(path) and name not in self.gone:
                    self._shadowed(name, record)
                continue
            if path.name == "__init__.py" and (record := self._program.adopt_namespace(name)) is not None:
                self._take(name, sources.load(name, path), record)
                continue
            for user in self._program.graph.importers(name):
                if self._imports_now(user, name):
                    self.reruns.setdefault(user, f"{name} can be imported now")

    def _as_it_failed(self, name: str, path: Path) -> bool:
        before = self._program.broken.get(name)
        with contextlib.suppress(OSError):
            return before is not None and sources.fingerprint(path.read_bytes()) == before.content
        return False

    def _try_again(self, names: Collection[str]) -> None:
        """Modules that failed when they were imported inside `try` may go better with these that changed."""
        for broken in self._program.broken:
            users = [user for user in self._program.graph.importers(broken) if self._imports_now(user, broken)]
            if users and not self._needed_by(broken).isdisjoint(names):
                self.reruns |= {user: f"{broken} can be tried again" for user in users if user not in self.reruns}

    def _needed_by(self, broken: str) -> set[str]:
        """The module itself, and what it and the modules that are not loaded either import."""
        needed: set[str] = set()
        waiting = [broken]
        while waiting:
            name = waiting.pop()
            if name in needed or name in self._program.records:
                continue
            needed.add(name)
            waiting += filter(None, [name.rpartition(".")[0]])
            with contextlib.suppress(Exception):  # what stands in the way of its import stands in the way here
                spec = self._finder.locate(name)
                if spec is not None and isinstance(spec.loader, ProjectLoader) and spec.origin:
                    imports = sources.load(name, Path(spec.origin)).analysis.imports
                    waiting += [part for i in imports for part in (i.module, f"{i.module}.{i.name}")]
        return needed

    def _shadowed(self, name: str, record: Record) -> None:
        spec = self._finder.locate(name)
        if (
            spec is not None
            and isinstance(spec.loader, ProjectLoader)
            and spec.origin
            and spec.origin != str(record.source.path)
        ):
            self._take(name, sources.load(name, Path(spec.origin)), record)

    def _imports_now(self, user: str, name: str) -> bool:
        graph = self._program.graph
        return name in graph.dynamic.get(user, ()) or any(
            not i.deferred and not i.typing_only and name in (i.module, f"{i.module}.{i.name}")
            for i in graph.analyses[user].imports
        )

    def _check_reads(self, files: Collection[str]) -> None:
        folders = {os.path.dirname(file) for file in files}
        for name, record in self._program.records.items():
            for file, before in record.reads.items():
                if (file in files or file in folders or os.path.realpath(file) in files) and self._differs(
                    name, file, before
                ):
                    self.reruns.setdefault(name, f"reads {self._program.relative(file)}")

    def _differs(self, name: str, file: str, before: str) -> bool:
        """Whether somebody else changed a file that a module read; what the app itself saves, it knows already."""
        now = stamp(file)
        if now == before:
            return False
        if file not in self._own:
            self._own[file] = take_own_write(file)
        if self._own[file]:
            self._program.records[name].reads[file] = now
            return False
        return True


def _own_changes(records: Mapping[str, Record], scan: _Scan) -> tuple[set[Node], set[Node]]:
    """Definitions that differ; of these, the ones that differ in more than a function's body.

    Of data, only the value tells, once the module has run again.
    """
    own: set[Node] = set()
    surfaces: set[Node] = set()
    for name, source in scan.sources.items():
        old = records[name].source.analysis
        own |= {(name, n) for n in changed_names(old, source.analysis) if not _is_data(n, old, source.analysis)}
        surfaces |= {(name, changed) for changed in changed_surfaces(old, source.analysis)}
    return own, surfaces


def _is_data(name: str, *analyses: Analysis) -> bool:
    kinds = {unit.kind for analysis in analyses for unit in analysis.by_name.get(name, ()) if name in unit.binds}
    return bool(kinds) and kinds <= {"other"}


def _since(began: float) -> float:
    return (time.perf_counter() - began) * 1000
