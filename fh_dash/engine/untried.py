"""Modules that failed when they were imported, inside `try`: what they need, and what of that they did not come to."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from fh_dash.engine import sources
from fh_dash.engine.analysis import Import
from fh_dash.engine.program import Failure, Program


class Needs:
    """What modules that are not loaded import, as far as their files tell; each file is read once."""

    def __init__(self, program: Program, find: Callable[[str], Path | None]) -> None:
        self._program, self._find = program, find
        self._imported: dict[str, list[str]] = {}

    def of(self, *names: str) -> set[str]:
        """These modules, and what they and the modules that are not loaded either import."""
        needed: set[str] = set()
        waiting = [*names]
        while waiting:
            name = waiting.pop()
            if name in needed or name in self._program.records:
                continue
            needed.add(name)
            if name not in self._imported:
                self._imported[name] = self._imported_by(name)
            waiting += self._imported[name]
        return needed

    def _imported_by(self, name: str) -> list[str]:
        """What a module imports, as far as that can be told, and the package around it."""
        found = [*filter(None, [name.rpartition(".")[0]])]
        with contextlib.suppress(Exception):  # what stands in the way of its import stands in the way here
            failed = self._program.failed_source(name)
            # the package around it may have failed with it, and then nobody finds it
            if (path := failed.path if failed and failed.path.exists() else self._find(name)) is not None:
                source = sources.load_again(name, path, failed)
                found += _names(source.analysis.imports)
        return found


def note_untried(program: Program, find: Callable[[str], Path | None]) -> None:
    """Remember what modules that failed would have imported further down.

    A change of that is a reason to try them again. Nobody has imported these files, so nobody else knows what was in
    them, and a save that puts them back would count as a change.
    """
    needs = Needs(program, find)
    for name, failure in program.broken.items():
        if failure.untried is None and program.graph.importers(name):
            further = _further(failure, needs) - program.broken.keys()
            files = {other: file for other in further if (file := find(other)) is not None}
            untried = {other: digest(file) for other, file in files.items()}
            program.broken[name] = replace(failure, untried=untried)


def _further(failure: Failure, needs: Needs) -> set[str]:
    imports = [i for i in failure.source.analysis.imports if not i.deferred]
    tried = needs.of(*_names(i for i in imports if i.line <= failure.line))
    return needs.of(*_names(i for i in imports if i.line > failure.line)) - tried if failure.line else set()


def _names(imports: Iterable[Import]) -> Iterator[str]:
    """The modules that import statements lead to, or may."""
    return (name for i in imports for name in (i.module, f"{i.module}.{i.name}"))


def digest(path: Path) -> str:
    """Of the tree, for layout does not matter; of the content if it does not compile."""
    with contextlib.suppress(Exception):
        return sources.load("", path).analysis.digest
    return sources.fingerprint(path.read_bytes()) if path.exists() else ""
