"""A question at the bottom of the screen: y or anything else."""

from __future__ import annotations

from textual import events
from textual.app import ComposeResult
from textual.screen import ModalScreen
from textual.strip import Strip

from fh_dash.tui.paint import Line
from fh_dash.tui.widgets.base import Painted


class Question(Painted):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text

    def render_line(self, y: int) -> Strip:
        line: Line = [
            (self.text, "text bold"),
            ("   y", "accent"),
            (" yes", "muted"),
            ("   n", "accent"),
            (" no", "muted"),
        ]
        return self.paint(line, self.size.width, indent=1)


class AskScreen(ModalScreen[bool]):
    """Dismissed with True for y, with False for any other key or click."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self._text = text

    def compose(self) -> ComposeResult:
        yield Question(self._text)

    def on_key(self, event: events.Key) -> None:
        event.stop()
        self.dismiss(event.key in ("y", "Y"))

    def on_click(self) -> None:
        self.dismiss(False)
