"""What the dashboard's header says: the one state that matters now."""

from __future__ import annotations

from typing import Literal, TypeAlias

from fh_dash.events import (
    ErrorReport,
    ImportStarted,
    Listening,
    LoadFailed,
    ReloadResult,
    ReloadStarted,
    ServerStopped,
    Serving,
)

Phase: TypeAlias = Literal["starting", "importing", "serving", "reloading", "broken", "stopped"]


class Status:
    def __init__(self, target: str, now: float) -> None:
        self.phase: Phase = "starting"
        self.target = target
        """As typed, until the app says what it is."""
        self.url = ""
        self.network: tuple[str, ...] = ()
        """URLs for other machines."""
        self.generation = 0
        self.since = now
        """When the phase began."""
        self.up = False
        """Some generation answers requests."""
        self.hangs_at: tuple[str, int] | None = None
        """File and line of project code that keeps the import, a reload or the whole server waiting."""
        self.error: ErrorReport | None = None
        """The error that is pinned until the next good save."""

    def listening(self, event: Listening) -> None:
        self.url, self.network = event.url, event.network

    def import_started(self, event: ImportStarted) -> None:
        if self.phase == "starting":
            self._enter("importing", event.time)

    def serving(self, event: Serving) -> None:
        self.target, self.generation = self.target or event.target, event.generation
        self.up, self.error = True, None
        self._enter("serving", event.time)

    def load_failed(self, event: LoadFailed) -> None:
        self.up, self.error = False, event.error
        self._enter("broken", event.time)

    def reload_started(self, event: ReloadStarted) -> None:
        if self.phase != "stopped":
            self._enter("reloading" if self.up else "importing", event.time)

    def reloaded(self, event: ReloadResult) -> None:
        if self.phase == "stopped":
            return
        self.generation, self.error = event.generation, event.error
        self.up = self.up or event.ok
        self._enter("serving" if event.ok else "broken", event.time)

    def stopped(self, event: ServerStopped) -> None:
        self.up = False
        self.error = event.error or self.error
        self._enter("stopped", event.time)

    def _enter(self, phase: Phase, time: float) -> None:
        self.phase, self.since = phase, time
