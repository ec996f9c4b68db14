"""A cache in full."""

from __future__ import annotations

from collections.abc import Sequence

from fh_dash.events import CacheState, CacheValue
from fh_dash.store import units
from fh_dash.tui.details.document import Context, Document
from fh_dash.tui.details.parts import field, heading, table, wrapped
from fh_dash.tui.paint import Line, Part
from fh_dash.tui.places import place
from fh_dash.tui.widgets.caches import condition

_STALE = "It goes on serving the values it holds; c clears them and adopts the new code."


def describe(state: CacheState, context: Context) -> Document:
    module, _, name = state.key.partition(":")
    lines: list[Line] = [
        field("Function", (name, "text bold"), (f"  in {module}", "muted")),
        field("Place", (place(state.file, state.line), "text")),
        field("State", condition(state)),
    ]
    if state.kind == "cache":
        lines += _numbers(state, context)
        lines += _values(context.values(state.key))
    if state.stale:
        reason = f"{state.reason or 'Its code changed'}. {_STALE}"
        lines += [*heading("Why it is stale"), *wrapped(reason, context.width)]
    return Document(f"Cache {name}", lines, state.key, (state.file, state.line) if state.file else None)


def _values(values: Sequence[CacheValue]) -> list[Line]:
    if not values:
        return []
    rows = [((value.arguments or "no arguments", "text"), (value.type, "muted"), _size(value)) for value in values]
    return [*heading("Values", "arguments, kind, size in memory"), *table(rows, (36, 20, 0))]


def _size(value: CacheValue) -> Part:
    return f"{units.size(value.size):>8}" + ("" if value.whole else " or more"), "text"


def _numbers(state: CacheState, context: Context) -> list[Line]:
    calls = state.hits + state.misses
    rate = f"{state.hits / calls:.0%} of {units.count(calls, 'call')}" if calls else "not called yet"
    age = units.age(context.store.clock() - state.since) if state.since else "empty"
    mean = f"{units.seconds(state.seconds_computing / state.misses)} each" if state.misses else ""
    return [
        field("Hits", (str(state.hits), "text"), (f"  {rate}", "muted")),
        field("Misses", (str(state.misses), "text"), (f"  {mean}", "muted")),
        field("Entries", (str(state.entries), "text"), (f"  oldest {age}" if state.since else "", "muted")),
        field("Computing", (units.seconds(state.seconds_computing), "text")),
        field("Saved", (units.seconds(state.seconds_saved), "text"), ("  hits times the mean of a miss", "muted")),
    ]
