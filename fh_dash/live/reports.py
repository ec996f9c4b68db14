"""What browsers report, on its way to Output: checked, cut to size, and rationed."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any, Final

from fh_dash.events import OutputLine
from fh_dash.live.asgi import path_of

MAX_BODY: Final = 16 * 1024
"""Bytes of one report."""
_BURST: Final = 40
_PER_SECOND: Final = 5.0
_MAX_FIELD: Final = 2000
_MAX_STACK: Final = 12
_LEVELS: Final = {
    "error": "ERROR",
    "rejection": "ERROR",
    "resource": "WARNING",
    "htmx": "WARNING",
}


class Ration:
    """`_BURST` reports at once, `_PER_SECOND` in the long run: a failing loop cannot flood the log."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._left, self._then = float(_BURST), clock()
        self.refused = 0
        """Reports that were over the ration, since the last one that was not."""

    def take(self) -> bool:
        now = self._clock()
        self._left = min(float(_BURST), self._left + (now - self._then) * _PER_SECOND)
        self._then = now
        if self._left < 1:
            self.refused += 1
            return False
        self._left -= 1
        return True


class BadReport(ValueError):
    """The body is not a report of our script."""


def parse(body: bytes) -> list[OutputLine]:
    """The lines for Output; the first names the page. Raises `BadReport`."""
    try:
        data = json.loads(body)
    except (ValueError, RecursionError):
        raise BadReport("no JSON") from None
    level = _LEVELS.get(str(data.get("kind"))) if isinstance(data, dict) else None
    if level is None:
        raise BadReport("no report")
    now = time.time()
    return [OutputLine(now, "log", line, level, "browser") for line in _lines(data)]


def overflow(count: int) -> OutputLine:
    return OutputLine(time.time(), "log", f"{count} more reports were left out", "WARNING", "browser")


def _lines(data: dict[str, Any]) -> list[str]:
    page = path_of(_field(data, "page")) or "/"
    message = " ".join(_field(data, "message").split())
    stack = [line.strip() for line in _field(data, "stack").splitlines()]
    return [f"{page}  {message}{_place(data)}", *(f"    {line}" for line in stack[:_MAX_STACK] if line)]


def _place(data: dict[str, Any]) -> str:
    source = path_of(_field(data, "source"))
    line = data.get("line")
    if not source:
        return ""
    return f"  ({source}:{line})" if isinstance(line, int) and line > 0 else f"  ({source})"


def _field(data: dict[str, Any], name: str) -> str:
    value = data.get(name)
    return value[:_MAX_FIELD] if isinstance(value, str) else ""
