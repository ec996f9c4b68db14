"""A whole run of the dashboard: the terminal is taken, the app runs, everything is put back."""

from __future__ import annotations

import logging
import os
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

from fh_dash.events import Event
from fh_dash.host.fds import Capture
from fh_dash.host.leave import leave_now
from fh_dash.host.tap import tapped
from fh_dash.settings import Settings
from fh_dash.store import Store
from fh_dash.store.lanes import Lanes
from fh_dash.text import visible
from fh_dash.tui import _textual_compat as compat
from fh_dash.tui import preferences, signals
from fh_dash.tui.app import DashApp
from fh_dash.tui.backend import Backend
from fh_dash.tui.supervise import Loop

RuntimeFactory = Callable[[Settings, Callable[[Event], object]], Backend]
HISTORY = "FH_DASH_HISTORY"
"""Where a fresh process finds what its predecessor saw."""
JOIN = 5.0
"""Seconds that the end waits for code that blocks the server; and, beyond what the app may take, for a thread."""
LOOK = 0.1


def run_dashboard(settings: Settings, factory: RuntimeFactory) -> int:
    """The exit status; does not return when a fresh process was asked for.

    Raises UsageError and PortTakenError before anything is drawn.
    """
    lanes = Lanes()
    runtime = factory(settings, lanes.post)
    runtime.bind()
    app = make_app(settings, runtime, lanes)
    asked = signals.Asked(app.end, runtime.hurry, leave_now)
    with signals.handled(asked):
        with ExitStack() as stack:
            capture = stack.enter_context(Capture(lanes.post))
            app.hold.released = capture.released
            status = _on_screen(app, lanes)
        asked.screen_left()
        if (fault := compat.fault(app)) is not None:
            traceback.print_exception(fault)
        ended = _stop(app, settings)
    if runtime.restart_requested and not asked.signals:
        from fh_dash.store import history

        path = history.save(app.store, {**app.main.view(), "theme": app.theme})
        runtime.reexec({HISTORY: str(path)})
    preferences.remember(app.layout())
    if not ended:
        leave_now(status or 1)  # its threads would keep the interpreter from ending
    return status


def make_app(settings: Settings, runtime: Backend, lanes: Lanes, environ: Mapping[str, str] = os.environ) -> DashApp:
    chosen = preferences.load(Path.cwd(), environ)
    layout = preferences.remembered(environ)
    store = Store(settings.target)
    view: dict[str, Any] = {"zoomed": layout.get("zoomed"), "pane": layout.get("pane")}
    if path := environ.get(HISTORY):
        from fh_dash.store import history

        view |= history.restore(path, store)
        os.environ.pop(HISTORY, None)
    theme = str(view.get("theme") or chosen.theme or layout.get("theme") or "")
    app = DashApp(runtime, lanes, store=store, slow=chosen.slow, theme=theme, keymap=chosen.keymap, view=view)
    app.notes += chosen.problems
    return app


def _on_screen(app: DashApp, lanes: Lanes) -> int:
    @contextmanager
    def plumbing() -> Iterator[None]:
        """Entered after the first frame, when Textual has put its own stand-ins in the place of the streams."""
        from fh_dash.host.debugger import Debugger

        debugger = Debugger(app.hold)
        with tapped(lanes.post):
            debugger.install()
            try:
                yield
            finally:
                debugger.restore()

    app.plumbing = plumbing
    try:
        status = app.run()
    finally:
        app.unplug()
    return app.return_code or 0 if status is None else status


def _stop(app: DashApp, settings: Settings) -> bool:
    """Whether both loops ended in time."""
    # The app may say what it has to say while it shuts down; uvicorn's farewell is of no use here.
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
    app.runtime.stop()
    patience = JOIN + settings.shutdown_wait + float(settings.uvicorn.get("timeout_graceful_shutdown") or 0)
    return all(_ended(loop, app.runtime, time.monotonic() + patience) for loop in app.loops)


def _ended(loop: Loop, runtime: Backend, end: float) -> bool:
    """Wait for one of the two; the person is told why it did not end."""
    blocked = None
    while not loop.join(LOOK):
        now, place = time.monotonic(), runtime.hanging()
        blocked = None if place is None else blocked or now
        if now > end or (blocked is not None and now - blocked > JOIN):
            where = "" if place is None else f": {visible(place[0])}:{place[1]} does not return"
            with suppress(OSError):  # the terminal may be gone
                print(f"fh-dash: the {loop.name} thread did not end{where}", file=sys.stderr)
            return False
    return True
