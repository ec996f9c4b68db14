"""The Textual app: it owns the store, lets the two workers run, and carries out what the keys ask for."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager, ExitStack, nullcontext
from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import SystemCommand
from textual.binding import BindingType
from textual.screen import Screen

from fh_dash.events import LoadFailed, ReloadResult, Serving
from fh_dash.store import Store
from fh_dash.store.lanes import Lanes
from fh_dash.store.memory import resident
from fh_dash.tui import _textual_compat as compat
from fh_dash.tui import bindings, commands
from fh_dash.tui.actions import Actions
from fh_dash.tui.collector import patient
from fh_dash.tui.hold import Hold, Released, no_released
from fh_dash.tui.screens.detail import DetailScreen
from fh_dash.tui.screens.main import MainScreen
from fh_dash.tui.supervise import Loop
from fh_dash.tui.theme import FH_DARK, FH_LIGHT, Palette, palette

if TYPE_CHECKING:
    from fh_dash.settings import Settings
    from fh_dash.tui.backend import Backend
    from fh_dash.tui.run import RuntimeFactory

DRAIN = 1 / 30
"""Seconds between two looks into the inbox, at the least."""
PACES = ((300, 1 / 2), (60, 1 / 10))
"""The same from so many events per second on: nobody reads more, a key does not wait behind one frame after the other,
and the server, which waits while we draw, has more of the time."""
HANGING = 3.0
"""Seconds after which a reload says which line it waits for."""


class DashApp(Actions):
    CSS_PATH = "dash.tcss"
    TITLE = "fh-dash"
    ENABLE_COMMAND_PALETTE = True
    BINDINGS: ClassVar[list[BindingType]] = list(bindings.APP)

    def __init__(
        self,
        runtime: Backend,
        lanes: Lanes,
        *,
        target: str = "",
        slow: float = 100.0,
        theme: str = "",
        keymap: Mapping[str, str] | None = None,
        store: Store | None = None,
        view: Mapping[str, Any] | None = None,
        clock: Callable[[], float] = time.time,
        memory: Callable[[], int | None] = resident,
        released: Released = no_released,
    ) -> None:
        self.store = store or Store(target, clock=clock)
        self.slow = slow
        self._memory = memory
        self.resident = memory()
        self._palette: Palette | None = None
        super().__init__()
        self.animation_level = "none"
        self.runtime, self.lanes = runtime, lanes
        self.hold = Hold(self, released)
        self.loops = [Loop("server", runtime.run_server), Loop("reload", runtime.run_reloader)]
        self.main = MainScreen(self)
        self.view = dict(view or {})
        self.plumbing: Callable[[], AbstractContextManager[None]] = nullcontext
        """What lies between the app's output and the inbox; entered while the screen is up."""
        self.notes: tuple[str, ...] = ()
        """To be said once the screen is up."""
        self._open = ExitStack()
        self._drained = 0.0
        self._pace = DRAIN
        self._waiting = False
        self.begun = False
        """The first frame was drawn and the workers run."""
        self._setup_look(theme, keymap or {})

    def _setup_look(self, theme: str, keymap: Mapping[str, str]) -> None:
        self.register_theme(FH_DARK)
        self.register_theme(FH_LIGHT)
        self.theme = theme if theme in self.available_themes else FH_DARK.name
        self.set_keymap(dict(keymap))
        self.keymap_shown = dict(keymap)

    # --------------------------------------------------------------------------------------------- the look

    @property
    def palette(self) -> Palette:
        if self._palette is None:
            self._palette = palette(self.current_theme)
        return self._palette

    def get_css_variables(self) -> dict[str, str]:
        self._palette = palette(self.current_theme)
        return {**super().get_css_variables(), **self._palette.variables}

    def get_default_screen(self) -> Screen[None]:
        return self.main

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        for title, explanation, binding in commands.entries():
            yield SystemCommand(title, explanation, lambda action=binding.action: self.run_palette(action))
        yield SystemCommand("Themes", "All themes", self.search_themes)

    def run_palette(self, action: str) -> None:
        """List actions belong to the list that was in focus before the palette opened."""
        self.call_later(self.run_action, action, compat.namespace(self.main.rows, action, self))

    def watch_theme(self) -> None:
        if self.is_running:
            self.call_after_refresh(self.main.repaint)

    # ------------------------------------------------------------------------------------ start and drain

    def on_mount(self) -> None:
        self.lanes.on_wake(self._wake, self._wake_now)
        self.set_interval(1.0, self.tick)
        self.set_interval(0.1, self.tick_import)
        self.call_after_refresh(self._begin)

    def on_unmount(self) -> None:
        self.unplug()

    def unplug(self) -> None:
        """Once more is harmless: after a fault there may have been no unmounting."""
        self.lanes.on_wake(None)
        self._open.close()

    def end(self, status: int) -> None:
        """Also from a signal's handler."""
        self.hold.abort()
        compat.call_soon(self, lambda: self.exit(status))

    def layout(self) -> dict[str, Any]:
        """What is remembered for the next time."""
        view = self.main.view()
        return {"theme": self.theme, "pane": view["pane"], "zoomed": view["zoomed"]}

    def _begin(self) -> None:
        """After the first frame: only now is the app imported, which may keep the interpreter busy."""
        self._open.enter_context(self.plumbing())
        self._open.enter_context(patient())
        for loop in self.loops:
            self.run_worker(self._supervise(loop), name=loop.name, group=loop.name, exclusive=True, exit_on_error=False)
        self.tick()
        self.drain()
        self.begun = True
        for note in self.notes:
            self.say(note, "slow", 10)

    async def _supervise(self, loop: Loop) -> None:
        if (error := await loop.watch()) is not None:
            self.say(f"the {loop.name} thread ended: {type(error).__name__}: {error}; R starts afresh", "error", 3600)
        elif self.runtime.restart_requested:
            self.exit(0)  # a save asked for it, with `--reload full`

    def _wake(self) -> None:
        """From any thread: there is something in the inbox."""
        compat.call_soon(self, self._soon)

    def _wake_now(self) -> None:
        """From any thread: there is something that does not wait for the pace."""
        compat.call_soon(self, self._at_once)

    def _at_once(self) -> None:
        if (pause := self._pause(DRAIN)) <= 0:
            self.drain()
        else:
            self.set_timer(pause, self.drain)

    def _soon(self) -> None:
        """Drain now, or as soon as the last time is long enough ago."""
        if self._waiting:
            return
        if (pause := self._pause(self._pace)) <= 0:
            self.drain()
        else:
            self._waiting = True
            self.set_timer(pause, self._waited)

    def _pause(self, pace: float) -> float:
        """Seconds until the next drain is due."""
        return self._drained + pace - time.monotonic()

    def _waited(self) -> None:
        self._waiting = False
        self.drain()

    def drain(self) -> None:
        """Take in everything that waits and show it."""
        events = self.lanes.drain()
        since, self._drained = self._drained, time.monotonic()
        rate = len(events) / max(self._drained - since, DRAIN)
        self._pace = next((pace for least, pace in PACES if rate >= least), DRAIN)
        self.store.output.lost, self.store.requests.lost = self.lanes.output.dropped, self.lanes.requests.dropped
        if not events:
            return
        self.store.apply(events)
        if any(isinstance(event, (Serving, ReloadResult, LoadFailed)) for event in events):
            self.store.routes.update(self.runtime.routes())
            self.store.modules.link(self.runtime.importers())
            self.store.caches.update(self.runtime.caches())
        self._show()

    def _show(self) -> None:
        """What the store holds, on the screen that is on top."""
        if not self.is_running:
            return
        if isinstance(self.screen, DetailScreen):
            self.screen.header.update()
            return
        with self.batch_update():
            self.main.refresh_all()

    def tick(self) -> None:
        self.resident = self._memory()
        self.store.status.hangs_at = self._hanging()
        if self.store.caches.update(self.runtime.caches()):
            self._show()
        self._tick()

    def _hanging(self) -> tuple[str, int] | None:
        """Where project code stands that has kept the import, a reload or the server waiting for long."""
        place, status = self.runtime.hanging(), self.store.status
        waits = status.phase in ("reloading", "importing")
        if place is None or (waits and self.store.clock() - status.since < HANGING):
            return None
        return place

    def _tick(self) -> None:
        if not self.is_running:  # the timers outlive the screens
            return
        if isinstance(self.screen, DetailScreen):
            self.screen.header.update()
        else:
            self.main.tick()

    def tick_import(self) -> None:
        if self.store.imports.stack:
            self._tick()


def run_dashboard(settings: Settings, factory: RuntimeFactory) -> int:
    """See `fh_dash.tui.run`."""
    from fh_dash.tui.run import run_dashboard as run

    return run(settings, factory)
