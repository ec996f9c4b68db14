"""Pane 4: what the app printed and logged, colours kept."""

from __future__ import annotations

from collections.abc import Hashable
from typing import ClassVar

from fh_dash.events import OutputLine
from fh_dash.store import Store, units
from fh_dash.store.ansi import PLAIN, pieces, plain
from fh_dash.store.filters import OUTPUT, Vocabulary
from fh_dash.store.view import RingView
from fh_dash.text import visible
from fh_dash.tui.columns import Column, fitted
from fh_dash.tui.paint import Line, Part
from fh_dash.tui.widgets.rows import RowList

MARKS = {"WARNING": "! ", "ERROR": "✗ ", "CRITICAL": "✗ "}
LEVELS = {"WARNING": "slow", "ERROR": "error", "CRITICAL": "error bold", "DEBUG": "muted"}
_TIME = Column("time", 8)
_FROM = Column("from", 9, end=True)
_TIME_FROM, _SOURCE_FROM = 40, 48


class OutputRows(RowList):
    NUMBER, TITLE = 4, "Output"
    EMPTY = "Nothing yet: what the app prints and logs"
    VOCABULARY: ClassVar[Vocabulary] = OUTPUT

    def __init__(self, store: Store) -> None:
        self.lines_view: RingView[OutputLine] = RingView(store.output.rows)
        self._unnamed = False
        super().__init__(self.lines_view, name="output")

    def refresh_rows(self, *, force: bool = False) -> None:
        output = self.store.output
        if output.revised >= 0:
            self.lines_view.again(output.revised)
            output.revised = -1
            force = True
        super().refresh_rows(force=force)
        self._unnamed = False

    def stamp(self) -> Hashable:
        output = self.store.output
        # A line of a request that still runs has no name for it yet.
        unnamed = self.store.requests.total if self._unnamed else 0
        return output.rows.end, output.lost, unnamed

    def draw(self, row: OutputLine, width: int, position: int) -> list[Line]:
        before = self.lines_view.at(position - 1) if position else None
        line: Line = []
        for column, since, read in ((_TIME, _TIME_FROM, _time), (_FROM, _SOURCE_FROM, self.source)):
            if width >= since:
                same = before is not None and self._repeats(row, before, read)
                line += [(fitted("" if same else read(row), column.width, column), "muted"), ("  ", "text")]
        return [[*line, *text(row)]]

    def _repeats(self, row: OutputLine, before: OutputLine, read: object) -> bool:
        return _time(row) == _time(before) and (read is _time or self.source(row) == self.source(before))

    def source(self, line: OutputLine) -> str:
        """Who wrote it: the handler of the request, the logger, or the stream when it is not stdout."""
        if line.request:
            handler = self.store.requests.handler(line.request)
            self._unnamed = self._unnamed or not handler
            return handler.rpartition(".")[2] if handler else f"#{line.request}"
        if line.logger:
            return line.logger
        return {"stderr": "stderr", "fd": "process"}.get(line.source, "")

    def summary(self) -> Line:
        output, line = self.store.output, Line()
        if self.unseen:
            line.append((f"+{self.unseen} new · ", "accent"))
        if output.gone:
            line.append((f"{output.gone:,} gone · ", "muted"))
        line.append((units.count(self.view.total, "line"), "text"))
        return [*line, (" · follow" if self.following else " · paused", "muted")] if self.view.total else []

    def copy_text(self, row: OutputLine) -> str:
        return plain(row.text)


def _time(line: OutputLine) -> str:
    return units.clock(line.time)


def text(line: OutputLine) -> list[Part]:
    """The line's own words, in its own colours or in that of its level."""
    role = LEVELS.get(line.level, "text")
    mark: list[Part] = [(MARKS[line.level], role)] if line.level in MARKS else []
    if "\x1b[" not in line.text:
        return [*mark, (line.text.replace("\t", "    "), role)]
    return [
        *mark,
        *((visible(part.replace("\t", "    ")), look if look != PLAIN else role) for part, look in pieces(line.text)),
    ]
