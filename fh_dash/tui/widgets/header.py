"""One line that says what matters now."""

from __future__ import annotations

import platform
from urllib.parse import urlsplit

from textual.strip import Strip

from fh_dash.store import units
from fh_dash.store.status import Phase
from fh_dash.tui.paint import Line, cells, spread
from fh_dash.tui.places import place, short
from fh_dash.tui.widgets.base import Painted

PHASES: dict[Phase, tuple[str, str]] = {
    "starting": ("○", "muted"),
    "importing": ("◐", "accent"),
    "serving": ("●", "ok"),
    "reloading": ("◐", "accent"),
    "broken": ("✗", "error"),
    "stopped": ("■", "error"),
}
PYTHON = "py " + ".".join(platform.python_version_tuple()[:2])
_WAITS = ("◐", "slow")
_MARGIN = 1


class Header(Painted):
    def __init__(self) -> None:
        super().__init__()
        self._shown: Line = []

    def update(self) -> None:
        """Draw it anew if it would look different."""
        if self.line(self.size.width - 2 * _MARGIN) != self._shown:
            self.refresh()

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        self._shown = self.line(width - 2 * _MARGIN)
        return self.paint(self._shown, width, indent=_MARGIN)

    def line(self, width: int) -> Line:
        """State and target on the left, the address in the middle, numbers on the right; what does not fit
        goes, the least useful first."""
        left, right = self._state(), self._numbers()
        address = self._address(width)
        while len(right) > 1 and cells(left) + cells(address) + _numbers_width(right) + 4 > width:
            right.pop()
        numbers = _joined(right)
        if cells(left) + cells(address) + cells(numbers) + 4 > width:
            address = []
        return spread(self._middle(left, address, numbers, width), numbers, width)

    def _middle(self, left: Line, address: Line, right: Line, width: int) -> Line:
        if not address:
            return left
        start = max(cells(left) + 2, (width - cells(address)) // 2)
        start = min(start, width - cells(right) - cells(address) - 2)
        return [*left, (" " * (start - cells(left)), "text"), *address]

    def _state(self) -> Line:
        status = self.store.status
        mark, role = PHASES[status.phase]
        if status.hangs_at is not None:
            mark, role = _WAITS
            line: Line = [(f"{mark} {self._word()}", f"{role} bold"), (f"   {place(*status.hangs_at)}", "text")]
            return [*line, (" is still running · x interrupts it", "muted")]
        line = [(f"{mark} {self._word()}", f"{role} bold"), (f"   {short(status.target)}", "text")]
        if status.generation and status.phase != "broken":
            line.append((f" · gen {status.generation}", "muted"))
        return line

    def _word(self) -> str:
        status = self.store.status
        if status.phase == "broken" and status.hangs_at is None:
            return f"broken · serving gen {status.generation}" if status.up else "broken · not serving"
        lasts = self.store.clock() - status.since
        if status.phase == "importing" and self.store.imports.since:
            return f"importing {units.age(max(1.0, lasts))}"
        if status.phase == "reloading":
            return f"reloading {units.age(lasts)}" if lasts >= 1 else "reloading"
        return "blocked" if status.hangs_at is not None else status.phase

    def _address(self, width: int) -> Line:
        url = self.store.status.url
        if width < 100 and url:
            url = urlsplit(url).netloc or url
        return [(url, "accent")] if url else []

    def _numbers(self) -> list[Line]:
        """In the order of their worth."""
        store = self.store
        numbers: list[Line] = [[(f"{store.requests.rate(store.clock()):.0f} req/s", "text")]]
        if (p95 := store.requests.p95) is not None:
            numbers.append([(f"p95 {units.milliseconds(p95)}", "slow" if p95 >= self.dash.slow else "text")])
        if self.dash.resident is not None:
            numbers.append([(units.memory(self.dash.resident), "text")])
        return [*numbers, [(PYTHON, "muted")]]


def _joined(parts: list[Line]) -> Line:
    line: Line = []
    for part in parts:
        line += [(" · ", "muted"), *part] if line else part
    return line


def _numbers_width(parts: list[Line]) -> int:
    return cells(_joined(parts))
