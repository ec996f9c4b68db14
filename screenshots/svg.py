"""A screen as SVG whose lines meet: borders and bars are drawn, not left to the viewer's font."""

from __future__ import annotations

import re
from collections.abc import Iterable
from html import escape

from rich.cells import cell_len
from rich.color import Color
from rich.segment import Segment
from rich.style import Style

CELL, LINE, FONT = 8.4, 18.0, 14.0
_PAD = 14.0
_FONTS = "'JetBrains Mono','Cascadia Mono','SF Mono',Menlo,Consolas,'DejaVu Sans Mono',monospace"
_EIGHTHS = "▁▂▃▄▅▆▇█"
_MID_X, _MID_Y, _ROUND = CELL / 2, LINE / 2, 4.0
_PATHS = {
    "│": f"M{_MID_X} 0V{LINE + 0.3}",
    "╭": f"M{CELL} {_MID_Y}H{_MID_X + _ROUND}Q{_MID_X} {_MID_Y} {_MID_X} {_MID_Y + _ROUND}V{LINE + 0.3}",
    "╮": f"M0 {_MID_Y}H{_MID_X - _ROUND}Q{_MID_X} {_MID_Y} {_MID_X} {_MID_Y + _ROUND}V{LINE + 0.3}",
    "╰": f"M{CELL} {_MID_Y}H{_MID_X + _ROUND}Q{_MID_X} {_MID_Y} {_MID_X} {_MID_Y - _ROUND}V0",
    "╯": f"M0 {_MID_Y}H{_MID_X - _ROUND}Q{_MID_X} {_MID_Y} {_MID_X} {_MID_Y - _ROUND}V0",
    "└": f"M{CELL} {_MID_Y}H{_MID_X}V0",
}
_LINES = "─━"
_DRAWN = _EIGHTHS + "".join(_PATHS)
_RUNS = re.compile(f"─+|━+|[{_DRAWN}]+|[^{_LINES}{_DRAWN}]+")


def render(lines: Iterable[Iterable[Segment]], columns: int, rows: int, foreground: str, background: str) -> str:
    """`foreground` and `background` are the theme's, as `#rrggbb`."""
    width, height = columns * CELL + 2 * _PAD, rows * LINE + 2 * _PAD
    body: list[str] = []
    for y, segments in enumerate(lines):
        x = 0
        for text, style, control in segments:
            if control:
                continue
            body += _segment(text, style or Style(), x, y * LINE, foreground, background)
            x += cell_len(text)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.1f} {height:.1f}" '
        f'font-family="{_FONTS}" font-size="{FONT}">\n'
        f'<rect width="100%" height="100%" rx="10" fill="{background}"/>\n'
        f'<g transform="translate({_PAD} {_PAD})">\n' + "\n".join(body) + "\n</g>\n</svg>\n"
    )


def _segment(text: str, style: Style, x: int, y: float, foreground: str, background: str) -> list[str]:
    ink, paper = _hex(style.color, foreground), _hex(style.bgcolor, background)
    if style.reverse:
        ink, paper = paper, ink
    out: list[str] = []
    if paper != background:
        width = cell_len(text) * CELL + 0.2
        out.append(f'<rect x="{x * CELL:.1f}" y="{y:.1f}" width="{width:.1f}" height="{LINE + 0.2}" fill="{paper}"/>')
    for match in _RUNS.finditer(text):
        run = match.group()
        at = x + cell_len(text[: match.start()])
        if run[0] in _LINES:
            out.append(_line(run, at * CELL, y, ink))
        elif run[0] in _DRAWN:
            out += [_drawn(char, (at + i) * CELL, y, ink) for i, char in enumerate(run)]
        else:
            out += _words(run, at, y, ink, style)
    return out


def _line(run: str, x: float, y: float, ink: str) -> str:
    """One stroke for a whole run, so that it has no seams."""
    thick = 2.6 if run[0] == "━" else 1.1
    start = f"M{x:.1f} {y + _MID_Y:.1f}H{x + len(run) * CELL:.1f}"
    return f'<path d="{start}" stroke="{ink}" stroke-width="{thick}"/>'


def _words(run: str, x: int, y: float, ink: str, style: Style) -> list[str]:
    """Each word at its own place, so that no font can shift what follows."""
    out, offset = [], 0
    for word in run.split(" "):
        cells = cell_len(word)
        if word:
            more = ' font-weight="bold"' if style.bold else ""
            more += ' text-decoration="underline"' if style.underline else ""
            more += ' font-style="italic"' if style.italic else ""
            more += ' opacity="0.6"' if style.dim else ""
            left, width = (x + offset) * CELL, cells * CELL
            out.append(
                f'<text x="{left:.1f}" y="{y + LINE * 0.74:.1f}" textLength="{width:.1f}" '
                f'lengthAdjust="spacingAndGlyphs" fill="{ink}"{more}>{escape(word)}</text>'
            )
        offset += cells + 1
    return out


def _drawn(char: str, x: float, y: float, ink: str) -> str:
    if char in _PATHS:
        place = f'transform="translate({x:.1f} {y:.1f})" d="{_PATHS[char]}"'
        return f'<path {place} stroke="{ink}" stroke-width="1.1" fill="none"/>'
    tall = LINE * 0.78 * (_EIGHTHS.index(char) + 1) / 8
    top = y + LINE * 0.86 - tall
    return f'<rect x="{x:.1f}" y="{top:.1f}" width="{CELL + 0.1:.1f}" height="{tall:.1f}" fill="{ink}"/>'


def _hex(color: Color | None, default: str) -> str:
    if color is None or color.is_default:
        return default
    red, green, blue = color.get_truecolor()
    return f"#{red:02x}{green:02x}{blue:02x}"
