"""Documents that no row stands behind: help, addresses, import times."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from textual.binding import Binding

from fh_dash.store import Store, units
from fh_dash.tui import bindings
from fh_dash.tui.details import Document
from fh_dash.tui.details.parts import heading
from fh_dash.tui.paint import Line
from fh_dash.tui.widgets.imports import bars
from fh_dash.tui.widgets.keybar import key_name

_KEYS = 14
_FILTERS = (
    ("words", "rows that hold each of them"),
    ("!word", "rows without it"),
    ('"two words"', "rows that hold just this"),
    ("status:5xx", "also 404, 40x"),
    ("method:post", ""),
    ("path:/api", "also handler:"),
    ("slow:100ms", "this long or longer"),
    ("gen:12", "also gen:>12, gen:10-12"),
    ("htmx", "also error, running"),
    ("level:warning+", "in Output; also logger: thread: from: request:"),
)


def help_document(keymap: Mapping[str, str]) -> Document:
    lines: list[Line] = []
    for title, keys in bindings.GROUPS:
        lines += heading(title)
        lines += [_key_line(binding, keymap) for binding in keys]
    lines += heading("Filters", "after /")
    lines += [[(word.ljust(_KEYS + 2), "accent"), (meaning, "text")] for word, meaning in _FILTERS]
    lines += heading("Good to know")
    lines += [
        [("Select text with the mouse while shift is held down (in some terminals: alt).", "text")],
        [("req/s counts the last five seconds, p95 the last 500 requests.", "text")],
        [("gone: older requests and lines of output, for which there is no room.", "text")],
        [("breakpoint() in your app hands this terminal to pdb; c brings the dashboard back.", "text")],
    ]
    return Document("Keys", lines[1:])


def _key_line(binding: Binding, keymap: Mapping[str, str]) -> Line:
    keys = keymap.get(binding.id or "", binding.key)
    names = " ".join(key_name(Binding(key, "", key_display=None)) for key in keys.split(","))
    return [(names.ljust(_KEYS + 2), "accent"), (binding.tooltip or binding.description, "text")]


def urls_document(url: str, others: Sequence[str]) -> Document:
    lines: list[Line] = [[("This machine   ", "muted"), (url or "not listening yet", "accent")]]
    lines += [[("Network        ", "muted"), (other, "accent")] for other in others]
    if not others:
        lines += [[], [("Only this machine reaches it: --host 0.0.0.0 opens it to the network.", "muted")]]
    return Document("Addresses", lines, url)


def tree_document(store: Store) -> Document:
    modules = store.modules
    if not len(modules):
        return Document("Import tree", [[("Nothing was imported yet.", "muted")]])
    lines: list[Line] = []
    for depth, name, again in modules.tree():
        state = modules.named(name)
        cost = units.milliseconds(state.milliseconds) if state and state.runs and not again else ""
        label = "  " * depth + ("└ " if depth else "") + name
        lines.append([
            (cost.rjust(9) + "  ", "muted"),
            (label, "muted" if again else "text"),
            ("  shown above" if again else "", "muted"),
        ])  # fmt: skip
    return Document("Import tree", lines)


def imports_document(store: Store, width: int) -> Document:
    imports = store.imports
    if not imports.count:
        return Document("Import times", [[("Nothing was imported yet.", "muted")]])
    slowest = [item for item in imports.slowest(200) if item.own >= 0.1]
    total = sum(item.own for item in imports.done)
    lines: list[Line] = [
        [
            (units.count(imports.count, "module"), "text"),
            (f", {units.milliseconds(total)}; own time, without what each imported itself", "muted"),
        ],
        [],
        *bars(slowest, width),
    ]
    return Document("Import times", lines)
