"""Pane 5: every project module."""

from __future__ import annotations

from collections.abc import Hashable
from typing import ClassVar

from fh_dash.store import Store, units
from fh_dash.store.filters import MODULES, Vocabulary
from fh_dash.store.modules import ModuleState
from fh_dash.store.view import TableView
from fh_dash.tui.columns import Column, aligned
from fh_dash.tui.paint import Line, Part
from fh_dash.tui.widgets.rows import Place, RowList

COLUMNS = (
    Column("name", 14, share=1),
    Column("outcome", 9),
    Column("time", 8, since=50),
    Column("reruns", 7, right=True, since=42),
    Column("ms", 8, right=True),
    Column("by", 14, share=2, since=58),
    Column("reason", 10, share=3, since=86),
)


class ModuleRows(RowList):
    NUMBER, TITLE = 5, "Modules"
    EMPTY = "No modules yet: they appear as the app imports them"
    VOCABULARY: ClassVar[Vocabulary] = MODULES

    def __init__(self, store: Store) -> None:
        super().__init__(TableView(lambda: store.modules.rows, lambda state: state.name), name="modules")

    def stamp(self) -> Hashable:
        return self.store.modules.version

    def draw(self, row: ModuleState, width: int, position: int) -> list[Line]:
        return [aligned(COLUMNS, width, cells(row))]

    def summary(self) -> Line:
        states = self.store.modules.rows
        if not states:
            return []
        slowest = max(states, key=lambda state: state.milliseconds)
        line: Line = [(str(len(states)), "text")]
        if self.size.width >= 48 and slowest.milliseconds >= 1:
            line.append((f" · slowest {slowest.name} {units.milliseconds(slowest.milliseconds)}", "muted"))
        return line

    def place(self, row: ModuleState) -> Place | None:
        return (row.file, 1) if row.file else None

    def copy_text(self, row: ModuleState) -> str:
        return row.file or row.name


def cells(state: ModuleState) -> dict[str, Part]:
    return {
        "name": (state.name, "text"),
        "outcome": ("failed", "error") if state.failed else (state.outcome, "muted"),
        "time": (units.clock(state.time) if state.time else "", "muted"),
        "reruns": (f"{state.reruns}×" if state.reruns else "·", "text" if state.reruns else "muted"),
        "ms": (units.milliseconds(state.milliseconds) if state.runs else "", "text"),
        "by": (f"← {', '.join(state.importers)}" if state.importers else "", "muted"),
        "reason": (state.reason, "muted"),
    }
