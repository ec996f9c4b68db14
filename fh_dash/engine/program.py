"""The running program as the engine knows it: the loaded project modules, their sources, and what they did."""

from __future__ import annotations

import os
import sys
import sysconfig
import threading
from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

from fh_dash.engine.asked import Answers
from fh_dash.engine.course import Course
from fh_dash.engine.deltas import Segment
from fh_dash.engine.graph import Graph
from fh_dash.engine.index import Index
from fh_dash.engine.journal import Journal, NoJournal
from fh_dash.engine.kinds import is_a
from fh_dash.engine.namespaces import forget
from fh_dash.engine.record import Failure, Record
from fh_dash.engine.sources import Source, load
from fh_dash.engine.stacks import Stacks

_ENVIRONMENTS = frozenset({"site-packages", "dist-packages", "node_modules", "__pycache__", ".git", ".venv", ".tox"})


class Program:
    """State shared by import hook, planner and transactions; `lock` guards it, since handlers import lazily."""

    def __init__(self, roots: Sequence[Path], entry: str) -> None:
        self.roots = tuple(os.path.realpath(root) for root in roots)
        self.entry = entry
        self.records: dict[str, Record] = {}
        self.graph = Graph()
        self.course = Course()
        self.dispatchers: dict[int, Any] = {}
        """`singledispatch` functions that modules registered implementations with."""
        self.stacks = Stacks()
        self.starts: dict[str, int] = {}
        """Module -> when it began to run, on the clock of `Segment.number`."""
        self.ends: dict[str, int] = {}
        """The same for when it had run."""
        self._clock = 0
        self.loose: set[str] = set()
        """Modules that something other than an import statement of the project loaded at run time."""
        self.lazy: set[str] = set()
        """Modules that were first imported when no module was running, in a function that a request calls."""
        self.failed_reads: dict[str, str] = {}
        """File -> stamp, of what modules read before they failed."""
        self.namespaces: set[str] = set()
        """Names under which folders without `__init__.py` were found when something was imported."""
        self.left: dict[str, str] = {}
        """File of a module that was unloaded, and is there still -> digest of its tree."""
        self.broken: dict[str, Failure] = {}
        """Modules that failed when they were imported inside `try`."""
        self.half_made: list[type] = []
        """Classes of modules that failed in this attempt; a journal may give them their bases back."""
        self.changes = 0
        """Counts what may have changed objects that modules in the middle of their import look at."""
        self.lock = threading.RLock()
        own = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
        stdlib = [sysconfig.get_path(name) for name in ("stdlib", "platstdlib")]
        self._excluded = tuple(os.path.realpath(p) + os.sep for p in (*stdlib, own) if p)
        self._verdicts: dict[str, bool] = {}
        self._index = Index()

    # ------------------------------------------------------------------------------------------- belonging

    def is_project_path(self, path: str | os.PathLike[str]) -> bool:
        """Whether a file is under the watched folders and in no environment, nor part of Python or of fh-dash."""
        name = os.fspath(path)
        verdict = self._verdicts.get(name)
        if verdict is None:
            verdict = self._verdicts[name] = self._judge(name)
        return verdict

    def _judge(self, name: str) -> bool:
        if not os.path.isabs(name):  # `<string>`, and what C extensions name their sources
            return False
        for root in self.roots:
            for form in (name, os.path.realpath(name)):
                if form == root or form.startswith(root + os.sep):
                    inside = Path(form).relative_to(root).parts
                    return not (
                        _ENVIRONMENTS & set(inside)
                        or form.startswith(self._excluded)
                        or _in_environment(Path(root), inside)
                    )
        return False

    def relative(self, path: str | os.PathLike[str]) -> str:
        """The path as a person would write it, from the nearest watched folder."""
        name = os.path.realpath(path)
        for root in self.roots:
            if name.startswith(root + os.sep):
                return name[len(root) + 1 :]
        return "." if name in self.roots else os.fspath(path)

    # ---------------------------------------------------------------------------------------------- lookup

    def find(self, name: str) -> ModuleType | None:
        record = self.records.get(name)
        return record.module if record else None

    def declared(self, name: str) -> frozenset[str]:
        """Names that functions of a project module rebind (`global x`)."""
        analysis = self.graph.analyses.get(name)
        return analysis.declared if analysis else frozenset()

    def tick(self) -> int:
        self._clock += 1
        return self._clock

    def is_namespace(self, name: str) -> bool:
        """Whether it is a package of the project without `__init__.py`."""
        module = sys.modules.get(name)
        if module is None or getattr(module, "__file__", None):
            return False
        return any(self.is_project_path(folder) for folder in getattr(module, "__path__", ()))

    def adopt_namespace(self, name: str) -> Record | None:
        """A package folder without `__init__.py`, which the import system has loaded, as a module with no source."""
        module = sys.modules.get(name)
        if module is None or vars(module).get("__file__") or "__path__" not in vars(module):
            return None
        folder = next(iter(vars(module)["__path__"]), "")
        source = load(name, Path(folder) / "__init__.py", b"")
        record = self.records[name] = Record(module, replace(source, path=Path(folder)))
        self.graph.update({name: source.analysis})
        return record

    def note_failure(self, name: str, source: Source, line: int) -> None:
        """The import of a module has failed; what it did not come to is known if it failed there before."""
        before = self.broken.get(name)
        same = before is not None and (before.source.content, before.line) == (source.content, line)
        self.broken[name] = Failure(source, line, before.untried if before and same else None)

    def note_unloaded(self, name: str, source: Source, *, stays: bool) -> None:
        """A module goes; with `stays`, its file does not."""
        if stays:  # else nobody knows when it comes again
            self.left[str(source.path)] = source.analysis.digest
        if any(name in record.failed for record in self.records.values()):
            self.note_failure(name, source, 0)

    def failed_source(self, name: str) -> Source | None:
        """The source of a module whose import failed, as it was then."""
        failure = self.broken.get(name)
        return failure.source if failure else None

    def segments(self, name: str) -> tuple[Segment, ...]:
        record = self.records.get(name)
        return record.segments if record else ()

    def effects(self) -> Iterator[Segment]:
        """What all loaded modules did to others."""
        return (segment for record in self.index.acting.values() for segment in record.segments)

    def namespaces_of_modules(self) -> Iterator[dict[str, Any]]:
        """The globals of all loaded modules."""
        return (vars(record.module) for record in self.records.values())

    def asked(self) -> Iterator[Answers]:
        """What the imports of all loaded modules asked `functools` caches for."""
        return (record.asked for record in self.records.values() if record.asked)

    def is_project_module(self, name: str) -> bool:
        """Whether it is loaded from the project, be it in the middle of its first import."""
        module = sys.modules.get(name)
        file = vars(module).get("__file__") or "" if is_a(module, ModuleType) else ""
        return name in self.records or self.is_project_path(file)

    @property
    def index(self) -> Index:
        """Of the modules that are loaded now."""
        self._index.follow(self.records)
        return self._index

    def module_names(self, path: Path) -> set[str]:
        """The dotted names under which a file could be imported, given `sys.path` and the loaded packages."""
        file = os.path.abspath(path)
        folders = {os.path.abspath(folder or ".") for folder in sys.path}
        names = {name for folder in folders if (name := _dotted(file, folder))}
        for package, record in self.index.packages.items():
            for folder in vars(record.module).get("__path__", ()):
                if inner := _dotted(file, os.path.abspath(folder)):
                    names.add(f"{package}.{inner}")
        return names

    def let_go(self) -> None:
        """Keep nothing of the records that were in use before."""
        with self.lock:
            self._index.follow(self.records)
            self.course.follow(self.records, self.entry)

    # ------------------------------------------------------------------------------------ loading, failing

    def alive(self) -> frozenset[str]:
        """Modules that an import statement, or something at run time, leads to, with the packages around them."""
        return self.graph.reachable([self.entry, *self.loose])

    def orphans(self) -> set[str]:
        """Modules in packages that are not there: the import of those failed."""
        return {name for name in self.records if (package := name.rpartition(".")[0]) and package not in sys.modules}

    def save(self, journal: Journal) -> None:
        """What loading and running modules changes of this, to be put back when they fail."""
        for places in (sys.path, sys.meta_path, sys.path_hooks):
            journal.save_container(places)
        journal.save_mapping(self.records)
        journal.save_mapping(self.starts)
        journal.save_mapping(self.ends)
        journal.save_mapping(self.broken)
        graph, loaded, loose, lazy = self.graph, set(self.records), set(self.loose), set(self.lazy)
        there = dict(sys.modules)

        def back() -> None:
            self.graph, self.loose, self.lazy = graph, loose, lazy
            for name in [name for name in sys.modules if name not in there and self.is_namespace(name)]:
                forget(name, NoJournal())
            for name in set(self.records) - loaded:
                forget(name, NoJournal())
            for name in [name for name, module in there.items() if sys.modules.get(name) is not module]:
                sys.modules[name] = there[name]

        journal.add(back)

    def take_back_new(self, loaded: Set[str]) -> None:
        """Undo what modules other than these did, which no journal knows of; before a journal puts anything back."""
        done = [segment for name in self.records.keys() - loaded for segment in self.segments(name)]
        for segment in sorted(done, key=lambda segment: -segment.number):
            segment.undo(NoJournal())

    def forget_entry(self) -> None:
        """The first import of it failed; the modules that it had imported in full stay."""
        for segment in reversed(self.segments(self.entry)):
            segment.undo(NoJournal())
        if self.entry in self.records:
            forget(self.entry, NoJournal())
            del self.records[self.entry]
            self.graph.update({self.entry: None})


def _dotted(file: str, folder: str) -> str:
    if not file.startswith(folder + os.sep) or not file.endswith(".py"):
        return ""
    parts = file[len(folder) + 1 : -3].split(os.sep)
    if parts[-1] == "__init__":
        parts.pop()
    return ".".join(parts) if parts and all(part.isidentifier() for part in parts) else ""


def _in_environment(root: Path, inside: Iterable[str]) -> bool:
    folder = root
    for part in inside:
        folder = folder / part
        if (folder / "pyvenv.cfg").exists():
            return True
    return False
