"""The pinned error: what broke, where, and what goes on serving meanwhile."""

from __future__ import annotations

from collections.abc import Sequence

from fh_dash.events import ErrorReport, Frame, SourceLine
from fh_dash.store.status import Status
from fh_dash.tui.paint import Line, cells, content, spread
from fh_dash.tui.places import place, short
from fh_dash.tui.widgets.base import Lines

_MOST_LINES = 7
"""Between the borders: the panel takes five to nine lines of the screen."""
_MOST_MESSAGE = 2
_AROUND_TITLE = 4


class ErrorPanel(Lines):
    _shown: ErrorReport | None = None

    def show(self, error: ErrorReport | None) -> None:
        """Slide in under the header, or leave."""
        if error is self._shown:
            return
        self._shown = error
        self.display = error is not None
        if error is None:
            return
        self.styles.height = len(panel_lines(error)) + 2
        self.repaint()

    def lines(self, width: int) -> list[Line]:
        error = self.store.status.error
        return panel_lines(error) if error is not None else []

    def repaint(self) -> None:
        error = self.store.status.error
        if error is None:
            return
        left: Line = [
            (f"✗ {error.type}", "error bold"),
            ("  ", "text"),
            (place(error.file, error.line), "text"),
            (" ", "text"),
        ]
        room = (self.size.width or self.screen.size.width - 2) - _AROUND_TITLE
        right: Line = [(" ", "text"), (what_now(self.store.status), "muted")]
        if cells(left) + cells(right) > room:
            right = [(" ", "text"), ("e opens the editor", "muted")]
        line = spread(left, right, room, ("─", "error"))
        self.border_title = content(line, self.palette)
        self.refresh()

    def on_resize(self) -> None:
        self.repaint()


def what_now(status: Status) -> str:
    if status.phase == "stopped":
        return "the server stopped: R starts it again"
    serving = f"gen {status.generation} goes on serving" if status.up else "the next good save starts the app"
    return f"{serving} · e opens the editor"


def panel_lines(error: ErrorReport) -> list[Line]:
    message = error.message.splitlines() or [""]
    lines: list[Line] = [[(text, "error")] for text in message[:_MOST_MESSAGE]]
    room = _MOST_LINES - len(lines)
    source = excerpt(error)
    frames = [frame_line(frame) for frame in project_frames(error)]
    keep = 1 if frames and len(source) > room - 1 else min(len(frames), max(0, room - len(source)))
    lines += around(source, room - keep)
    return lines + (frames[-keep:] if keep else [])


def around(source: list[Line], most: int) -> list[Line]:
    """`most` lines of an excerpt, the line of the error and its caret among them."""
    marked = next((i for i, line in enumerate(source) if line[0][0].startswith("▸")), 0)
    start = min(max(0, marked - max(0, most - 3)), max(0, len(source) - most))
    return source[start : start + most]


def excerpt(error: ErrorReport) -> list[Line]:
    """The source around the error, with a caret under the column."""
    lines: list[Line] = []
    digits = len(str(max((line.number for line in error.excerpt), default=0)))
    margin = _common_indent(error.excerpt)
    for source in _trimmed(error):
        here = source.number == error.line
        lines.append([
            ("▸ " if here else "  ", "error"),
            (f"{source.number:>{digits}} ", "muted"),
            ("│ ", "muted"),
            (_expanded(source.text)[margin:], "text" if here else "muted"),
        ])  # fmt: skip
        if here and error.column:
            column = len(_expanded(source.text[: error.column - 1])) - margin
            lines.append([(" " * (digits + 3), "text"), ("│ ", "muted"), (" " * max(0, column) + "^", "error bold")])
    return lines


def _trimmed(error: ErrorReport) -> list[SourceLine]:
    """Without blank lines around it."""
    lines = list(error.excerpt)
    while lines and not lines[0].text.strip() and lines[0].number != error.line:
        del lines[0]
    while lines and not lines[-1].text.strip() and lines[-1].number != error.line:
        lines.pop()
    return lines


def _expanded(text: str) -> str:
    return text.expandtabs(4)


def _common_indent(source: Sequence[SourceLine]) -> int:
    texts = [_expanded(line.text) for line in source if line.text.strip()]
    return min((len(text) - len(text.lstrip()) for text in texts), default=0)


def project_frames(error: ErrorReport) -> list[Frame]:
    """The project's own frames that say more than the place of the error does."""
    return [f for f in error.frames if f.project and (f.file, f.line) != (error.file, error.line)]


def frame_line(frame: Frame) -> Line:
    return [
        ("  at ", "muted"),
        (f"{short(frame.file)}:{frame.line}", "text"),
        (f"  {frame.function}", "muted"),
        (f"  {frame.text}" if frame.text else "", "muted"),
    ]
