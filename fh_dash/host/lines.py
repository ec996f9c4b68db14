"""From pieces of text, as programs write them, to lines."""

from __future__ import annotations

LIMIT = 8192
"""Characters of a line that are kept."""


class LineBuffer:
    """Collects text until its line ends. A carriage return begins the line anew, as on a terminal, so a progress bar
    is one line that changes. What is longer than `LIMIT` is cut and ends in `…`; no more than that is held."""

    def __init__(self) -> None:
        self._line = ""
        self._again = False
        self.shown = True
        """Nothing was added since `pending` was last read."""

    def feed(self, text: str) -> list[str]:
        """The lines that `text` completes."""
        *complete, rest = text.split("\n")
        lines = []
        for piece in complete:
            self._add(piece)
            lines.append(self.take())
        if rest:
            self._add(rest)
            self.shown = False
        return lines

    @property
    def unfinished(self) -> bool:
        return bool(self._line)

    @property
    def pending(self) -> str:
        """The line that has not ended yet."""
        self.shown = True
        return _cut(self._line)

    def take(self) -> str:
        """The line as it is; the next one begins."""
        line, self._line, self._again, self.shown = self._line, "", False, True
        return _cut(line)

    def _add(self, piece: str) -> None:
        for i, part in enumerate(piece.split("\r")):
            self._again |= i > 0
            if part and self._again:
                self._line, self._again = "", False
            if part and len(self._line) <= LIMIT:
                self._line += part[: LIMIT + 1 - len(self._line)]


def _cut(line: str) -> str:
    return line if len(line) <= LIMIT else line[:LIMIT] + "…"
