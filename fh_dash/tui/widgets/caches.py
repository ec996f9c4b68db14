"""Pane 3: the functions whose values outlive reloads."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import ClassVar

from textual.binding import BindingType
from textual.message import Message

from fh_dash.events import CacheState
from fh_dash.store import Store, units
from fh_dash.store.filters import CACHES, Vocabulary
from fh_dash.store.view import TableView
from fh_dash.tui import bindings
from fh_dash.tui.columns import Column, aligned
from fh_dash.tui.paint import Line, Part
from fh_dash.tui.places import place
from fh_dash.tui.widgets.rows import Place, RowList

COLUMNS = (
    Column("name", 11, share=2),
    Column("place", 14, share=3, since=54, end=True),
    Column("hits", 8, right=True),
    Column("misses", 8, right=True, since=46),
    Column("rate", 5, right=True, since=84),
    Column("entries", 9, right=True, since=90),
    Column("age", 6, right=True, since=68),
    Column("saved", 11, right=True, since=76),
    Column("state", 5),
)


class CacheRows(RowList):
    NUMBER, TITLE = 3, "Caches"
    EMPTY = "No caches: decorate a slow function with @no_reload_cache"
    VOCABULARY: ClassVar[Vocabulary] = CACHES
    UNIFORM = False
    BINDINGS: ClassVar[list[BindingType]] = list(bindings.CACHES)

    @dataclass
    class ClearWanted(Message):
        state: CacheState

    def __init__(self, store: Store) -> None:
        super().__init__(TableView(lambda: store.caches.states, lambda state: state.key), name="caches")

    def stamp(self) -> Hashable:
        caches, now = self.store.caches.states, self.store.clock()
        return caches, tuple(units.age(now - state.since) for state in caches if state.since)

    def draw(self, row: CacheState, width: int, position: int) -> list[Line]:
        lines = [aligned(COLUMNS, width, cells(row, self.store.clock()))]
        if row.stale:
            reason = row.reason or "changed since"
            lines.append([("  ", "text"), (f"{reason}: c adopts the new one", "muted")])
        return lines

    def summary(self) -> Line:
        caches = self.store.caches
        line: Line = [(f"{caches.stale} stale · ", "stale")] if caches.stale else []
        if caches.saved >= 0.01:
            return [*line, (f"{units.seconds(caches.saved)} saved", "text")]
        return [*line, (str(len(caches.states)), "text")] if caches.states else []

    def place(self, row: CacheState) -> Place | None:
        return (row.file, row.line) if row.file else None

    def copy_text(self, row: CacheState) -> str:
        return row.key

    def action_clear(self) -> None:
        if (state := self.current) is not None:
            self.post_message(self.ClearWanted(state))


def cells(state: CacheState, now: float) -> dict[str, Part]:
    values: dict[str, Part] = {
        "name": (state.key.rpartition(":")[2], "text"),
        "place": (place(state.file, state.line), "muted"),
        "state": condition(state),
    }
    if state.kind == "kept":
        return values | {"hits": ("kept", "muted")}
    calls = state.hits + state.misses
    return values | {
        "rate": (f"{state.hits / calls:.0%}" if calls else "", "text"),
        "entries": (units.count(state.entries, "entry", "entries"), "muted"),
        "age": (units.age(now - state.since) if state.since else "", "muted"),
        "hits": (units.count(state.hits, "hit"), "text"),
        "misses": (units.count(state.misses, "miss", "misses"), "muted"),
        "saved": (units.seconds(state.seconds_saved) if state.seconds_saved >= 0.01 else "", "muted"),
    }


def condition(state: CacheState) -> Part:
    if state.stale:
        return "stale", "stale"
    return ("fresh", "ok") if state.entries or state.kind == "kept" else ("empty", "muted")
