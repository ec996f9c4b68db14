"""What the keys ask for. `DashApp` adds the store, the screen and the two workers."""

from __future__ import annotations

import time
import webbrowser
from abc import abstractmethod
from typing import Any

from fh_dash.events import CacheState
from fh_dash.store import Store, units
from fh_dash.tui._textual_compat import TypeAhead
from fh_dash.tui.backend import Backend
from fh_dash.tui.details.document import Context, Document, document
from fh_dash.tui.editing import open_editor
from fh_dash.tui.hold import Hold
from fh_dash.tui.screens.ask import AskScreen
from fh_dash.tui.screens.detail import DetailScreen
from fh_dash.tui.screens.main import MainScreen
from fh_dash.tui.screens.texts import help_document, imports_document, tree_document, urls_document
from fh_dash.tui.theme import FH_DARK, FH_LIGHT
from fh_dash.tui.widgets.keybar import KeyBar
from fh_dash.tui.widgets.requests import RequestRows

_CHEAP = 1.0
"""Seconds of computing that may be thrown away without a question."""


class Actions(TypeAhead):
    store: Store
    runtime: Backend
    main: MainScreen
    hold: Hold
    slow: float
    keymap_shown: dict[str, str]
    _asked_to_quit = 0.0

    @abstractmethod
    def tick(self) -> None:
        """Show what changed by itself."""

    # -------------------------------------------------------------------------------------------- messages

    def say(self, text: str, role: str = "text", seconds: float = 4.0) -> None:
        """On the key bar of the screen that is on top; nowhere once the screens are gone."""
        if not self.is_running:
            return
        bar = next(iter(self.screen.query(KeyBar)), self.main.keys)
        bar.say(text, role, seconds)

    def copy(self, text: str) -> None:
        if text:
            self.copy_to_clipboard(text)
            self.say(f"copied {units.count(len(text), 'character')}, if the terminal allows it (OSC 52)", "muted")

    def show_detail(self, row: Any) -> None:
        runtime = self.runtime

        def build(width: int, secrets: bool) -> Document:
            return document(row, Context(self.store, width, self.slow, secrets, runtime.exchange, runtime.cache_values))

        self.push_screen(DetailScreen(build))

    def clear_cache(self, state: CacheState) -> None:
        name = state.key.rpartition(":")[2]

        def clear(yes: bool | None) -> None:
            if yes and self.runtime.clear_cache(state.key):
                self.say(f"cleared {name}: the next call computes it again", "ok")
                self.tick()

        if state.stale or state.seconds_computing < _CHEAP:
            clear(True)
        else:
            self.push_screen(
                AskScreen(f"Clear {name}? It took {units.seconds(state.seconds_computing)} to compute."), clear
            )

    def edit(self, file: str, line: int) -> None:
        open_editor(self, file, line)

    # ---------------------------------------------------------------------------------------------- actions

    def action_reload(self) -> None:
        self.runtime.reload()
        self.say("reloading all project modules", "muted", 1.5)

    def action_restart(self) -> None:
        self.runtime.restart()
        self.exit(0)

    def action_clear_all(self) -> None:
        caches = self.store.caches.states
        if not caches:
            return self.say("there are no caches", "muted")

        def clear(yes: bool | None) -> None:
            if yes:
                self.say(f"cleared {units.count(self.runtime.clear_caches(), 'cache')}", "ok")
                self.tick()

        spent = units.seconds(sum(state.seconds_computing for state in caches))
        self.push_screen(AskScreen(f"Clear {units.count(len(caches), 'cache')}? They took {spent} to compute."), clear)
        return None

    def action_break_off(self) -> None:
        reloading = self.store.status.phase == "reloading"
        done = "interrupted: the old code serves on" if reloading else "interrupted"
        self.say(done if self.runtime.interrupt() else "nothing hangs", "muted")

    def action_browser(self) -> None:
        url = self.store.status.url
        opened = bool(url) and webbrowser.open(url)
        self.say(f"opened {url}" if opened else f"no browser found: {url}", "muted")

    def action_urls(self) -> None:
        status = self.store.status
        self.push_screen(DetailScreen(lambda width, secrets: urls_document(status.url, status.network)))

    def action_help(self) -> None:
        self.push_screen(DetailScreen(lambda width, secrets: help_document(self.keymap_shown)))

    def action_imports(self) -> None:
        self.push_screen(DetailScreen(lambda width, secrets: imports_document(self.store, width)))

    def action_tree(self) -> None:
        self.push_screen(DetailScreen(lambda width, secrets: tree_document(self.store)))

    def action_editor(self) -> None:
        error, rows = self.store.status.error, self.main.rows
        place = (error.file, error.line or 1) if error is not None and error.file else None
        if place is None and rows.current is not None:
            place = rows.place(rows.current)
        if place is None:
            self.say("nothing here has a line to open", "muted")
        else:
            self.edit(*place)

    def action_zoom(self) -> None:
        self.main.toggle_zoom()

    def action_pane(self, name: str) -> None:
        self.main.choose(name)

    def action_noise(self) -> None:
        requests = self.main.list_named("requests")
        if isinstance(requests, RequestRows):
            requests.show_noise(not requests.noise)
            self.say("static files and own requests are " + ("shown" if requests.noise else "hidden"), "muted")

    def action_theme(self) -> None:
        self.theme = FH_LIGHT.name if self.current_theme.dark else FH_DARK.name

    def action_interrupt(self) -> None:
        if self._asked_to_quit + 2 - time.monotonic() > 0:
            self.exit(0)
        self._asked_to_quit = time.monotonic()
        self.say("ctrl+c again, or q, stops the server and quits", "text", 2)

    async def action_quit(self) -> None:
        self.exit(0)
