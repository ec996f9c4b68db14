"""The composition: each event goes to the parts that care about it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from fh_dash import events
from fh_dash.store.caches import Caches
from fh_dash.store.imports import Imports
from fh_dash.store.modules import Modules
from fh_dash.store.output import Output
from fh_dash.store.reloads import Reloads
from fh_dash.store.requests import Requests
from fh_dash.store.routes import Routes
from fh_dash.store.status import Status


@dataclass(frozen=True, slots=True)
class Limits:
    """Rows and bytes that are kept; older ones go."""

    reloads: int = 500
    requests: int = 10_000
    output: int = 20_000
    max_bytes: int = 16_000_000
    """For requests and for output, each."""


class Store:
    def __init__(
        self, target: str = "", *, limits: Limits | None = None, clock: Callable[[], float] = time.time
    ) -> None:
        limits = limits or Limits()
        self.clock = clock
        self.status = Status(target, clock())
        self.reloads = Reloads(limits.reloads)
        self.requests = Requests(limits.requests, limits.max_bytes)
        self.output = Output(limits.output, limits.max_bytes)
        self.caches = Caches()
        self.modules = Modules()
        self.imports = Imports()
        self.routes = Routes()
        self._readers = self._table()

    def _table(self) -> dict[type[Any], tuple[Callable[[Any], object], ...]]:
        status, imports, modules = self.status, self.imports, self.modules
        return {
            events.Listening: (status.listening,),
            events.ImportStarted: (status.import_started, imports.started, modules.import_started),
            events.ImportFinished: (imports.finished, modules.import_finished),
            events.Serving: (status.serving, self.reloads.serving, self._idle),
            events.LoadFailed: (status.load_failed, self._idle),
            events.ReloadStarted: (status.reload_started,),
            events.ReloadResult: (status.reloaded, self.reloads.reloaded, modules.reloaded, self._idle),
            events.ServerStopped: (status.stopped, self._idle, self._ended),
            events.RequestStarted: (self.requests.started,),
            events.RequestFinished: (self.requests.finished, self.routes.finished),
            events.OutputLine: (self.output.written,),
        }

    def apply(self, batch: Iterable[events.Event]) -> None:
        """Events of a kind that is not known (from a newer part) are left out."""
        for event in batch:
            for reader in self._readers.get(type(event), ()):
                reader(event)

    def _idle(self, event: object) -> None:
        self.imports.stop()

    def _ended(self, event: object) -> None:
        self.requests.end_running()
