"""Aligned columns that leave, one by one, when it gets narrow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from rich.cells import cell_len

from fh_dash.text import visible
from fh_dash.tui.paint import MAX_CELLS, Line, Part, cut, cut_left

GAP = 2


@dataclass(frozen=True, slots=True)
class Column:
    name: str
    width: int
    """Cells; for a column with `share` the least it must have."""
    share: int = 0
    """Its part of the room that is left over; 0: fixed."""
    right: bool = False
    since: int = 0
    """The width of the pane from which on it is shown."""
    end: bool = False
    """When there is too little room, the end of the text is kept."""


@lru_cache(maxsize=256)
def widths(columns: tuple[Column, ...], room: int) -> tuple[tuple[Column, int], ...]:
    """The columns that are shown in `room` cells, with their widths."""
    shown = [column for column in columns if room >= column.since]
    rest = room - sum(column.width for column in shown) - GAP * (len(shown) - 1)
    shares = sum(column.share for column in shown)
    out, given = [], 0
    for column in shown:
        extra = rest * column.share // shares if shares and rest > 0 else 0
        out.append([column, column.width + extra])
        given += extra
    for item in reversed(out):
        if item[0].share and rest > 0:  # type: ignore[attr-defined]
            item[1] += rest - given  # type: ignore[operator]
            break
    return tuple((column, width) for column, width in out)  # type: ignore[misc]


def aligned(columns: Sequence[Column], room: int, values: Mapping[str, Part]) -> Line:
    line: Line = []
    for column, width in widths(tuple(columns), room):
        text, role = values.get(column.name, ("", "text"))
        if line:
            line.append((" " * GAP, "text"))
        line.append((fitted(text, width, column), role))
    return line


def fitted(text: str, width: int, column: Column) -> str:
    text = visible(text, MAX_CELLS)
    if column.end:
        text = cut_left(text, width)
    text = cut(text, width)
    if not column.right:
        return text
    text = text.rstrip()
    return " " * (width - cell_len(text)) + text
