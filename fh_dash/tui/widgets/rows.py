"""A list of any length that draws only the rows on the screen.

The rows come from a `store.view.View`; keys, not positions, are remembered, so that new rows never move the
selection nor what is being read.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any, ClassVar

from textual import events
from textual.binding import BindingType
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from fh_dash.store.filters import Filter, Vocabulary, parse
from fh_dash.store.view import RingView, View
from fh_dash.tui import _textual_compat as compat
from fh_dash.tui import bindings
from fh_dash.tui.paint import Line
from fh_dash.tui.widgets.base import Painted

Place = tuple[str, int]


class RowList(ScrollView, Painted, can_focus=True):
    """Base of all panes' contents. A pane says what its rows look like (`draw`) and what they are about."""

    NUMBER: ClassVar[int]
    TITLE: ClassVar[str]
    EMPTY: ClassVar[str]
    """What would fill the pane, for when there is nothing."""
    VOCABULARY: ClassVar[Vocabulary]
    UNIFORM: ClassVar[bool] = True
    """Each row is one line."""
    BINDING_GROUP_TITLE = "List"
    BINDINGS: ClassVar[list[BindingType]] = list(bindings.LIST)

    @dataclass
    class Opened(Message):
        row: Any

    @dataclass
    class Copied(Message):
        text: str

    class Changed(Message):
        """Rows, filter or follow mode changed: the title has to be made anew."""

        def can_replace(self, message: Message) -> bool:
            return isinstance(message, RowList.Changed) and message._sender is self._sender

    class Left(Message):
        """Esc with nothing more to leave in here."""

    def __init__(self, view: View, *, name: str) -> None:
        super().__init__(id=name)
        self.view = view
        self.selected: Hashable = None
        self.following = True
        self.filter_text = ""
        self._stamp: Hashable = None
        self._left_at = 0
        self._anchoring = False
        self._starts: list[int] = []
        self._drawn: list[list[Line]] = []

    # ---------------------------------------------------------------------------------- what a pane defines

    def draw(self, row: Any, width: int, position: int) -> list[Line]:
        """The lines of one row; exactly one when `UNIFORM`."""
        raise NotImplementedError

    def summary(self) -> Line:
        """For the right end of the title."""
        raise NotImplementedError

    def place(self, row: Any) -> Place | None:
        """File and line that the row is about."""
        return None

    def copy_text(self, row: Any) -> str:
        return ""

    @property
    def title(self) -> str:
        return self.TITLE

    # ------------------------------------------------------------------------------------------------- rows

    @property
    def live(self) -> bool:
        """New rows come in at one end."""
        return isinstance(self.view, RingView)

    @property
    def newest_first(self) -> bool:
        return isinstance(self.view, RingView) and self.view.newest_first

    @property
    def cursor(self) -> int:
        """The position of the selected row; the newest (or first) one when none was chosen."""
        chosen = self.view.position(self.selected) if self.selected is not None else None
        if chosen is not None:
            return chosen
        return max(0, len(self.view) - 1) if self.live and not self.newest_first else 0

    @property
    def current(self) -> Any:
        """The selected row, or None in an empty list."""
        return self.view.at(self.cursor) if len(self.view) else None

    def stamp(self) -> Hashable:
        """Differs when something that the pane shows has changed."""
        raise NotImplementedError

    def refresh_rows(self, *, force: bool = False) -> None:
        """Take in what the store got since the last time; the person's place in the list stays."""
        stamp = self.stamp()
        if stamp == self._stamp and not force:
            return
        self._stamp = stamp
        anchor = self._top_row()
        self.view.update()
        self._settle(anchor)

    def set_filter(self, text: str) -> Filter:
        self.filter_text = text.strip()
        wanted = parse(text, self.VOCABULARY)
        anchor = self._top_row()
        self.view.filter(wanted)
        if self.selected is not None and self.view.position(self.selected) is None:
            self.selected = None
        self._settle(anchor)
        return wanted

    def _settle(self, anchor: tuple[Hashable, int] | None) -> None:
        self._measure()
        self._anchoring = True
        if self.live and self.following:
            self._jump(0 if self.newest_first else self._height)
        elif anchor is not None and (at := self.view.position(anchor[0])) is not None:
            self._jump(self._start(at) + anchor[1])
        self._anchoring = False
        self.refresh()
        self.post_message(self.Changed())

    def _measure(self) -> None:
        width = self.row_width
        if not self.UNIFORM:
            self._drawn = [self.draw(self.view.at(i), width, i) for i in range(len(self.view))]
            self._starts = [0]
            for lines in self._drawn:
                self._starts.append(self._starts[-1] + len(lines))
        size = Size(self.content_size.width, self._height)
        if size != self.virtual_size:
            compat.resize_content(self, size)

    @property
    def row_width(self) -> int:
        return max(1, self.scrollable_content_region.width)

    @property
    def _height(self) -> int:
        return len(self.view) if self.UNIFORM else (self._starts[-1] if self._starts else 0)

    def _start(self, position: int) -> int:
        return position if self.UNIFORM else self._starts[min(position, len(self._starts) - 1)]

    def _row_at(self, line: int) -> int | None:
        """The position of the row that `line` (of the whole list) belongs to."""
        if not 0 <= line < self._height:
            return None
        return line if self.UNIFORM else bisect_left(self._starts, line + 1) - 1

    def _top_row(self) -> tuple[Hashable, int] | None:
        """The row at the top of the screen and how much of it is scrolled out."""
        top = self._row_at(self.scroll_offset.y)
        if top is None or top >= len(self.view):
            return None
        return self.view.key(top), self.scroll_offset.y - self._start(top)

    # ---------------------------------------------------------------------------------------------- drawing

    def render_line(self, y: int) -> Strip:
        width = self.row_width
        line = self.scroll_offset.y + y
        if not len(self.view):
            return self.paint(self._nothing(y, width), width)
        position = self._row_at(line)
        if position is None or position >= len(self.view):
            return self.paint([], width)
        marked = self.has_focus and position == self.cursor and line == self._start(position)
        return self.paint(self._line(position, line, width), width, marked=marked)

    def _line(self, position: int, line: int, width: int) -> Line:
        if not self.UNIFORM:
            return self._drawn[position][line - self._starts[position]]
        row = self.view.at(position)
        return self.draw(row, width, position)[0] if row is not None else []

    def _nothing(self, y: int, width: int) -> Line:
        text = "Nothing matches the filter: Esc clears it" if self.view.total else self.EMPTY
        return [(text, "muted")] if y == 0 else []

    def on_resize(self) -> None:
        self._settle(self._top_row())

    # ------------------------------------------------------------------------------------------------ moving

    def select(self, position: int) -> None:
        """Choose the row at `position`, bounded, and bring it into view."""
        if not len(self.view):
            return
        position = min(max(0, position), len(self.view) - 1)
        self.selected = self.view.key(position)
        self._follow(False)
        self._measure()
        self._reveal(position)
        self.refresh()
        self.post_message(self.Changed())

    def _reveal(self, position: int) -> None:
        top, bottom = self._start(position), self._start(position + 1) if not self.UNIFORM else position + 1
        height = self.scrollable_content_region.height
        if top < self.scroll_offset.y:
            self._jump(top)
        elif bottom > self.scroll_offset.y + height:
            self._jump(min(top, bottom - height))

    def _jump(self, line: int) -> None:
        before = self._anchoring
        self._anchoring = True
        self.scroll_to(y=line, animate=False, immediate=True, force=True)
        self._anchoring = before

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        if self._anchoring or not self.live or round(old_value) == round(new_value):
            return
        at_end = new_value <= 0 if self.newest_first else new_value >= self.max_scroll_y
        self._follow(at_end and self.selected is None)

    def _follow(self, following: bool) -> None:
        if not self.live or following == self.following:
            return
        self.following = following
        if isinstance(self.view, RingView):
            self._left_at = self.view.ring.end
        self.post_message(self.Changed())

    @property
    def unseen(self) -> int:
        """Rows that came in since following stopped."""
        if self.following or not isinstance(self.view, RingView):
            return 0
        return self.view.newer_than(self._left_at)

    def on_click(self, event: events.Click) -> None:
        offset = event.get_content_offset(self)
        position = self._row_at(self.scroll_offset.y + offset.y) if offset is not None else None
        if position is None:
            return
        self.select(position)
        if event.chain > 1:
            self.action_open()

    def on_focus(self) -> None:
        self.refresh()
        self.post_message(self.Changed())

    def on_blur(self) -> None:
        self.on_focus()

    # ----------------------------------------------------------------------------------------------- actions

    def action_move(self, step: int) -> None:
        self.select(self.cursor + step)

    def action_page(self, step: int) -> None:
        self.select(self.cursor + step * max(1, self.scrollable_content_region.height - 1))

    def action_edge(self, side: int) -> None:
        live_side = -1 if self.newest_first else 1
        if self.live and side == live_side:
            self.action_follow(True)
        else:
            self.select(0 if side < 0 else len(self.view) - 1)

    def action_follow(self, wanted: bool | None = None) -> None:
        if not self.live:
            return
        follow = not self.following if wanted is None else wanted
        if follow:
            self.selected = None
        elif len(self.view):
            self.selected = self.view.key(self.cursor)
        self._follow(follow)
        self._settle(self._top_row())

    def action_open(self) -> None:
        if (row := self.current) is not None:
            self.post_message(self.Opened(row))

    def action_copy(self) -> None:
        if (row := self.current) is not None:
            self.post_message(self.Copied(self.copy_text(row)))

    def action_back(self) -> None:
        if self.selected is not None and self.live:
            self.action_follow(True)
        else:
            self.post_message(self.Left())
