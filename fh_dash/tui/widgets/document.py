"""Lines to read: scrolls, draws only what is on the screen."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import BindingType
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from fh_dash.tui import bindings
from fh_dash.tui.paint import Line
from fh_dash.tui.widgets.base import Painted


class DocumentView(ScrollView, Painted, can_focus=True):
    BINDINGS: ClassVar[list[BindingType]] = [b for b in bindings.DETAIL if "scroll" in b.action]

    def __init__(self) -> None:
        super().__init__()
        self._text: list[Line] = []

    def show(self, lines: list[Line]) -> None:
        self._text = lines
        self.virtual_size = Size(self.content_size.width, len(lines))
        self.refresh()

    def render_line(self, y: int) -> Strip:
        width = max(1, self.scrollable_content_region.width)
        line = self.scroll_offset.y + y
        return self.paint(self._text[line] if line < len(self._text) else [], width)
