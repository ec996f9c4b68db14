"""The frame around a list: a title with a summary, and a filter line that appears with `/`."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.geometry import Region
from textual.strip import Strip
from textual.widgets import Input

from fh_dash.tui.paint import Line
from fh_dash.tui.widgets.base import Painted
from fh_dash.tui.widgets.frame import edge, regions
from fh_dash.tui.widgets.rows import RowList


class FilterInput(Input):
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "submit", "keep", id="filter_keep", tooltip="Keep the filter and go back to the rows"),
        Binding("escape", "leave(True)", "clear", id="filter_clear", tooltip="Clear the filter"),
        Binding("down", "leave(False)", "to the rows", id="filter_rows", show=False),
    ]

    def action_leave(self, clear: bool) -> None:
        pane = self.query_ancestor(Pane)
        pane.close_filter(clear)


class Pane(Vertical, Painted):
    def __init__(self, rows: RowList) -> None:
        super().__init__(id=f"pane-{rows.id}", classes="pane")
        self.rows = rows
        self._title: tuple[Line, Line] = ([], [])
        self._edge = "border"
        self._problem = ""

    def compose(self) -> ComposeResult:
        yield self.rows

    # ------------------------------------------------------------------------------------------------ frame

    def render_line(self, y: int) -> Strip:
        width, height = self.size
        return self.paint(edge(y, height, width, *self._title, self._edge), width)

    @on(RowList.Changed)
    def show_title(self) -> None:
        """Draw the frame anew as far as it differs."""
        title, stroke = self.heading(), "accent" if self.has_focus_within else "border"
        if stroke != self._edge:
            self.refresh(*regions(*self.size))
        elif title != self._title:
            self.refresh(Region(0, 0, self.size.width, 1))
        self._title, self._edge = title, stroke

    def heading(self) -> tuple[Line, Line]:
        """The title and its summary."""
        name = "text bold" if self.has_focus_within else "text"
        left: Line = [(f"{self.rows.NUMBER} ", "muted"), (self.rows.title, name)]
        return left, self._filtered() or self.rows.summary()

    def _filtered(self) -> Line:
        view, text = self.rows.view, self.rows.filter_text
        if self._problem:
            return [(self._problem, "error")]
        if not text:
            return []
        return [(f"{len(view)} of {view.total}", "accent"), ("  /", "muted"), (text, "text")]

    def repaint(self) -> None:
        """The palette changed."""
        self.refresh()
        self.rows.refresh()

    def on_resize(self) -> None:
        self.show_title()

    # ----------------------------------------------------------------------------------------------- filter

    def open_filter(self) -> None:
        """The line is made when it is needed: six of them would cost the first frame a tenth of its time.

        The focus moves at once, so that what is typed right after `/` is already text.
        """
        if not self.query(FilterInput):
            hint = self.rows.VOCABULARY.hint
            self.mount(FilterInput(self.rows.filter_text, placeholder=hint, compact=True, select_on_focus=False))
        self.add_class("filtering")
        self.screen.set_focus(self.query_one(FilterInput))

    def close_filter(self, clear: bool) -> None:
        if clear:
            self.filter_by("")
        if not self.rows.filter_text:
            self.query(FilterInput).remove()
            self.remove_class("filtering")
        self.screen.set_focus(self.rows)

    def filter_by(self, text: str) -> None:
        self._problem = self.rows.set_filter(text).error
        self.show_title()

    @on(Input.Changed)
    def filter_changed(self, event: Input.Changed) -> None:
        event.stop()
        self.filter_by(event.value)

    @on(Input.Submitted)
    def filter_done(self, event: Input.Submitted) -> None:
        event.stop()
        self.close_filter(clear=not event.value.strip())

    @on(RowList.Left)
    def left(self, event: RowList.Left) -> None:
        """Esc in the list: the filter goes first, then it is the screen's."""
        if self.rows.filter_text:
            event.stop()
            self.close_filter(clear=True)
