"""One look at the disk: contents against what is loaded."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Collection, Iterator
from pathlib import Path

from fh_dash.engine import sources
from fh_dash.engine.answers import folders_around, readers
from fh_dash.engine.caches import caches_in
from fh_dash.engine.importer import ProjectFinder, ProjectLoader
from fh_dash.engine.lazies import makes
from fh_dash.engine.names import Node
from fh_dash.engine.program import Program
from fh_dash.engine.reads import EXISTS, stamp, stamp_of_existence, take_own_write
from fh_dash.engine.record import Record
from fh_dash.engine.sources import Source
from fh_dash.engine.untried import Needs, digest


class Scan:
    """What some changed paths mean for the loaded modules."""

    def __init__(self, program: Program, finder: ProjectFinder) -> None:
        self._program, self._finder = program, finder
        self.sources: dict[str, Source] = {}
        self.reruns: dict[str, str] = {}
        self.gone: set[str] = set()
        self.caches: dict[Node, str] = {}
        """Names of `functools` caches with what they hold of a changed file -> that file."""
        self.answering: set[Node] = set()
        """Of these, the ones of files that somebody else changed than the app itself."""
        self._own: dict[str, bool] = {}
        self._needs = Needs(program, finder.source_of)

    def look(self, paths: Collection[Path]) -> None:
        files = self._expand(paths)
        loaded = self._program.index.files
        for file in sorted(files):
            for name in loaded.get(file, ()):
                self._check(name, Path(file))
            if file.endswith(".py"):
                self._appeared(Path(file))
        self._check_namespaces({folder for file in files for folder in _folders_gone(file)})
        self._check_reads(files)
        self._check_answers(files)

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
                files |= {file for file in self._program.index.files if file.startswith(inside)}
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
        elif spec is None or not self._program.is_namespace(name):
            # a package without its `__init__` is another module: what was in it has to be found anew
            self.gone |= {name, *(inner for inner in self._program.records if inner.startswith(f"{name}."))}

    def _check_namespaces(self, folders: Collection[str]) -> None:
        """A package without `__init__` goes with its folder."""
        for folder in folders:
            for name in self._program.module_names(Path(folder, "__init__.py")):
                if self._program.is_namespace(name) and self._finder.locate(name) is None:
                    self._program.adopt_namespace(name)
                    self.gone.add(name)

    def _appeared(self, path: Path) -> None:
        """A file that no loaded module came from: it may be one that an import missed, or take another's place."""
        if not path.exists():
            self._program.left.pop(str(path), None)
            return
        if self._is_as_left(path):
            return
        names = {name for name in self._program.module_names(path) if not self._as_it_failed(name, path)}
        if str(path) not in self._program.index.files:
            self._try_again(names, path)
        for name in names:
            record = self._program.records.get(name)
            if record is not None:
                if os.path.realpath(record.source.path) != os.path.realpath(path) and name not in self.gone:
                    self._shadowed(name, record)
                continue
            if self._is_loaded_from(name, path) and (record := self._program.adopt_namespace(name)) is not None:
                self._take(name, sources.load(name, path), record)
                continue
            for user in self._program.graph.importers(name):
                if self._imports_now(user, name):
                    self.reruns.setdefault(user, f"{name} can be imported now")

    def _is_loaded_from(self, name: str, path: Path) -> bool:
        """Whether a folder without `__init__.py` that is loaded as a package gets another meaning by a file."""
        if path.name == "__init__.py":
            return True
        return self._program.is_namespace(name) and self._finder.source_of(name) == path

    def _is_as_left(self, path: Path) -> bool:
        """Whether it is of a module that nobody imports any more, and the same as it was then."""
        left = self._program.left.get(str(path))
        return left is not None and digest(path) == left

    def _as_it_failed(self, name: str, path: Path) -> bool:
        before = self._program.failed_source(name)
        if before is None:
            return False
        with contextlib.suppress(Exception):  # what stands in the way of its import is told by that
            return sources.load_again(name, path, before).analysis.digest == before.analysis.digest
        return False

    def _try_again(self, names: Collection[str], path: Path) -> None:
        """Modules that failed when they were imported inside `try` may go better with these, of a changed file."""
        for broken in self._program.broken:
            users = [user for user in self._program.graph.importers(broken) if self._imports_now(user, broken)]
            needed = self._needs.of(broken).intersection(names) if users else set()
            if needed and not self._is_as_then(broken, needed, path):
                self.reruns |= {user: f"{broken} can be tried again" for user in users if user not in self.reruns}

    def _is_as_then(self, broken: str, needed: Collection[str], path: Path) -> bool:
        """Whether a file that a module needs, which failed before it came to that, is as it was at that time."""
        untried = self._program.broken[broken].untried or {}
        return untried.keys() >= set(needed) and {untried[name] for name in needed} == {digest(path)}

    def _shadowed(self, name: str, record: Record) -> None:
        path = self._finder.source_of(name)
        if path is not None and path != record.source.path:
            self._take(name, sources.load(name, path), record)

    def _imports_now(self, user: str, name: str) -> bool:
        graph = self._program.graph
        return name in graph.dynamic.get(user, ()) or any(
            not i.deferred and not i.typing_only and f"{i.module}.{i.name}.".startswith(f"{name}.")
            for i in graph.analyses[user].imports
        )

    def _check_reads(self, files: Collection[str]) -> None:
        folders = folders_around(files)
        for name, record in self._program.index.readers.items():
            for file, before in record.reads.items():
                if (file in files or file in folders or os.path.realpath(file) in files) and self._differs(
                    name, file, before
                ):
                    self.reruns.setdefault(name, f"reads {self._program.relative(file)}")

    def _check_answers(self, files: Collection[str]) -> None:
        loaded = self._program.index.files
        for (filename, function), place in readers(files).items():
            for module in loaded.get(filename, ()):
                name = function.partition(".")[0]
                record = self._program.records[module]
                thing = vars(record.module).get(name)
                made = (vars(record.module).get(key) for key, _ in makes(record, name))
                filled = any(cache.cache_info().currsize for _, cache in caches_in(name, thing))
                if filled or any(thing is not None for thing in made):
                    self.caches[module, name] = self._program.relative(place)
                    if not self._is_own(place):
                        self.answering.add((module, name))
                        self._ask_again(name, thing, place)

    def _ask_again(self, name: str, thing: object, file: str) -> None:
        """Modules that asked a cache while they were imported have what it held of the file."""
        caches = {id(cache) for _, cache in caches_in(name, thing)}
        for asker, record in self._program.records.items():
            if any(record.asked.get(cache) for cache in caches):
                self.reruns.setdefault(asker, f"asks {name}, which reads {self._program.relative(file)}")

    def _differs(self, name: str, file: str, before: str) -> bool:
        """Whether somebody else changed a file that a module read; what the app itself saves, it knows already."""
        now = stamp_of_existence(file) if before == EXISTS else stamp(file)
        if now == before:
            return False
        if self._is_own(file):
            self._program.records[name].reads[file] = now
            return False
        return True

    def _is_own(self, file: str) -> bool:
        """Whether the app itself has written it."""
        if file not in self._own:
            self._own[file] = take_own_write(file)
        return self._own[file]


def _folders_gone(file: str) -> Iterator[str]:
    """The folders around a file that are not there any more."""
    while file != (file := os.path.dirname(file)) and not os.path.isdir(file):
        yield file
