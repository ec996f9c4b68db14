"""What each save did, and how long it took."""

from __future__ import annotations

from typing import TypeAlias

from fh_dash.events import ReloadResult, Serving
from fh_dash.store.numbers import median, percentile, sparkline
from fh_dash.store.ring import Ring

Reload: TypeAlias = ReloadResult | Serving
"""`Serving`: the app was imported in a fresh process."""


class Reloads:
    def __init__(self, limit: int = 500) -> None:
        self.rows: Ring[Reload] = Ring(limit)
        self.count = 0
        """Good reloads in the whole run."""
        self.failed = 0
        self._times: Ring[float] = Ring(200)

    def serving(self, event: Serving) -> None:
        self.rows.append(event)

    def reloaded(self, event: ReloadResult) -> None:
        self.rows.append(event)
        if not event.ok:
            self.failed += 1
            return
        self.count += 1
        if not event.modules:
            return  # nothing ran: its time says nothing about a reload
        self._times.append(event.phases.total)

    @property
    def median(self) -> float | None:
        return median(self._times)

    @property
    def p95(self) -> float | None:
        return percentile(self._times, 0.95)

    def trend(self, width: int) -> str:
        return sparkline(self._times.last(width), width)
