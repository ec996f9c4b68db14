"""Pane 2: the request log."""

from __future__ import annotations

import shlex
from collections.abc import Hashable
from typing import ClassVar

from fh_dash.events import RequestFinished
from fh_dash.store import Store, units
from fh_dash.store.filters import REQUESTS, Vocabulary
from fh_dash.store.requests import Request, is_noise
from fh_dash.store.view import RingView
from fh_dash.tui.columns import Column, aligned
from fh_dash.tui.paint import Line, Part
from fh_dash.tui.places import place
from fh_dash.tui.widgets.rows import Place, RowList

_SECONDS_FROM, _HANDLER_FROM = 46, 78
COLUMNS = (
    Column("time", 8, since=_SECONDS_FROM),
    Column("method", 6),
    Column("status", 3),
    Column("ms", 8, right=True),
    Column("size", 7, right=True, since=58),
    Column("path", 8, share=3),
    Column("hx", 2, since=66),
    Column("handler", 10, share=2, since=_HANDLER_FROM, end=True),
)
SHORT = (Column("clock", 5), *COLUMNS[1:])
_STATUS = {2: "ok", 3: "muted", 4: "slow", 5: "error"}


class RequestRows(RowList):
    NUMBER, TITLE = 2, "Requests"
    EMPTY = "No requests yet: o opens the page"
    VOCABULARY: ClassVar[Vocabulary] = REQUESTS

    def __init__(self, store: Store, slow: float) -> None:
        self.slow = slow
        self.requests: RingView[Request] = RingView(store.requests.rows, newest_first=True)
        self.requests.hide(is_noise)
        super().__init__(self.requests, name="requests")

    @property
    def noise(self) -> bool:
        return self.requests.hidden is None

    def show_noise(self, shown: bool) -> None:
        self.requests.hide(None if shown else is_noise)
        self._settle(self._top_row())

    def stamp(self) -> Hashable:
        requests = self.store.requests
        return requests.rows.end, requests.total, requests.running, requests.lost

    def draw(self, row: Request, width: int, position: int) -> list[Line]:
        columns = COLUMNS if width >= _SECONDS_FROM else SHORT
        return [aligned(columns, width, cells(row, self.slow, with_error=width < _HANDLER_FROM))]

    def summary(self) -> Line:
        requests = self.store.requests
        if not self.view.total and not requests.running:
            return []
        if self.unseen:
            return [(f"+{self.unseen} new", "accent"), (f" · {self.view.total}", "muted")]
        line: Line = [(str(self.view.total), "text")]
        if requests.running:
            line.append((f" · {requests.running} running", "muted"))
        if requests.gone:
            line.append((f" · {requests.gone:,} gone", "muted"))
        return [*line, (" · follow" if self.following else " · paused", "muted")]

    def place(self, row: Request) -> Place | None:
        if not isinstance(row, RequestFinished):
            return None
        if row.error is not None and row.error.file:
            return row.error.file, row.error.line or 1
        route = self.store.routes.of(row)
        return (route.file, route.line) if route is not None and route.file else None

    def copy_text(self, row: Request) -> str:
        return curl(row, self.store.status.url)


def cells(event: Request, slow: float, *, with_error: bool = False) -> dict[str, Part]:
    values: dict[str, Part] = {
        "time": (units.clock(event.time), "muted"),
        "clock": (units.clock(event.time, seconds=False), "muted"),
        "method": (event.method, "text"),
        "path": (event.path, "text"),
    }
    if not isinstance(event, RequestFinished):
        return values | {"status": ("···", "accent"), "ms": ("running", "muted")}
    values["status"] = (str(event.status) if event.status else "–", status_role(event))
    values["ms"] = (units.milliseconds(event.milliseconds), "slow" if event.milliseconds >= slow else "text")
    values["size"] = (units.size(event.size) if event.size else "", "muted")
    values["hx"] = ("hx" if event.htmx else "", "muted")
    values["handler"] = (event.handler, "muted")
    if event.query:
        values["path"] = (f"{event.path}?{event.query}", "text")
    if event.error is not None:
        failed = f"{event.error.type} {place(event.error.file, event.error.line)}"
        values["handler"] = (failed, "error")
        if with_error:
            values["path"] = (f"{values['path'][0]}  {event.error.type}", "text")
    return values


def status_role(event: RequestFinished) -> str:
    if event.method == "WS":
        return "muted"
    return _STATUS.get(event.status // 100, "muted") if event.status else "error"


def curl(event: Request, url: str) -> str:
    """A command that sends the request again, as far as it is known."""
    query = f"?{event.query}" if isinstance(event, RequestFinished) and event.query else ""
    method = "" if event.method == "GET" else f"-X {shlex.quote(event.method)} "
    return f"curl {method}{shlex.quote(url.rstrip('/') + event.path + query)}"
