"""What all our widgets share: the palette of the app, and lines painted with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from textual.strip import Strip
from textual.widget import Widget

from fh_dash.tui.paint import Line, strip

if TYPE_CHECKING:
    from fh_dash.store import Store
    from fh_dash.tui.app import DashApp
    from fh_dash.tui.theme import Palette


class Painted(Widget):
    """A widget that draws from the store; never focusable by itself."""

    @property
    def dash(self) -> DashApp:
        return cast("DashApp", self.app)

    @property
    def palette(self) -> Palette:
        return self.dash.palette

    @property
    def store(self) -> Store:
        return self.dash.store

    def paint(self, line: Line, width: int, *, marked: bool = False, indent: int = 0) -> Strip:
        return strip(line, width, self.palette, marked=marked, indent=indent)


class Lines(Painted):
    """A fixed block of lines, made anew whenever it is drawn."""

    def __init__(self) -> None:
        super().__init__()
        self._drawn: list[Line] = []
        self._drawn_width = -1

    def lines(self, width: int) -> list[Line]:
        raise NotImplementedError

    def render_line(self, y: int) -> Strip:
        width = self.content_size.width
        if y == 0 or self._drawn_width != width:
            self._drawn, self._drawn_width = self.lines(width), width
        return self.paint(self._drawn[y] if y < len(self._drawn) else [], width)
