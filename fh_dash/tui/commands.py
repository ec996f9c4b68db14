"""The palette: every action by name, from the same tables as the keys."""

from __future__ import annotations

from collections.abc import Iterator

from textual.binding import Binding

from fh_dash.tui import bindings
from fh_dash.tui.widgets.keybar import key_name

_LEFT_OUT = {"palette", "interrupt"}
_NAMES = {
    "reload": "Reload all project modules",
    "restart": "Full reload",
    "clear": "Clear the selected cache",
    "clear_all": "Clear all caches",
    "browser": "Open the page in the browser",
    "urls": "Addresses",
    "editor": "Open the editor",
    "zoom": "Maximise the pane",
    "imports": "Import times",
    "tree": "Import tree",
    "noise": "Show or hide static files",
    "theme": "Switch between dark and light",
    "filter": "Filter the pane",
    "open": "Open the selected row",
    "copy": "Copy the selected row",
    "follow": "Follow the newest row",
    "interrupt_code": "Interrupt code that hangs",
}
_LIST = ("filter", "open", "follow", "copy", "clear")


def entries() -> Iterator[tuple[str, str, Binding]]:
    """Title, explanation and binding of each action."""
    for group, keys in bindings.GROUPS[:3]:
        for binding in keys:
            if binding.id in _LEFT_OUT or (group != "Everywhere" and binding.id not in _LIST):
                continue
            title = _NAMES.get(binding.id or "") or _title(binding)
            yield title, f"{binding.tooltip}  ({key_name(binding)})", binding


def _title(binding: Binding) -> str:
    if binding.action.startswith("pane("):
        return f"Go to {binding.description}"
    return binding.description[0].upper() + binding.description[1:]
