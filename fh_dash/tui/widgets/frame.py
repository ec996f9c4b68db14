"""A quiet, rounded frame with a title and a summary in its upper edge, drawn by us.

Not a border of the style sheet: a border whose colour changes lays out the whole screen anew, and its title has room on
the left only.
"""

from __future__ import annotations

from textual.geometry import Region

from fh_dash.tui.paint import Line, cells, clip, spread

AROUND_TITLE = 6
"""Corner, stroke and blank on each side."""


def edge(y: int, height: int, width: int, left: Line, right: Line, role: str) -> Line:
    """Line `y` of a frame of that size; its inside is blank."""
    if width < 2 or height < 1:
        return []
    if y == 0:
        return _upper(width, left, right, role)
    if y == height - 1:
        return [("╰" + "─" * (width - 2) + "╯", role)]
    return [("│", role), (" " * (width - 2), "text"), ("│", role)]


def _upper(width: int, left: Line, right: Line, role: str) -> Line:
    room = width - AROUND_TITLE
    if room < 1:
        return [("╭" + "─" * (width - 2) + "╮", role)]
    if right:
        title = spread([*left, (" ", "text")], [(" ", "text"), *right], room, ("─", role))
        return [("╭─ ", role), *title, (" ─╮", role)]
    title = clip(left, room)
    return [("╭─ ", role), *title, (" " + "─" * (room - cells(title) + 1) + "╮", role)]


def regions(width: int, height: int) -> tuple[Region, ...]:
    """Where the strokes are: what has to be drawn when only their colour changes."""
    return (
        Region(0, 0, width, 1),
        Region(0, height - 1, width, 1),
        Region(0, 0, 1, height),
        Region(width - 1, 0, 1, height),
    )
