"""Globals that functions had made of code or files which have changed: they are None again, and are made anew."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from fh_dash.engine.graph import Graph
from fh_dash.engine.journal import Journal
from fh_dash.engine.made_once import Path
from fh_dash.engine.names import Node
from fh_dash.engine.program import Program
from fh_dash.engine.record import Record, value_of
from fh_dash.events import CacheChange


class Lazies:
    """What functions make when they are first called (`made_once`), in the course of one attempt; each goes once."""

    def __init__(self, program: Program, graph: Graph, journal: Journal) -> None:
        self._records, self._graph, self._journal = program.records, graph, journal
        self._old: dict[Node, Any] = {}
        """Those that are not None, as they were before the attempt."""
        self._made_from: dict[Node, frozenset[Path]] = {}
        for record in program.index.lazy.values():
            for key, paths in makes(record):
                node = record.source.module, key
                if (made := vars(record.module).get(key)) is not None:
                    self._old[node] = made
                    self._made_from[node] = self._made_from.get(node, frozenset()) | paths
        self.dropped: list[CacheChange] = []

    def among(self, names: Collection[Node]) -> bool:
        """Whether one of the names stands for a global that a function makes; whoever uses the function uses that."""
        return any(node in names for node in self._old)

    def __bool__(self) -> bool:
        return bool(self._old)

    def drop(self, touched: Collection[Node], reason: str = "calls code that changed") -> None:
        """Those that are made from what behaves differently."""
        for node in [node for node in self._old if touched and self._is_made_from(node, touched)]:
            self._drop(node, reason)

    def drop_made_by(self, function: Node, reason: str) -> None:
        """Those that a function makes, or methods of a class."""
        record = self._records.get(function[0])
        for key, _ in makes(record, function[1]) if record else ():
            self._drop((function[0], key), reason)

    def _is_made_from(self, node: Node, touched: Collection[Node]) -> bool:
        module, paths = node[0], self._made_from[node]
        if module not in self._graph.analyses:
            return False
        return any(found in touched for path in paths for found in self._graph.resolve(module, path))

    def _drop(self, node: Node, reason: str) -> None:
        old = self._old.pop(node, None)
        if old is not None and value_of(self._records, node) is old:
            namespace = vars(self._records[node[0]].module)
            self._journal.save_mapping(namespace)
            namespace[node[1]] = None
            self.dropped.append(CacheChange(":".join(node), "dropped", reason))


def makes(record: Record, function: str = "") -> Iterator[tuple[str, frozenset[Path]]]:
    """The globals that functions of a module make, or that one, with the dotted names that they are made from."""
    analysis = record.source.analysis
    for unit in analysis.by_name.get(function, ()) if function else analysis.units:
        if not function or function in unit.binds:
            yield from unit.makes
