"""Every key, once: footer, help, palette and documentation are generated from these tables.

The ids make a keymap possible; the group says where a key works.
"""

from __future__ import annotations

from textual.binding import Binding

APP: tuple[Binding, ...] = (
    Binding("r", "reload", "reload", id="reload", tooltip="Re-run all project modules now"),
    Binding("R", "restart", "full reload", id="restart", tooltip="Start a fresh process on the same port"),
    Binding("C", "clear_all", "clear all", id="clear_all", tooltip="Clear all caches (asks first)"),
    Binding("o", "browser", "open", id="browser", tooltip="Open the page in the browser"),
    Binding("question_mark,f1", "help", "help", id="help", key_display="?", tooltip="All keys, and what they do"),
    Binding("q,ctrl+q", "quit", "quit", id="quit", tooltip="Stop the server and leave"),
    Binding("ctrl+p", "command_palette", "palette", id="palette", priority=True, tooltip="Every action by name"),
    Binding("u", "urls", "URLs", id="urls", show=False, tooltip="The addresses that reach the app"),
    Binding(
        "e",
        "editor",
        "editor",
        id="editor",
        show=False,
        tooltip="Open the editor at the error, or at the selected row's line",
    ),
    Binding("z", "zoom", "maximise", id="zoom", show=False, tooltip="Give the pane the whole screen, and back"),
    Binding("1", "pane('reloads')", "Reloads", id="pane_reloads", show=False, tooltip="What each save did"),
    Binding("2", "pane('requests')", "Requests", id="pane_requests", show=False, tooltip="The request log"),
    Binding("3", "pane('caches')", "Caches", id="pane_caches", show=False, tooltip="Functions that keep their values"),
    Binding("4", "pane('output')", "Output", id="pane_output", show=False, tooltip="Prints and log lines of the app"),
    Binding("5", "pane('modules')", "Modules", id="pane_modules", show=False, tooltip="Every project module"),
    Binding(
        "6", "pane('routes')", "Routes", id="pane_routes", show=False, tooltip="The route table, with hits and times"
    ),
    Binding("t", "tree", "tree", id="tree", show=False, tooltip="Which module imports which"),
    Binding("i", "imports", "imports", id="imports", show=False, tooltip="What each import cost"),
    Binding("s", "noise", "static", id="noise", show=False, tooltip="Show or hide static files and our own requests"),
    Binding(
        "x", "break_off", "interrupt", id="interrupt_code", show=False, tooltip="Interrupt project code that hangs"
    ),
    Binding("ctrl+t", "theme", "theme", id="theme", show=False, tooltip="Dark or light"),
    Binding("ctrl+z", "suspend_process", "suspend", id="suspend", show=False, tooltip="Back to the shell; fg returns"),
    Binding("ctrl+c", "interrupt", "quit", id="interrupt", show=False, system=True, tooltip="Twice: quit"),
)

LIST: tuple[Binding, ...] = (
    Binding(
        "slash", "screen.filter", "filter", id="filter", key_display="/", tooltip="Show only some rows; Esc clears"
    ),
    Binding("enter", "open", "detail", id="open", key_display="⏎", tooltip="Everything about the selected row"),
    Binding("j,down", "move(1)", "down", id="down", show=False, tooltip="Next row"),
    Binding("k,up", "move(-1)", "up", id="up", show=False, tooltip="Row before"),
    Binding("pagedown,ctrl+d", "page(1)", "page down", id="page_down", show=False, tooltip="A page down"),
    Binding("pageup,ctrl+u", "page(-1)", "page up", id="page_up", show=False, tooltip="A page up"),
    Binding("g,home", "edge(-1)", "first", id="first", show=False, tooltip="First row"),
    Binding("G,end", "edge(1)", "last", id="last", show=False, tooltip="Last row"),
    Binding("f", "follow", "follow", id="follow", show=False, tooltip="Stay at the newest row, or stop doing so"),
    Binding("y", "copy", "copy", id="copy", show=False, tooltip="Copy the row (requests: as curl)"),
    Binding("escape", "back", "back", id="back", show=False, tooltip="Clear the filter, the selection, the zoom"),
)

CACHES: tuple[Binding, ...] = (
    Binding("c", "clear", "clear", id="clear", tooltip="Clear the selected cache; a stale one adopts the new code"),
)

DETAIL: tuple[Binding, ...] = (
    Binding("escape,q,enter", "close", "back", id="detail_back", key_display="esc", tooltip="Close"),
    Binding("j,down", "scroll_down", "down", id="detail_down", show=False, tooltip="Line down"),
    Binding("k,up", "scroll_up", "up", id="detail_up", show=False, tooltip="Line up"),
    Binding("g,home", "scroll_home", "top", id="detail_top", show=False, tooltip="To the top"),
    Binding("G,end", "scroll_end", "end", id="detail_end", show=False, tooltip="To the end"),
    Binding("y", "copy", "copy", id="detail_copy", tooltip="Copy"),
    Binding("e", "editor", "editor", id="detail_editor", tooltip="Open the editor at the line"),
    Binding("m", "secrets", "unmask", id="detail_secrets", tooltip="Show or mask cookies and authorization"),
)

GROUPS: tuple[tuple[str, tuple[Binding, ...]], ...] = (
    ("Everywhere", APP),
    ("In a list", LIST),
    ("In Caches", CACHES),
    ("In a detail", DETAIL),
)

FOOTER = ("reload", "restart", "clear", "clear_all", "filter", "open", "browser", "help", "quit")
"""The order at the bottom of the screen; what does not fit goes from the end of `SPARE` first."""
SPARE = ("browser", "clear_all", "open", "restart", "filter")
