"""A route in full, with its last requests."""

from __future__ import annotations

from fh_dash.events import RequestFinished
from fh_dash.store import units
from fh_dash.store.routes import RouteStats
from fh_dash.tui.details.document import Context, Document
from fh_dash.tui.details.parts import fields, heading
from fh_dash.tui.paint import Line
from fh_dash.tui.places import place
from fh_dash.tui.widgets.requests import status_role

_LAST = 20


def describe(stats: RouteStats, context: Context) -> Document:
    def time(value: float | None) -> str:
        return units.milliseconds(value) if value is not None else ""

    lines = fields([
        ("Methods", (stats.methods or "mount", "text")),
        ("Path", (stats.path, "text")),
        ("Handler", (stats.handler, "text")),
        ("Place", (place(stats.file, stats.line), "text")),
        ("Hits", (str(stats.hits), "text")),
        ("Median", (time(stats.p50), "text")),
        ("p95", (time(stats.p95), "text")),
        ("Errors", (str(stats.errors) if stats.errors else "", "error")),
    ])  # fmt: skip
    last = [
        row
        for row in context.store.requests.rows
        if isinstance(row, RequestFinished) and context.store.routes.of(row) is stats
    ]
    if last:
        lines += heading("Last requests")
        lines += [_request(row) for row in reversed(last[-_LAST:])]
    url = context.store.status.url.rstrip("/") + stats.path
    return Document(f"Route {stats.path}", lines, url, (stats.file, stats.line) if stats.file else None)


def _request(row: RequestFinished) -> Line:
    return [
        (f"{units.clock(row.time)}  ", "muted"),
        (f"{row.method:<6} ", "text"),
        (f"{row.status:>3}  ", status_role(row)),
        (units.milliseconds(row.milliseconds).rjust(8), "text"),
        (f"  {row.path}", "text"),
    ]
