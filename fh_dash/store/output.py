"""What the app, its libraries and its children wrote."""

from __future__ import annotations

from sys import getsizeof

from fh_dash.events import OutputLine
from fh_dash.store.ring import Ring

_OVERHEAD = 200


def weight(line: OutputLine) -> int:
    """Bytes that it takes, about."""
    return _OVERHEAD + getsizeof(line.text)


class Output:
    def __init__(self, limit: int = 20_000, max_bytes: int = 16_000_000) -> None:
        self.rows: Ring[OutputLine] = Ring(limit, max_bytes, weight)
        self.warnings = 0
        self.lost = 0
        """Lines that came faster than they could be taken in."""
        self._partial: dict[tuple[str, str], int] = {}
        self.revised = -1
        """The oldest line that was rewritten since the reader last set this to -1."""

    @property
    def gone(self) -> int:
        """Older lines that are not held any more."""
        return self.lost + self.rows.dropped

    def written(self, line: OutputLine) -> None:
        key = (line.source, line.thread)
        serial = self._partial.pop(key, None)
        if serial is None or not self.rows.replace(serial, line):
            serial = self.rows.append(line)
        else:
            self.revised = serial if self.revised < 0 else min(serial, self.revised)
        if line.partial:
            self._partial[key] = serial
        self.warnings += line.level in ("WARNING", "ERROR", "CRITICAL")

    def of_request(self, request: int) -> list[OutputLine]:
        """The lines that a request wrote, oldest first."""
        return [line for line in self.rows if request and line.request == request]
