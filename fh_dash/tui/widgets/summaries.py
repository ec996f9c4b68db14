"""The panes that are not on the screen, one line each, like tabs."""

from __future__ import annotations

from collections.abc import Callable

from textual import events

from fh_dash.tui.paint import Line, spread
from fh_dash.tui.widgets.base import Lines
from fh_dash.tui.widgets.pane import Pane


class Summaries(Lines):
    """A click brings the pane."""

    def __init__(self, chosen: Callable[[str], object]) -> None:
        super().__init__()
        self._chosen = chosen
        self.panes: list[Pane] = []

    def show(self, panes: list[Pane]) -> None:
        self.panes = panes
        self.display = bool(panes)
        self.styles.height = len(panes)
        self.refresh()

    def update(self) -> None:
        """Draw them anew if they would look different."""
        if self.panes and self.lines(self.size.width) != self._drawn:
            self.refresh()

    def lines(self, width: int) -> list[Line]:
        lines: list[Line] = []
        for pane in self.panes:
            left, right = pane.heading()
            lines.append(
                [
                    (" ", "text"),
                    *spread(
                        [("  ", "text"), *left, (" ", "text")],
                        [(" ", "text"), *right, ("   ", "text")],
                        width - 1,
                        ("·", "border"),
                    ),
                ]
            )
        return lines

    def on_click(self, event: events.Click) -> None:
        if event.y < len(self.panes):
            self._chosen(self.panes[event.y].rows.id or "")
