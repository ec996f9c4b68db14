"""The import hook: project modules are compiled from source and run by the engine, all others are only timed."""

from __future__ import annotations

import contextlib
import importlib
import importlib.machinery
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, SourceFileLoader
from itertools import accumulate, takewhile
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

from fh_dash import events
from fh_dash.engine import sources
from fh_dash.engine.circles import half_made
from fh_dash.engine.follower import NOBODY
from fh_dash.engine.journal import Journal
from fh_dash.engine.kinds import is_a
from fh_dash.engine.program import Program
from fh_dash.engine.reads import starter
from fh_dash.engine.runner import Runner
from fh_dash.engine.sources import Source, line_of
from fh_dash.engine.statements import ImportStatements, put


class ProjectLoader(SourceFileLoader):
    """Loads a project module for the first time."""

    def __init__(self, fullname: str, path: str, program: Program, finder: ProjectFinder) -> None:
        super().__init__(fullname, path)
        self._program, self._finder = program, finder

    def get_code(self, fullname: str) -> CodeType:
        path = Path(self.get_filename(fullname))
        return compile(path.read_bytes(), str(path), "exec", dont_inherit=True)

    def exec_module(self, module: ModuleType) -> None:
        program, name = self._program, module.__name__
        source = sources.load_again(name, Path(self.path), program.failed_source(name))
        with program.lock:
            program.graph.update({name: source.analysis})
            self._note_importer(name)
        self._finder.follower.loading(name)
        try:
            self._finder.run(module, source, self._finder.follower.journal)
        except BaseException as error:
            with program.lock:
                program.graph.update({name: None})
                program.note_failure(name, source, line_of(error, source))
            raise
        program.broken.pop(name, None)
        self._finder.follower.loaded(name)

    def _note_importer(self, name: str) -> None:
        """A module that no import statement of the importing module names was imported dynamically."""
        graph, outer = self._program.graph, self._finder.running()
        if outer is None and (started := starter()):
            graph.add_dynamic(started, name, on_thread=True)
        elif outer is None:
            self._program.lazy.add(name)
            if not graph.importers(name):
                self._program.loose.add(name)
        elif outer in graph.analyses and name not in graph.imports_of(outer):
            graph.add_dynamic(outer, name)


class ProjectFinder(MetaPathFinder):
    """First in `sys.meta_path`: asks the other finders, and takes over what belongs to the project."""

    def __init__(self, program: Program, runner: Runner, post: Callable[[events.Event], object]) -> None:
        self._program, self._runner, self._post = program, runner, post
        self._foreign_depth = 0
        self._statements = ImportStatements(self._before_import, self._after_statement, self._after_name)
        self.follower = NOBODY
        """Another one while a transaction runs."""
        self.orphans: set[str] = set()
        """Modules that outlived their packages, which failed: whoever imports them imports these as well."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        for finder in sys.meta_path:
            if isinstance(finder, ProjectFinder) or not hasattr(finder, "find_spec"):
                continue
            spec = finder.find_spec(fullname, path, target)
            if spec is not None:
                return self._claim(spec)
        return None

    def _claim(self, spec: ModuleSpec) -> ModuleSpec:
        loader, origin = spec.loader, spec.origin
        if type(loader) is SourceFileLoader and origin and self._program.is_project_path(origin):
            spec.loader = ProjectLoader(spec.name, origin, self._program, self)
        elif loader is None:
            self._program.namespaces.add(spec.name)
        elif "." not in spec.name and hasattr(loader, "__dict__") and not isinstance(loader, type):
            self._time(spec)
        return spec

    def _time(self, spec: ModuleSpec) -> None:
        """Report how long a foreign top-level package takes; its loader stays what it is."""
        loader: Any = spec.loader
        original = loader.exec_module

        def exec_module(module: ModuleType) -> None:
            del loader.exec_module
            depth = self._foreign_depth + len(self._runner.stack)
            self._post(events.ImportStarted(spec.name, time.time(), project=False, depth=depth))
            self._foreign_depth += 1
            began, ok = time.perf_counter(), False
            try:
                original(module)
                ok = True
            finally:
                self._foreign_depth -= 1
                took = (time.perf_counter() - began) * 1000
                self._post(events.ImportFinished(spec.name, took, project=False, ok=ok, depth=depth))

        try:
            loader.exec_module = exec_module
        except AttributeError:  # a loader without a dict: it is not timed
            pass

    # ------------------------------------------------------------------------------------------- lifetime

    def install(self) -> None:
        if self not in sys.meta_path:
            sys.meta_path.insert(0, self)
            self._take_out = put(SourceFileLoader, "path_stats", self._stats_of_foreign(SourceFileLoader.path_stats))

    def uninstall(self) -> None:
        if self in sys.meta_path:
            sys.meta_path.remove(self)
            self._take_out()

    def _stats_of_foreign(
        self, original: Callable[[SourceFileLoader, str], Mapping[str, Any]]
    ) -> Callable[[SourceFileLoader, str], Mapping[str, Any]]:
        """Without them, files of the project that are loaded by path are compiled from source, like its modules."""

        def path_stats(loader: SourceFileLoader, path: str) -> Mapping[str, Any]:
            if self._program.is_project_path(path):
                raise OSError(f"no bytecode is used of {path}")
            return original(loader, path)

        return path_stats

    # ------------------------------------------------------------------------------------------- running

    def running(self) -> str | None:
        """Name of the project module that this thread is importing now."""
        return self._runner.running()

    def run(
        self,
        module: ModuleType,
        source: Source,
        journal: Journal,
        previous: Mapping[int, Sequence[object]] | None = None,
    ) -> None:
        """As `Runner.run`, which hears of the project modules that are loaded already and imported again."""
        with self._statements.seen():
            self._runner.run(module, source, journal, previous)

    def _before_import(self, name: str, globals: Mapping[str, object], fromlist: Sequence[str], level: int) -> None:
        if self._runner.stack:
            self._note_guest(globals)
            if globals.get("__name__") == self.running():
                self._runner.stack[-1].note_tables()
            targets, known = [*self._targets(name, globals, fromlist, level)], self._known()
            for orphan in [target for target in targets if target in self.orphans]:
                package = importlib.import_module(orphan.rpartition(".")[0])
                self.orphans.discard(orphan)
                vars(package).setdefault(orphan.rpartition(".")[2], sys.modules[orphan])
            # what stands behind a module that is not loaded yet comes after it
            there = takewhile(lambda target: target in known or self._program.is_namespace(target), targets)
            self._runner.at_import([target for target in there if target in known], self.follower.arrive)

    def _note_guest(self, globals: Mapping[str, object]) -> None:
        """The import statement may stand in a file that the running module runs by itself, past the import system."""
        name, file = str(globals.get("__name__")), globals.get("__file__")
        if name in self._known() or not isinstance(file, str) or not self._program.is_project_path(file):
            return
        with contextlib.suppress(OSError, SyntaxError, ValueError):  # it has changed since it was compiled
            self._runner.note_guest(sources.load_again(name, Path(file), self._runner.guest(file)))

    def _after_statement(
        self, module: ModuleType, name: str, globals: Mapping[str, object], fromlist: Sequence[str], level: int
    ) -> ModuleType:
        if not self._runner.stack and not starter():
            return module
        known = self._known()
        targets = [target for target in self._targets(name, globals, fromlist, level) if target in known]
        if not self._runner.stack:
            self._note_on_thread(targets)
            return module
        self._runner.after_import(targets, self.follower.arrive)
        frame = self._runner.stack[-1]
        if globals.get("__name__") == frame.name:
            frame.reach_tables()
            frame.reach_own()
        for outer in self._runner.stack[:-1]:
            outer.shared = outer.shared or outer.name in targets
        if not is_a(module, ModuleType):  # what a module has put in its place
            return module
        hidden = self.follower.hides(module.__name__) if fromlist else frozenset()
        absent = self.follower.lacks(module.__name__) if "*" in fromlist else frozenset()
        return half_made(module, hidden, absent) if hidden or absent else module

    def _note_on_thread(self, targets: Iterable[str]) -> None:
        """The module that is being imported may have started this thread, and wait for what it imports."""
        if started := starter():
            with self._program.lock:
                for target in targets:
                    self._program.graph.add_dynamic(started, target, on_thread=True)

    def _after_name(self, module: ModuleType) -> None:
        outer, graph = self._runner.running(), self._program.graph
        if not is_a(module, ModuleType):
            return
        if outer is None:
            self._note_on_thread({module.__name__} & self._program.records.keys())
        elif outer in graph.analyses and module.__name__ in graph.analyses:
            graph.add_dynamic(outer, module.__name__)

    def _known(self) -> Set[str]:
        """Modules that are loaded, or in the middle of that."""
        return self._program.records.keys() | {frame.name for frame in self._runner.stack}

    def _targets(self, name: str, globals: Mapping[str, object], fromlist: Sequence[str], level: int) -> Iterator[str]:
        """The modules that an import statement leads to, in order; names behind `from` only if they may be one."""
        if level:
            package = str(globals.get("__package__") or "").split(".")
            name = ".".join([*package[: len(package) - level + 1], *([name] if name else [])])
        yield from self._led_to(name, skips=bool(fromlist))
        inside = vars(sys.modules[name]) if name in sys.modules else {}
        known = self._known()
        offered = inside.get("__all__", ()) if "*" in fromlist else ()
        for item in (*fromlist, *(offered if is_a(offered, list | tuple) else ())):
            if f"{name}.{item}" in known or item not in inside:
                yield f"{name}.{item}"

    def _led_to(self, name: str, skips: bool) -> list[str]:
        """A module and the packages around it; with `skips`, not those that failed after they had imported it."""
        names = [*accumulate(name.split("."), "{}.{}".format)]
        there = [at for at, part in enumerate(names) if skips and part in self.follower.arrived]
        return [part for at, part in enumerate(names) if at in there or at >= max(there, default=0)]

    def locate(self, fullname: str) -> ModuleSpec | None:
        """Where a module would be loaded from now; None when it is nowhere."""
        parent = fullname.rpartition(".")[0]
        path = getattr(sys.modules.get(parent), "__path__", None) if parent else None
        if parent and path is None:
            return None
        importlib.invalidate_caches()
        return self.find_spec(fullname, path)

    def find_ahead(self, fullname: str) -> ModuleSpec | None:
        """Where a module would be loaded from, without importing the packages around it if they are the project's."""
        spec: ModuleSpec | None = None
        path: list[str] | None = None
        parts = fullname.split(".")
        for depth in range(len(parts)):
            try:
                spec = self.find_spec(".".join(parts[: depth + 1]), path)
            except KeyError:  # a folder without `__init__.py`, in a package that is not there
                spec, path = None, [os.path.join(folder, parts[depth]) for folder in path or ()]
                continue
            if spec is None or not in_project(spec, self._program):
                return spec
            path = list(spec.submodule_search_locations or ())
        return spec

    def source_of(self, fullname: str) -> Path | None:
        """The file from which a module of the project would be loaded now."""
        importlib.invalidate_caches()
        spec = self.find_ahead(fullname)
        return Path(spec.origin) if spec and isinstance(spec.loader, ProjectLoader) and spec.origin else None


def in_project(spec: object, program: Program) -> bool:
    """Whether what a finder found belongs to the project, namespace packages included."""
    loader = getattr(spec, "loader", None)
    places = getattr(spec, "submodule_search_locations", None) or ()
    return isinstance(loader, ProjectLoader) or (loader is None and any(program.is_project_path(p) for p in places))
