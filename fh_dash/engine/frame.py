"""A module in the middle of its run."""

from __future__ import annotations

import sys
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from operator import attrgetter
from types import FrameType, ModuleType
from typing import Any

from fh_dash.engine import reach
from fh_dash.engine.circles import Arrival
from fh_dash.engine.deltas import Segment
from fh_dash.engine.journal import MISSING, put
from fh_dash.engine.known import TABLES
from fh_dash.engine.patch import Keeper
from fh_dash.engine.sources import Source
from fh_dash.engine.tracked import Tracked
from fh_dash.engine.watch import Watch


@dataclass(slots=True)
class Frame:
    """A module that is running now."""

    name: str
    source: Source
    module: ModuleType
    watch: Watch
    keeper: Keeper
    trace: list[Segment | Arrival] = field(default_factory=list)
    patches: dict[str, list[reach.Patch]] = field(default_factory=dict)
    """Module -> what this one assigns on it and its classes; until it is imported."""
    tables: dict[str, Tracked] = field(default_factory=dict)
    """Library module -> its table, to which this one may add; from the moment when it is there."""
    shown: dict[str, dict[Any, Any]] = field(default_factory=dict)
    """What was in these before the import statement at which it stands."""
    shared: bool = False
    """Others have imported it in the middle of its import: they may have changed what it made before."""
    guests: dict[str, Source] = field(default_factory=dict)
    """Files that it runs itself, as `spec_from_file_location` does: what their code does is its doing."""
    booked: int = -1
    """The statement before which its effects were booked last."""

    def note_tables(self) -> None:
        """It is about to import something."""
        self.shown = {module: dict(tracked.container) for module, tracked in self.tables.items()}

    def reach_tables(self) -> None:
        """It has imported something, maybe a library: what that has put into tables is not this module's doing."""
        for module, before in self.shown.items():
            tracked, now = self.tables[module], self.tables[module].container
            for key in [key for key in {**before, **now} if before.get(key) is not now.get(key)]:
                put(tracked.before, key, now.get(key, MISSING))
                tracked.mark = None
        for module in TABLES.keys() & sys.modules.keys() - self.tables.keys():
            self.tables[module] = TABLES[module]()
            self.watch.add(self.tables[module])

    def reach_own(self) -> None:
        """What it made before others imported it belongs to them as well: its own changes of that count like theirs."""
        names = self.source.analysis.mentions & vars(self.module).keys() if self.shared else ()
        self.watch.track(((self.name, name), vars(self.module)[name]) for name in names)

    def has_acted(self, unit: int) -> bool:
        """Whether other statements than imports may have run since then."""
        units = self.source.analysis.units[min(self.booked + 1, unit) : unit + 1]
        return unit < self.booked or not all(part.kind == "import" and not part.conditional for part in units)

    def unit(self) -> int:
        """Number of the top-level statement that it stands at; to be called on its thread."""
        units, code = self.source.analysis.units, self.source.code
        at: FrameType | None = sys._getframe(1)
        while at is not None and at.f_code is not code:
            at = at.f_back
        return max(bisect_right(units, at.f_lineno, key=attrgetter("line")) - 1, 0) if at is not None else len(units)

    def note_failed(self, name: str, inner: Sequence[Segment | Arrival] = ()) -> None:
        """An import failed, and may be handled: what that module imported before is there, itself is not."""
        steps = ((at, step) for at, step in reversed([*enumerate(self.trace)]) if isinstance(step, Arrival))
        led = (len(self.trace), Arrival(name, self.booked))  # a module led to it that need not run
        at, step = next(((at, step) for at, step in steps if step.module == name and not step.failed), led)
        before = [replace(i, unit=step.unit) if isinstance(i, Arrival) else i for i in (*self.trace[at + 1 :], *inner)]
        # who imported it in a circle met it half made
        self.trace[at:] = [*(i for i in before if i != step), replace(step, failed=True)]
