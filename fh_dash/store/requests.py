"""The request log: running and finished requests, their rate and their times."""

from __future__ import annotations

from collections import deque
from sys import getsizeof
from typing import TypeAlias

from fh_dash.events import ErrorReport, RequestFinished, RequestStarted
from fh_dash.store.numbers import Rate, percentile
from fh_dash.store.ring import Ring

Request: TypeAlias = RequestStarted | RequestFinished
"""`RequestStarted`: still running."""

OWN_PATH = "/_fh_dash/"
_STATIC = (
    ".css", ".js", ".mjs", ".map", ".ico", ".png", ".jpg", ".jpeg", ".gif", ".svg", ".webp", ".avif",
    ".woff", ".woff2", ".ttf", ".otf", ".mp3", ".mp4", ".webm", ".webmanifest",
)  # fmt: skip
_OVERHEAD = 400
_FRAME = 300


def weight(row: Request) -> int:
    """Bytes that it takes, about."""
    size = _OVERHEAD + getsizeof(row.path)
    if isinstance(row, RequestFinished):
        size += getsizeof(row.query) + getsizeof(row.handler)
        if row.error is not None:
            size += _error_bytes(row.error)
    return size


def _error_bytes(error: ErrorReport) -> int:
    lines = (*(line.text for line in error.excerpt), *(frame.text for frame in error.frames))
    return getsizeof(error.message) + _FRAME * (len(error.frames) + 1) + sum(map(getsizeof, lines))


def is_noise(row: Request) -> bool:
    """Static files, the favicon and our own live channel: hidden unless asked for."""
    if row.path.startswith(OWN_PATH) or (isinstance(row, RequestFinished) and row.ours):
        return True
    return row.path.lower().endswith(_STATIC) and not _failed(row)


def _failed(row: Request) -> bool:
    return isinstance(row, RequestFinished) and row.status >= 500


class Requests:
    def __init__(self, limit: int = 10_000, max_bytes: int = 16_000_000) -> None:
        self.rows: Ring[Request] = Ring(limit, max_bytes, weight)
        self.total = 0
        """Finished requests in the whole run, noise included."""
        self.errors = 0
        self.lost = 0
        """Events that came faster than they could be taken in."""
        self._running: dict[int, int] = {}
        self._serials: dict[int, int] = {}
        self._rate = Rate()
        self._times: deque[float] = deque(maxlen=500)

    @property
    def gone(self) -> int:
        """Older ones that are not held any more."""
        return self.lost + self.rows.dropped

    @property
    def running(self) -> int:
        return len(self._running)

    def started(self, event: RequestStarted) -> None:
        self._running[event.id] = self._append(event)

    def finished(self, event: RequestFinished) -> None:
        serial = self._running.pop(event.id, None)
        if serial is None or not self.rows.replace(serial, event):
            self._append(event)
        self.total += 1
        self.errors += _failed(event)
        if not is_noise(event):
            self._rate.add(event.time + event.milliseconds / 1000)
            if event.method != "WS":
                self._times.append(event.milliseconds)

    def _append(self, event: Request) -> int:
        serial = self._serials[event.id] = self.rows.append(event)
        if len(self._serials) > 2 * len(self.rows) + 100:
            self._serials = {id_: at for id_, at in self._serials.items() if at >= self.rows.first}
        return serial

    def by_id(self, id_: int) -> Request | None:
        """None when it is not known or was dropped."""
        return self.rows.get(self._serials.get(id_))

    def handler(self, id_: int) -> str:
        """The handler of a request, or `` while it is not known."""
        row = self.by_id(id_)
        return row.handler if isinstance(row, RequestFinished) else ""

    def rate(self, now: float) -> float:
        """Finished requests per second over the last five whole seconds."""
        return self._rate.at(now)

    @property
    def p95(self) -> float | None:
        """Milliseconds, over the last 500 requests."""
        return percentile(self._times, 0.95)

    def end_running(self) -> None:
        """The server is gone: what still ran will never finish."""
        self._running.clear()
