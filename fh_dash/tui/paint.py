"""From parts (text and role) to what Textual draws. The only way that text reaches the screen.

Everything that comes in here may be hostile: each string passes `visible`, and is drawn as literal cells,
never as markup.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import TypeAlias

from rich.cells import cell_len, set_cell_size
from rich.color import Color as RichColor
from rich.segment import Segment
from rich.style import Style
from textual.content import Content
from textual.strip import Strip
from textual.style import Style as ContentStyle

from fh_dash.store.ansi import Look
from fh_dash.text import visible
from fh_dash.tui.theme import Palette

Role: TypeAlias = str | Look
"""A role of the palette, alone or with `bold`: `text`, `error bold`, `muted`; or the look an app chose."""
Part: TypeAlias = tuple[str, Role]
Line: TypeAlias = list[Part]

MAX_CELLS = 1_000
"""No line is looked at beyond this many characters: nobody has such a screen."""


@lru_cache(maxsize=2048)
def style(role: Role, palette: Palette, marked: bool = False) -> Style:
    back = palette.raised if marked else palette.background
    if isinstance(role, Look):
        return _look(role, palette, back.rich_color)
    name, *more = role.split()
    color = getattr(palette, name)
    return Style(color=color.rich_color, bgcolor=back.rich_color, bold="bold" in more, reverse="reverse" in more)


def _look(look: Look, palette: Palette, back: RichColor) -> Style:
    return Style(
        color=_rich(look.foreground) or palette.text.rich_color,
        bgcolor=_rich(look.background) or back,
        bold=look.bold,
        dim=look.dim,
        italic=look.italic,
        underline=look.underline,
        reverse=look.reverse,
        strike=look.strike,
    )


def _rich(color: int | tuple[int, int, int] | None) -> RichColor | None:
    if color is None:
        return None
    return RichColor.from_ansi(color) if isinstance(color, int) else RichColor.from_rgb(*color)


def strip(parts: Iterable[Part], width: int, palette: Palette, *, marked: bool = False, indent: int = 0) -> Strip:
    """`parts` as exactly `width` cells: cut with `…` or padded; `indent` blank cells come first."""
    base = style("text", palette, marked)
    segments = [Segment(" " * min(indent, width), base)] if indent else []
    left = width - min(indent, width)
    for text, role in parts:
        if left <= 0:
            break
        text = visible(text, MAX_CELLS)
        cells = cell_len(text)
        if cells > left:
            text, cells = cut(text, left), left
        segments.append(Segment(text, style(role, palette, marked)))
        left -= cells
    if left > 0:
        segments.append(Segment(" " * left, base))
    return Strip(segments, width)


def content(parts: Iterable[Part], palette: Palette) -> Content:
    """`parts` for a border title or a message."""
    return Content("").join(
        Content.styled(visible(text, MAX_CELLS), _content_style(role, palette)) for text, role in parts
    )


def _content_style(role: Role, palette: Palette) -> ContentStyle:
    return ContentStyle.from_rich_style(style(role, palette))


def cut(text: str, width: int) -> str:
    """`text` (already visible) as exactly `width` cells, the end cut with `…` when there is too much."""
    if cell_len(text) <= width:
        return text + " " * (width - cell_len(text))
    return set_cell_size(text, width - 1) + "…" if width > 0 else ""


def cut_left(text: str, width: int) -> str:
    """The end of `text` (already visible), when there is too much: for paths, whose end tells most."""
    if cell_len(text) <= width:
        return text
    while text and cell_len(text) > width - 1:
        text = text[1:]
    return "…" + text if width > 0 else ""


def cells(parts: Iterable[Part]) -> int:
    return sum(cell_len(visible(text, MAX_CELLS)) for text, _ in parts)


def spread(left: Sequence[Part], right: Sequence[Part], width: int, fill: Part = (" ", "text")) -> Line:
    """`left` and `right` at both ends of a line; the left gives way when there is too little room."""
    room = width - cells(right)
    used = cells(left)
    if used >= room:
        return [*clip(left, max(0, room - 1)), *([(" ", "text")] if room > 0 else []), *right]
    return [*left, (fill[0] * (room - used), fill[1]), *right]


def clip(parts: Iterable[Part], width: int) -> Line:
    """At most `width` cells of `parts`."""
    line: Line = []
    for text, role in parts:
        text = visible(text, MAX_CELLS)
        if cell_len(text) > width:
            if width > 0:
                line.append((cut(text, width), role))
            break
        line.append((text, role))
        width -= cell_len(text)
    return line
