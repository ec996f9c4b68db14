"""Pieces that several descriptions are made of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.cells import cell_len

from fh_dash.text import visible
from fh_dash.tui.paint import Line, Part, cut

LABEL = 13
_BAR = 32


def heading(text: str, note: str = "") -> list[Line]:
    return [[], [(text, "accent bold"), (f"  {note}" if note else "", "muted")]]


def field(label: str, *values: Part) -> Line:
    return [(label.ljust(LABEL), "muted"), *values]


def fields(pairs: Iterable[tuple[str, Part]]) -> list[Line]:
    """Only those that have a value."""
    return [field(label, value) for label, value in pairs if value[0]]


def time_bars(rows: Iterable[tuple[str, float]]) -> list[Line]:
    """Label, milliseconds, and a bar for the share of the whole."""
    rows = tuple(rows)
    total = sum(value for _, value in rows) or 1.0
    lines: list[Line] = []
    for label, value in rows:
        bar = min(_BAR, max(0, round(value / total * _BAR)))
        lines.append([
            (f"{label:<6}", "muted"),
            (f"{value:8.1f} ms  ", "text"),
            ("━" * bar, "accent"),
            ("━" * (_BAR - bar), "border"),
        ])  # fmt: skip
    return lines


def wrapped(text: str, width: int, role: str = "text", indent: int = 0, most: int = 400) -> list[Line]:
    """`text` over as many lines of at most `width` cells as it needs, `most` at the most."""
    room = max(8, width - indent)
    lines: list[Line] = []
    for piece in text.splitlines() or [""]:
        for part in _folded(visible(piece.expandtabs(4)[:20_000]), room):
            if len(lines) == most:
                return [*lines, [(" " * indent + "… cut here", "muted")]]
            lines.append([(" " * indent + part, role)])
    return lines


def _folded(text: str, room: int) -> Iterable[str]:
    while cell_len(text) > room:
        head = cut(text, room + 1)[:-1] if text.isascii() is False else text[:room]
        space = head.rfind(" ", room // 2)
        head = head[: space + 1] if space > 0 else head
        yield head
        text = text[len(head) :]
    yield text


def table(rows: Sequence[Sequence[Part]], widths: Sequence[int]) -> list[Line]:
    """Left-aligned columns; the last one takes what it needs."""
    lines: list[Line] = []
    for row in rows:
        line: Line = []
        for i, (text, role) in enumerate(row):
            last = i == len(row) - 1
            line.append((text if last else cut(visible(text), widths[i]) + "  ", role))
        lines.append(line)
    return lines
