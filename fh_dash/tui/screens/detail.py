"""One row in full, over the dashboard. Follows the store while it is open."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar, cast

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen

from fh_dash.tui import bindings
from fh_dash.tui.details import Document
from fh_dash.tui.paint import content
from fh_dash.tui.widgets.document import DocumentView
from fh_dash.tui.widgets.header import Header
from fh_dash.tui.widgets.keybar import KeyBar

if TYPE_CHECKING:
    from fh_dash.tui.app import DashApp


_AROUND = 2
"""Lines that stay free: the header and the keys."""
_FRAME = 4
"""Cells of a line that the text does not get: two borders, a blank and the scroll bar."""


class Panel(Vertical):
    """The frame of what lies over the dashboard."""


class DetailScreen(ModalScreen[None]):
    """`build(width, secrets)` makes the document; it is called again when the width changes.

    It covers the dashboard but for the header, which is why it has one of its own: to shade what lies behind it would
    cost more time than all the rest, at each change there.
    """

    BINDINGS: ClassVar[list[BindingType]] = [b for b in bindings.DETAIL if "scroll" not in b.action]

    def __init__(self, build: Callable[[int, bool], Document]) -> None:
        super().__init__()
        self._build = build
        self._secrets = False
        self._width = 0
        self.header = Header()
        self.document = Document("", [])

    def compose(self) -> ComposeResult:
        yield self.header
        with Panel():
            yield DocumentView()
        yield KeyBar()

    def on_mount(self) -> None:
        self.query_one(DocumentView).focus()
        self.rebuild()  # now, so that the first layout is the last one

    def on_resize(self) -> None:
        if self.app.size.width != self._width:
            self.rebuild()
        self._fit()

    def rebuild(self) -> None:
        self._width = self.app.size.width
        view = self.query_one(DocumentView)
        self.document = self._build(max(20, self._width - _FRAME), self._secrets)
        palette = cast("DashApp", self.app).palette
        title = content([(self.document.title[:120], "text bold")], palette)
        self.query_one(Panel).border_title = title
        view.show(self.document.lines)
        self._fit()
        self.refresh_bindings()

    def _fit(self) -> None:
        self.query_one(Panel).styles.height = min(len(self.document.lines) + 2, self.app.size.height - _AROUND)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Only keys that do something here are on the key bar."""
        if action == "editor":
            return self.document.place is not None
        return self.document.masked if action == "secrets" else True

    def text(self) -> str:
        return "\n".join("".join(part for part, _ in line).rstrip() for line in self.document.lines).strip()

    # ------------------------------------------------------------------------------------------- actions

    def action_close(self) -> None:
        self.dismiss()

    def action_copy(self) -> None:
        cast("DashApp", self.app).copy(self.document.copy or self.text())

    def action_editor(self) -> None:
        if self.document.place is not None:
            cast("DashApp", self.app).edit(*self.document.place)

    def action_secrets(self) -> None:
        self._secrets = not self._secrets
        self.rebuild()
