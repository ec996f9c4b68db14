"""A reload in full: each module with its reason, phases as bars, routes, caches."""

from __future__ import annotations

from fh_dash.events import ReloadResult, Serving
from fh_dash.store import units
from fh_dash.tui.details.document import Context, Document
from fh_dash.tui.details.errors import error_lines, traceback_text
from fh_dash.tui.details.parts import field, heading, table, time_bars
from fh_dash.tui.paint import Line
from fh_dash.tui.places import short
from fh_dash.tui.widgets.reloads import CHANGES, OUTCOMES, PHASES, head_text


def describe(event: ReloadResult, context: Context) -> Document:
    result = (
        ("failed: nothing was changed", "error") if event.error else (f"generation {event.generation} serves", "ok")
    )
    lines: list[Line] = [
        field("When", (units.clock(event.time), "text")),
        field("Saved", (", ".join(short(name) for name in event.changed) or "nothing: asked for by hand", "text")),
        field("Result", result),
    ]
    if event.running:
        lines.append(field("Running", (f"{event.running} streams, sockets and tasks that began before", "text")))
    if event.error is not None:
        lines += [[], *error_lines(event.error, context.width)]
    lines += [*_phases(event), *_modules(event), *_routes(event), *_caches(event)]
    where = None
    if event.error is not None and event.error.file:
        where = (event.error.file, event.error.line or 1)
    elif event.modules and event.modules[0].file:
        where = (event.modules[0].file, 1)
    copy = traceback_text(event.error) if event.error else ""
    return Document(f"Reload {head_text(event)}", lines, copy, where)


def describe_start(event: Serving, context: Context) -> Document:
    lines = [
        field("When", (units.clock(event.time), "text")),
        field("Target", (event.target, "text")),
        field(
            "Took",
            (units.milliseconds(event.milliseconds), "text"),
            ("  import and start-up; i shows what each import cost", "muted"),
        ),
    ]
    return Document(f"Start of {event.target}", lines)


def _phases(event: ReloadResult) -> list[Line]:
    total = event.phases.total
    if not total:
        return []
    phases = ((label, getattr(event.phases, name)) for name, label in PHASES)
    return [*heading("Time", units.milliseconds(total)), *time_bars(phases)]


def _modules(event: ReloadResult) -> list[Line]:
    if not event.modules:
        return []
    names = min(32, max(len(m.name) for m in event.modules))
    rows = [
        (
            (m.outcome, "muted"),
            (m.name, OUTCOMES.get(m.outcome, "text")),
            (units.milliseconds(m.milliseconds) if m.outcome in ("re-run", "loaded") else "", "text"),
            (m.reason or ", ".join(m.names), "muted"),
        )
        for m in event.modules
    ]
    return [*heading("Modules"), *table(rows, (9, names, 8, 0))]


def _routes(event: ReloadResult) -> list[Line]:
    if not event.routes:
        return []
    rows = [
        ((c.change, CHANGES[c.change]), (c.methods or "mount", "text"), (c.path, "text"), (c.handler, "muted"))
        for c in event.routes
    ]
    return [*heading("Routes"), *table(rows, (1, 8, 32, 0))]


def _caches(event: ReloadResult) -> list[Line]:
    if not event.caches:
        return []
    rows = [
        ((c.change, "stale" if c.change == "stale" else "muted"), (c.key, "text"), (c.reason, "muted"))
        for c in event.caches
    ]
    return [*heading("Caches"), *table(rows, (8, 32, 0))]
