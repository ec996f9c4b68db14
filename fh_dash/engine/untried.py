"""Modules that failed when they were imported, inside `try`: what they need, and what of that they did not come to."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from fh_dash.engine import sources
from fh_dash.engine.analysis import STAR, Analysis, Import
from fh_dash.engine.names import Node
from fh_dash.engine.program import Program


class Needs:
    """What modules that are not loaded import, as far as their files tell; each file is read once.

    With `tried`, only what their imports have come to: of one that failed, not what stands behind the line of that.
    """

    def __init__(self, program: Program, find: Callable[[str], Path | None], *, tried: bool = False) -> None:
        self._program, self._find, self._tried = program, find, tried
        self._imported: dict[str, list[str]] = {}

    def of(self, module: str) -> set[str]:
        """The module, and what it and the modules that are not loaded either import."""
        needed: set[str] = set()
        waiting = [module]
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
            failure = self._program.broken.get(name)
            failed = failure.source if failure else None
            # the package around it may have failed with it, and then nobody finds it
            if (path := failed.path if failed and failed.path.exists() else self._find(name)) is not None:
                last = failure.line if failure and self._tried else 0
                analysis = sources.load_again(name, path, failed).analysis
                found += _names(i for i in analysis.imports if not last or (i.line <= last and not i.deferred))
                found += analysis.named
        return found


def note_untried(program: Program, find: Callable[[str], Path | None]) -> None:
    """Remember what modules that failed would have imported, had they not failed before.

    A change of that is a reason to try them again. Nobody has imported these files, so nobody else knows what was in
    them, and a save that puts them back would count as a change.
    """
    needs, tried = Needs(program, find), Needs(program, find, tried=True)
    for name, failure in program.broken.items():
        if failure.untried is None and program.graph.importers(name):
            further = needs.of(name) - tried.of(name) - program.broken.keys()
            files = {other: file for other in further if (file := find(other)) is not None}
            untried = {other: digest(file) for other, file in files.items()}
            program.broken[name] = replace(failure, untried=untried)


def is_helped(failed: Analysis, behaviour: Collection[Node], ran: Collection[str]) -> bool:
    """Whether the import of a module that failed may go better with what has changed: names, and modules that ran."""
    nodes = {(i.module, i.name or STAR) for i in failed.imports if not i.deferred}
    nodes |= {(module, STAR) for module in failed.named}
    return any(node in behaviour or (node[1] == STAR and node[0] in ran) for node in nodes)


def _names(imports: Iterable[Import]) -> Iterator[str]:
    """The modules that import statements lead to, or may."""
    return (name for i in imports for name in (i.module, f"{i.module}.{i.name}"))


def digest(path: Path) -> str:
    """Of the tree, for layout does not matter; of the content if it does not compile."""
    with contextlib.suppress(Exception):
        return sources.load("", path).analysis.digest
    return sources.fingerprint(path.read_bytes()) if path.exists() else ""
