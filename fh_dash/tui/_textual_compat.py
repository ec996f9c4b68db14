"""Workarounds for the framework, and the few uses of what it does not document."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from textual import events
from textual.app import App
from textual.dom import DOMNode
from textual.geometry import Size
from textual.reactive import Reactive
from textual.screen import Screen
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.widget import Widget
from textual.widgets import Input

if TYPE_CHECKING:
    from fh_dash.tui.widgets.rows import RowList


def call_soon(app: App[Any], callback: Callable[[], object]) -> None:
    """Run `callback` on the app's thread; never blocks and never raises.

    `App.call_later` puts a message into a queue that a busy app works off in order; this runs between two
    messages, so a key does not wait behind a flood of wake-ups.
    """
    loop = getattr(app, "_loop", None)
    if loop is None:
        return
    with contextlib.suppress(RuntimeError):  # the loop is closed
        loop.call_soon_threadsafe(app.call_later, callback)


def namespace(rows: RowList, action: str, app: App[Any]) -> DOMNode:
    """Who carries out `action`: the list in focus where it can, else the app."""
    name = action.partition("(")[0]
    if "." in name:
        return app
    return rows if hasattr(rows, f"action_{name}") else app


def strips(app: App[Any]) -> list[Strip]:
    """What is on the screen now, line by line."""
    return app.screen._compositor.render_strips()


def fault(app: App[Any]) -> BaseException | None:
    """The exception that ended the app, a fault of ours. Textual prints it to `sys.stderr`, which we divert."""
    return app._exception


def resize_content(view: ScrollView, size: Size) -> None:
    """Give a list another height without laying out the whole screen anew, which setting `virtual_size` does."""
    view.set_reactive(Widget.virtual_size, size)
    view._scroll_update(size)


class QuietScreen(Screen[None]):
    """Does not draw itself anew, every widget of it, whenever the focus moves: what looks different says so."""

    focused: Reactive[Widget | None] = Reactive(None, repaint=False)


_MOST_AIMED = 256


class TypeAhead(App[int]):
    """Keys typed in a burst are not lost when one of them opens an input line.

    Textual hands each key to the widget that is in focus when it arrives. What is typed right behind `/` arrives
    before `/` was carried out, comes back up here unused, and belongs to the line that is in focus by now.
    """

    def __init__(self) -> None:
        super().__init__()
        self._aimed: dict[int, Widget | None] = {}

    async def on_event(self, event: events.Event) -> None:
        if isinstance(event, events.Key) and not event.is_forwarded:
            self._aim(event)
        await super().on_event(event)

    def _aim(self, event: events.Key) -> None:
        if len(self._aimed) >= _MOST_AIMED:  # those that a widget used up never come back
            self._aimed.clear()
        self._aimed[id(event)] = self.focused

    def _on_key(self, event: events.Key) -> None:  # type: ignore[override]
        # Textual calls the handlers of all classes in turn: `App._on_key`, which looks up the bindings, comes after
        # this one unless it is prevented.
        focused = self.focused
        if isinstance(focused, Input) and self._aimed.pop(id(event), focused) is not focused:
            again = events.Key(event.key, event.character)
            self._aim(again)
            focused._forward_event(again)
            event.prevent_default()
