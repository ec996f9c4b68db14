"""Attributes that modules set on other modules (`conf.DEBUG = True`), over the course of a reload."""

from __future__ import annotations

from collections.abc import Collection, Mapping, MutableMapping
from typing import Any

from fh_dash.engine.deltas import Segment
from fh_dash.engine.journal import MISSING
from fh_dash.engine.names import Node
from fh_dash.engine.record import Record, value_of
from fh_dash.engine.tracked import Tracked
from fh_dash.engine.values import same_value


class Attributes:
    """What they were last time, and whether they have come to other values by now."""

    def __init__(self, records: Mapping[str, Record]) -> None:
        self._records = records
        self._before: dict[Node, tuple[Any, int]] = {}
        """The value last time, and when it was set on the clock of the last start."""
        self.settled: set[Node] = set()
        """Those that have another value, and are known with it to who only holds them."""

    def __bool__(self) -> bool:
        return bool(self._before)

    def note_set(self, segments: Collection[Segment]) -> set[str]:
        """A run has set them; the modules that they belong to."""
        found: set[str] = set()
        for delta in (delta for segment in segments for delta in segment.deltas if self._is_module(delta.tracked)):
            module = delta.tracked.node[0]
            found.add(module)
            for key, _ in delta.added:
                self._before.setdefault((module, key), (delta.removed.get(key, MISSING), 0))
        return found

    def note_taken_back(self, segment: Segment) -> set[str]:
        """They are about to be taken back; the modules that they belong to."""
        found: set[str] = set()
        done = segment.deltas if segment.applied else ()
        for tracked in (delta.tracked for delta in done if self._is_module(delta.tracked)):
            module = tracked.node[0]
            found.add(module)
            for name in tracked.only or ():
                value, first = self._before.get((module, name), (tracked.container.get(name, MISSING), segment.number))
                self._before[module, name] = value, min(first, segment.number)
        return found

    def of(self, module: str) -> dict[str, Any]:
        """Names that others have set on a module, or had, with their values of last time."""
        return {name: value for (owner, name), (value, _) in self._before.items() if owner == module}

    def changed_before(self, end: int) -> dict[Node, Any]:
        """Those set before that moment of the last start that have another value now, with the value of last time."""
        return {node: old for node, (old, since) in self._before.items() if since < end and not self._same(node)}

    def settle(self, values: MutableMapping[Node, tuple[Any, Any]]) -> set[Node]:
        """Add what has another value now to `values`, old and new, and take out what has not any more; the former."""
        found: set[Node] = set()
        for node, (old, _) in self._before.items():
            if self._same(node):
                if node in self.settled:
                    self.settled.discard(node)
                    values.pop(node, None)
            elif node in self.settled or node not in values:
                values[node] = old, self._now(node)
                found.add(node)
        self.settled |= found
        return found

    def _is_module(self, tracked: Tracked) -> bool:
        return tracked.only is not None and tracked.node[0] in self._records

    def _same(self, node: Node) -> bool:
        return same_value(self._before[node][0], self._now(node))

    def _now(self, node: Node) -> Any:
        return value_of(self._records, node, MISSING)
