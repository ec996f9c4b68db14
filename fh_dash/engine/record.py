"""What is known of one project module: as it was loaded and ran last, or failed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

from fh_dash.engine.asked import Answers
from fh_dash.engine.circles import Arrival
from fh_dash.engine.deltas import Segment
from fh_dash.engine.names import Node
from fh_dash.engine.sources import Source


@dataclass(frozen=True, slots=True, eq=False)
class Record:
    """One loaded project module; each run makes another one."""

    module: ModuleType
    source: Source
    made: dict[int, list[object]] = field(default_factory=dict)
    """Definition key -> the functions and classes that its last run made (see `patch.Keeper`)."""
    reads: dict[str, str] = field(default_factory=dict)
    """File -> stamp, of what it read while it ran."""
    trace: tuple[Segment | Arrival, ...] = ()
    """What it did to other modules' objects, and the project modules that it imported, as they followed each other."""
    asked: Answers = field(default_factory=dict)
    """What it asked `functools` caches for while it ran."""
    by_call: tuple[str, ...] = ()
    """Names of classes that calls made: `Thing = type("Thing", …)`."""
    renewed: frozenset[str] = frozenset()
    """Names of classes that the last run gave other data, though it may be by the same code."""
    runs: int = 1
    milliseconds: float = 0.0
    segments: tuple[Segment, ...] = field(init=False)
    """Of `trace`, what it did. Most modules do nothing to others, and each save asks all of them."""
    failed: frozenset[str] = field(init=False)
    """Of `trace`, the modules that failed when it imported them, which it handled."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "segments", segments(self.trace))
        failed = (step.module for step in self.trace if isinstance(step, Arrival) and step.failed)
        object.__setattr__(self, "failed", frozenset(failed))


@dataclass(frozen=True, slots=True)
class Failure:
    """A module whose import failed."""

    source: Source
    line: int
    """Where it stopped; 0 when it is not known."""
    untried: Mapping[str, str] | None = None
    """Modules that it would have imported further down -> digest of their files; None before that was asked."""


def value_of(records: Mapping[str, Record], node: Node, missing: Any = None) -> Any:
    """What a global of a project module stands for now."""
    record = records.get(node[0])
    return vars(record.module).get(node[1], missing) if record is not None else missing


def segments(trace: Iterable[Segment | Arrival]) -> tuple[Segment, ...]:
    """What a module did to others, without its imports."""
    return tuple(step for step in trace if isinstance(step, Segment))
