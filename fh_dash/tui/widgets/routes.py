"""Pane 6: the route table, with hits and times."""

from __future__ import annotations

from collections.abc import Hashable
from typing import ClassVar

from fh_dash.store import Store, units
from fh_dash.store.filters import ROUTES, Vocabulary
from fh_dash.store.routes import RouteStats
from fh_dash.store.view import TableView
from fh_dash.tui.columns import Column, aligned
from fh_dash.tui.paint import Line, Part
from fh_dash.tui.widgets.rows import Place, RowList

COLUMNS = (
    Column("methods", 8),
    Column("path", 10, share=3),
    Column("handler", 10, share=2, since=64, end=True),
    Column("hits", 6, right=True),
    Column("p50", 8, right=True, since=84),
    Column("p95", 8, right=True, since=46),
    Column("errors", 4, right=True, since=40),
)


class RouteRows(RowList):
    NUMBER, TITLE = 6, "Routes"
    EMPTY = "No routes yet: they appear when the app is served"
    VOCABULARY: ClassVar[Vocabulary] = ROUTES

    def __init__(self, store: Store, slow: float) -> None:
        self.slow = slow
        super().__init__(TableView(lambda: store.routes.rows, lambda stats: stats.key), name="routes")

    def stamp(self) -> Hashable:
        return self.store.requests.total, self.store.routes.version

    def draw(self, row: RouteStats, width: int, position: int) -> list[Line]:
        return [aligned(COLUMNS, width, cells(row, self.slow))]

    def summary(self) -> Line:
        rows = self.store.routes.rows
        unused = sum(not stats.hits for stats in rows)
        if not rows:
            return []
        return [(str(len(rows)), "text"), (f" · {unused} not called yet" if unused else "", "muted")]

    def place(self, row: RouteStats) -> Place | None:
        return (row.file, row.line) if row.file else None

    def copy_text(self, row: RouteStats) -> str:
        return self.store.status.url.rstrip("/") + row.path


def cells(stats: RouteStats, slow: float) -> dict[str, Part]:
    def time(value: float | None) -> Part:
        if value is None:
            return "", "muted"
        return units.milliseconds(value), "slow" if value >= slow else "text"

    return {
        "methods": (stats.methods or "mount", "text" if stats.methods else "muted"),
        "path": (stats.path, "text"),
        "handler": (stats.handler, "muted"),
        "hits": (str(stats.hits) if stats.hits else "·", "text" if stats.hits else "muted"),
        "p50": time(stats.p50),
        "p95": time(stats.p95),
        "errors": (f"✗ {stats.errors}" if stats.errors else "", "error"),
    }
