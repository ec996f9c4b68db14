"""Pane 1: what each save did, why, and how long it took."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import ClassVar

from textual.strip import Strip

from fh_dash.events import ModuleReport, Phases, ReloadResult, RouteChange, Serving
from fh_dash.store import Store, units
from fh_dash.store.filters import RELOADS, Vocabulary
from fh_dash.store.reloads import Reload
from fh_dash.store.view import RingView
from fh_dash.tui.columns import GAP, Column, aligned
from fh_dash.tui.paint import Line, Part, cells
from fh_dash.tui.places import place, short
from fh_dash.tui.widgets.imports import import_lines, importing
from fh_dash.tui.widgets.rows import Place, RowList

COLUMNS = (
    Column("time", 8),
    Column("clock", 5),
    Column("gen", 3, right=True),
    Column("ms", 8, right=True),
)
WHAT = (Column("what", 8, share=1),)
WIDE = tuple(c for c in COLUMNS if c.name != "clock")
NARROW = tuple(c for c in COLUMNS if c.name != "time")
_BAR, _BAR_FROM = 16, 76
"""The width of the bar of phases, and that of the pane from which on it is shown."""
_INDENT = 3
_JUST = 2.0
"""Seconds for which a reload counts as the one that just happened."""
OUTCOMES = {"re-run": "text", "loaded": "text", "unloaded": "text", "rebound": "muted", "refreshed": "muted"}
CHANGES = {"+": "ok", "-": "error", "~": "slow"}
PHASES = (("scan", "scan"), ("plan", "plan"), ("wait", "gate"), ("execute", "run"), ("swap", "swap"))
_MOST_MODULES, _MOST_ROUTES = 8, 6


class ReloadRows(RowList):
    NUMBER, TITLE = 1, "Reloads"
    EMPTY = "No reloads yet: save a file, or press r"
    VOCABULARY: ClassVar[Vocabulary] = RELOADS
    UNIFORM = False

    def __init__(self, store: Store) -> None:
        self.view: RingView[Reload]
        super().__init__(RingView(store.reloads.rows, newest_first=True), name="reloads")

    def stamp(self) -> Hashable:
        rows = self.store.reloads.rows
        newest = rows.get(rows.end - 1)
        return rows.end, newest is not None and self._just(newest), importing(self.store)

    def _just(self, event: Reload) -> bool:
        return 0 <= self.store.clock() - event.time < _JUST

    def draw(self, row: Reload, width: int, position: int) -> list[Line]:
        head = self._head(row, width, position)
        if isinstance(row, Serving) or not (position == 0 or position == self.cursor):
            return [head]
        return [head, *explanation(row, width, phases=True)]

    def _head(self, event: Reload, width: int, position: int) -> Line:
        values: dict[str, Part] = {
            "time": (units.clock(event.time), "muted"),
            "clock": (units.clock(event.time, seconds=False), "muted"),
            **head(event),
        }
        left, right = (WIDE if width >= 52 else NARROW), WHAT
        bar = _column_bar(event) if width >= _BAR_FROM else []
        used = sum(column.width for column in left) + GAP * len(left) + cells(bar) + 1
        return [
            ("▸" if position == 0 and self._just(event) else " ", "accent"),
            *aligned(left, used, values),
            (" " * GAP, "text"),
            *bar,
            *aligned(right, max(1, width - used), values),
        ]

    @property
    def title(self) -> str:
        return "Import" if importing(self.store) else self.TITLE

    def render_line(self, y: int) -> Strip:
        if not importing(self.store):
            return super().render_line(y)
        lines = import_lines(self.store, self.row_width - 1, self.size.height)
        return self.paint(lines[y] if y < len(lines) else [], self.row_width, indent=1)

    def summary(self) -> Line:
        reloads = self.store.reloads
        if importing(self.store):
            return []
        if self.unseen:
            return [(f"+{self.unseen} new", "accent")]
        if reloads.median is None:
            return []
        line: Line = [(f"{units.milliseconds(reloads.median)} median", "text")]
        if self.size.width >= 56 and reloads.p95 is not None:
            line.append((f" · p95 {units.milliseconds(reloads.p95)}", "muted"))
        return [*line, (" · ", "muted"), (reloads.trend(12), "muted")]

    def place(self, row: Reload) -> Place | None:
        if isinstance(row, Serving):
            return None
        if row.error is not None:
            return (row.error.file, row.error.line or 1) if row.error.file else None
        return next(((m.file, 1) for m in row.modules if m.file), None)

    def copy_text(self, row: Reload) -> str:
        lines = [head_text(row)]
        if isinstance(row, ReloadResult):
            lines += ["".join(text for text, _ in line).rstrip() for line in explanation(row, 100)]
        return "\n".join(lines)


def head(event: Reload) -> dict[str, Part]:
    """Generation, milliseconds and what it was about, by column."""
    if isinstance(event, Serving):
        return {
            "gen": (str(event.generation), "text"),
            "ms": (units.milliseconds(event.milliseconds), "text"),
            "what": (f"started {event.target}", "muted"),
        }
    if event.error is not None:
        where = place(event.error.file, event.error.line)
        return {"gen": ("✗", "error bold"), "what": (f"{where}  {event.error.message}".strip(), "error")}
    return {
        "gen": (str(event.generation), "text"),
        "ms": (units.milliseconds(event.phases.total), "text"),
        "what": (_saved(event), "text"),
    }


def _saved(event: ReloadResult) -> str:
    files = ", ".join(short(name) for name in event.changed) or "all modules"
    return files if event.modules else f"{files}: nothing had to re-run"


def head_text(event: Reload) -> str:
    parts = head(event)
    return "  ".join([units.clock(event.time), *(parts[name][0] for name in ("gen", "ms", "what") if name in parts)])


def explanation(event: ReloadResult, width: int, *, phases: bool = False) -> list[Line]:
    """Which modules re-ran and why, what routes and caches became of it."""
    shown = event.modules[:_MOST_MODULES]
    name_width = min(24, max((len(m.name) for m in shown), default=0))
    lines = [_module(report, name_width) for report in shown]
    if len(shown) < len(event.modules):
        lines.append([(" " * _INDENT, "text"), (f"and {len(event.modules) - len(shown)} more", "muted")])
    lines += _routes(event.routes, width)
    lines += [
        [(" " * _INDENT, "text"), (f"{c.change:<9}", "stale" if c.change == "stale" else "muted"), (c.key, "text"),
         ("  " + c.reason, "muted")]
        for c in event.caches
        if c.change != "kept"
    ]  # fmt: skip
    if phases and event.ok:
        lines.append([(" " * _INDENT, "text"), *phase_text(event.phases)])
    return lines


def _module(report: ModuleReport, name_width: int) -> Line:
    reason = ", ".join(report.names) if report.outcome == "rebound" and report.names else report.reason
    return [
        (" " * _INDENT, "text"),
        (f"{report.outcome:<8} ", "muted"),
        (f"{report.name:<{name_width}}", OUTCOMES.get(report.outcome, "text")),
        (f"  {reason}", "muted"),
    ]


def _routes(changes: Sequence[RouteChange], width: int) -> list[Line]:
    """As many on a line as fit."""
    lines: list[Line] = []
    for change in changes[:_MOST_ROUTES]:
        text = f"{change.methods or 'mount'} {change.path}"
        part: Line = [(f"{change.change} ", CHANGES[change.change]), (f"{text:<24}  ", "text")]
        if lines and cells(lines[-1]) + len(text) + 2 <= width:
            lines[-1] += part
        else:
            lines.append([(" " * _INDENT, "text"), *part])
    if len(changes) > _MOST_ROUTES:
        lines.append([(" " * _INDENT, "text"), (f"and {len(changes) - _MOST_ROUTES} more routes", "muted")])
    return lines


def _column_bar(event: Reload) -> Line:
    """Of one width in every row."""
    bar = phase_bar(event.phases, _BAR) if isinstance(event, ReloadResult) and event.ok else []
    return [*bar, (" " * (_BAR + GAP - cells(bar)), "text")]


def phase_bar(phases: Phases, width: int) -> Line:
    """The phases as stretches of one bar, alternating, each at least visible when it took time."""
    total, at, passed = phases.total or 1.0, 0, 0.0
    line: Line = []
    for i, (name, _) in enumerate(PHASES):
        passed += getattr(phases, name)
        end = round(passed / total * width)
        line += [("━" * (end - at), "accent" if i % 2 == 0 else "muted")] if end > at else []
        at = end
    return line


def phase_text(phases: Phases) -> Line:
    shown = [(label, getattr(phases, name)) for name, label in PHASES if getattr(phases, name) >= 0.05]
    return [(" · ".join(f"{label} {value:.1f}" for label, value in shown) + " ms", "muted")]
