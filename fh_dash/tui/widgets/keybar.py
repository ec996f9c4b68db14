"""The bottom line: the keys that work now, or a short message."""

from __future__ import annotations

from textual import events
from textual.binding import Binding
from textual.screen import Screen
from textual.strip import Strip
from textual.widgets import Input

from fh_dash.tui import bindings
from fh_dash.tui.paint import Line, cells, spread
from fh_dash.tui.widgets.base import Painted

_MARGIN = 1
_DECLARED = {binding.id: binding.key.split(",") for _, keys in bindings.GROUPS for binding in keys}
_GAP = "  "
_NAMES = {
    "question_mark": "?", "slash": "/", "enter": "⏎", "escape": "esc", "up": "↑", "down": "↓",
    "pageup": "PgUp", "pagedown": "PgDn", "home": "Home", "end": "End", **{f"f{n}": f"F{n}" for n in range(1, 13)},
}  # fmt: skip


class KeyBar(Painted):
    def __init__(self) -> None:
        super().__init__()
        self._message: Line = []
        self._timer = None
        self._hits: list[tuple[int, int, Binding]] = []

    def say(self, text: str, role: str = "text", seconds: float = 4.0) -> None:
        """Show `text` in place of the keys for a while."""
        self._message = [(text, role)]
        if self._timer is not None:
            self._timer.stop()
        self._timer = self.set_timer(seconds, self._over)  # type: ignore[assignment]
        self.refresh()

    def _over(self) -> None:
        self._message = []
        self.refresh()

    def on_mount(self) -> None:
        self.screen.bindings_updated_signal.subscribe(self, self._keys_changed)

    def _keys_changed(self, screen: Screen[object]) -> None:
        self.refresh()

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        room = width - 2 * _MARGIN
        line = spread(self._message, [], room) if self._message else self._keys(room)
        return self.paint(line, width, indent=_MARGIN)

    def _keys(self, room: int) -> Line:
        active = self._active()
        shown = [active[id_] for id_ in bindings.FOOTER if id_ in active]
        shown = shown or [b for b in active.values() if b.show and b.id != "palette"]
        right = _key(active["palette"]) if "palette" in active else []
        spare = list(bindings.SPARE)
        while shown and _width(shown) + cells(right) + 2 > room:
            drop = spare.pop(0) if spare else shown[-1].id
            shown = [b for b in shown if b.id != drop]
        return spread(self._placed(shown), right, room)

    def _active(self) -> dict[str, Binding]:
        """What works now, by id; of several keys for one thing the one that its table names first."""
        typing = isinstance(self.screen.focused, Input)
        active: dict[str, Binding] = {}
        for node, binding, enabled, _ in self.screen.active_bindings.values():
            if not enabled or not binding.id or (typing and node is not self.screen.focused):
                continue
            known = active.get(binding.id)
            if known is None or _rank(binding) < _rank(known):
                active[binding.id] = binding
        return active

    def _placed(self, shown: list[Binding]) -> Line:
        line: Line = []
        self._hits = []
        for binding in shown:
            start = cells(line)
            line += [*_key(binding), (_GAP, "text")]
            self._hits.append((start, cells(line) - len(_GAP), binding))
        return line[:-1]

    def on_click(self, event: events.Click) -> None:
        for start, end, binding in self._hits:
            if start <= event.x - _MARGIN < end and not self._message:
                self.app.simulate_key(binding.key.split(",")[0])


def _rank(binding: Binding) -> int:
    declared = _DECLARED.get(binding.id or "", [])
    return declared.index(binding.key) if binding.key in declared else 0


def _key(binding: Binding) -> Line:
    return [(key_name(binding), "accent"), (f" {binding.description}", "muted")]


def key_name(binding: Binding) -> str:
    """How the (first) key is written: `^p`, `⏎`, `R`."""
    key = binding.key.split(",")[0]
    if key in _NAMES:
        return _NAMES[key]
    return binding.key_display or (key.replace("ctrl+", "^") if key.startswith("ctrl+") else key)


def _width(shown: list[Binding]) -> int:
    return sum(cells(_key(binding)) + len(_GAP) for binding in shown)
