"""The dashboard: header, pinned error, panes, keys. It composes and hands on; panes draw themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical

from fh_dash.tui._textual_compat import QuietScreen
from fh_dash.tui.widgets.caches import CacheRows
from fh_dash.tui.widgets.error import ErrorPanel
from fh_dash.tui.widgets.header import Header
from fh_dash.tui.widgets.imports import importing
from fh_dash.tui.widgets.keybar import KeyBar
from fh_dash.tui.widgets.modules import ModuleRows
from fh_dash.tui.widgets.output import OutputRows
from fh_dash.tui.widgets.pane import Pane
from fh_dash.tui.widgets.reloads import ReloadRows
from fh_dash.tui.widgets.requests import RequestRows
from fh_dash.tui.widgets.routes import RouteRows
from fh_dash.tui.widgets.rows import RowList
from fh_dash.tui.widgets.summaries import Summaries

if TYPE_CHECKING:
    from fh_dash.tui.app import DashApp

WIDE, HUGE = 100, 190
"""Columns of the terminal from which on four, and six, panes stand side by side."""
GRID = ("reloads", "requests", "caches", "output")
BEYOND = ("modules", "routes")


class MainScreen(QuietScreen):
    AUTO_FOCUS = None

    def __init__(self, dash: DashApp) -> None:
        super().__init__()
        store, slow = dash.store, dash.slow
        self.panes = {
            pane.rows.id or "": pane
            for pane in (
                Pane(ReloadRows(store)),
                Pane(RequestRows(store, slow)),
                Pane(CacheRows(store)),
                Pane(OutputRows(store)),
                Pane(ModuleRows(store)),
                Pane(RouteRows(store, slow)),
            )
        }
        self.header, self.error, self.keys = Header(), ErrorPanel(), KeyBar()
        self.summaries = Summaries(self.choose)
        self.zoomed = False
        self._last = "reloads"
        self._ready = False

    def compose(self) -> ComposeResult:
        yield self.header
        yield self.error
        with Horizontal(id="body"):
            for column, names in (("left", GRID[::2]), ("right", GRID[1::2]), ("third", BEYOND)):
                yield Vertical(*(self.panes[name] for name in names), id=column, classes="column")
        yield self.summaries
        yield self.keys

    # -------------------------------------------------------------------------------------------- parts

    @property
    def dash(self) -> DashApp:
        return cast("DashApp", self.app)

    @property
    def rows(self) -> RowList:
        """The list in focus, or the one that last was."""
        return self.panes[self._last].rows

    def list_named(self, name: str) -> RowList:
        return self.panes[name].rows

    # ------------------------------------------------------------------------------------------- layout

    def on_mount(self) -> None:
        self._ready = True
        self.take_view(self.dash.view)

    def on_resize(self) -> None:
        if self._ready:  # the first size comes before the children do
            self.lay_out()

    @property
    def single(self) -> bool:
        """One pane has the room; the others are one line each."""
        return self.zoomed or self.size.width < WIDE

    def shown(self) -> tuple[str, ...]:
        if self.single:
            return (self._last,)
        return GRID + BEYOND if self.size.width >= HUGE else GRID

    def lay_out(self) -> None:
        shown = self.shown()
        for name, pane in self.panes.items():
            pane.display = name in shown
        for column in self.query(".column"):
            column.display = any(child.display for child in column.children)
        others = [pane for name, pane in self.panes.items() if name not in shown] if self.single else []
        self.summaries.show(others)
        for pane in self.panes.values():
            if pane.display or pane in others:
                pane.rows.refresh_rows()

    def choose(self, name: str) -> None:
        """Bring a pane to the front and into focus."""
        beyond = name in BEYOND and self.size.width < HUGE
        self.zoomed = beyond if name != self._last or beyond else self.zoomed
        self._last = name
        self.lay_out()
        self.set_focus(self.rows)

    def toggle_zoom(self) -> None:
        self.zoomed = not self.zoomed
        if not self.zoomed and self._last not in self.shown():
            self._last = GRID[0]
        self.lay_out()
        self.set_focus(self.rows)

    def on_descendant_focus(self) -> None:
        focused = self.focused
        if isinstance(focused, RowList) and focused.id:
            self._last = focused.id

    # --------------------------------------------------------------------------------------------- data

    def on_screen_resume(self) -> None:
        if self._ready:
            self.refresh_all()

    def refresh_all(self) -> None:
        """Show what the store holds now."""
        self.header.update()
        self.error.show(self.dash.store.status.error)
        for pane in self.panes.values():
            if pane.display or pane in self.summaries.panes:
                pane.rows.refresh_rows()
        self.summaries.update()

    def tick(self) -> None:
        """Once a second: what changes by itself."""
        self.header.update()
        if importing(self.dash.store):
            self.panes["reloads"].rows.refresh()
        self.panes["reloads"].rows.refresh_rows()

    def repaint(self) -> None:
        """The palette changed."""
        self.error.repaint()
        for pane in self.panes.values():
            pane.repaint()
        self.header.refresh()
        self.keys.refresh()
        self.summaries.refresh()

    # ------------------------------------------------------------------------- what the person did in a list

    def action_filter(self) -> None:
        self.panes[self._last].open_filter()

    @on(RowList.Opened)
    def opened(self, event: RowList.Opened) -> None:
        self.dash.show_detail(event.row)

    @on(RowList.Copied)
    def copied(self, event: RowList.Copied) -> None:
        self.dash.copy(event.text)

    @on(RowList.Left)
    def left(self) -> None:
        if self.zoomed:
            self.toggle_zoom()

    @on(CacheRows.ClearWanted)
    def clear_wanted(self, event: CacheRows.ClearWanted) -> None:
        self.dash.clear_cache(event.state)

    # ------------------------------------------------------------------------------- carried over a restart

    def view(self) -> dict[str, Any]:
        """The screen's own state, as plain values."""
        filters = {name: pane.rows.filter_text for name, pane in self.panes.items() if pane.rows.filter_text}
        requests = self.panes["requests"].rows
        noise = isinstance(requests, RequestRows) and requests.noise
        return {"pane": self._last, "zoomed": self.zoomed, "filters": filters, "noise": noise}

    def take_view(self, view: dict[str, Any]) -> None:
        for name, text in dict(view.get("filters") or {}).items():
            if name in self.panes:
                self.panes[name].filter_by(str(text))
        requests = self.panes["requests"].rows
        if isinstance(requests, RequestRows) and view.get("noise"):
            requests.show_noise(True)
        if view.get("pane") in self.panes:
            self._last = str(view["pane"])
        self.zoomed = bool(view.get("zoomed"))
        self.lay_out()
        self.set_focus(self.rows)
