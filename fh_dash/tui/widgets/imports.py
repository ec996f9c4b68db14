"""In the place of Reloads while the app is being imported: what runs now, and what was slow."""

from __future__ import annotations

from fh_dash.store import Store, units
from fh_dash.store.imports import Imported, Running
from fh_dash.tui.paint import Line, cut_left
from fh_dash.tui.places import place

_BAR = 16
_MOST_STACK = 6


def importing(store: Store) -> bool:
    """The app is on its way for the first time in this process."""
    return store.status.phase in ("starting", "importing") and not store.status.up


def import_lines(store: Store, width: int, height: int) -> list[Line]:
    imports, now = store.imports, store.clock()
    if not imports.stack and not imports.count:
        return [[("Starting: the import of the app comes next", "muted")]]
    lines: list[Line] = [
        [
            ("Importing ", "text"),
            (units.seconds(max(0.0, now - imports.since)), "accent bold"),
            (f"   {units.count(imports.count, 'module')} so far", "muted"),
        ],
        [],
        *_running(imports.stack, now, width),
        *_stands(store.status.hangs_at),
    ]
    room = height - len(lines) - 2
    slowest = [item for item in imports.slowest(max(0, room)) if item.own >= 1]
    if slowest:
        lines += [[], [("Slowest so far, by their own time", "muted")], *bars(slowest, width)]
    return lines


def _running(stack: list[Running], now: float, width: int) -> list[Line]:
    lines: list[Line] = []
    shown = stack[-_MOST_STACK:]
    for i, item in enumerate(shown):
        last = i == len(shown) - 1
        name = cut_left(item.module, max(8, width - 2 * i - 14))
        lines.append([
            ("  " * i + ("▸ " if last else "  "), "accent"),
            (name, "text bold" if last else ("text" if item.project else "muted")),
            (f"  {units.milliseconds(max(0.0, now - item.since) * 1000)}" if last else "", "muted"),
        ])  # fmt: skip
    return lines


def _stands(hangs_at: tuple[str, int] | None) -> list[Line]:
    return [[], [(f"At {place(*hangs_at)}: x interrupts it", "muted")]] if hangs_at is not None else []


def bars(items: list[Imported], width: int) -> list[Line]:
    """One line each: name, time, and a bar against the slowest."""
    top = max((item.own for item in items), default=0.0) or 1.0
    name_width = max(10, min(40, width - _BAR - 13))
    lines: list[Line] = []
    for item in items:
        bar = max(1, round(item.own / top * _BAR))
        lines.append([
            (cut_left(item.module, name_width).ljust(name_width), "text" if item.project else "muted"),
            (units.milliseconds(item.own).rjust(10) + "  ", "text"),
            ("━" * bar, "accent"),
            ("━" * (_BAR - bar), "border"),
        ])  # fmt: skip
    return lines
