"""A whole run of the dashboard: the terminal is taken, the app runs, everything is put back."""

from __future__ import annotations

import logging
import os
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from fh_dash.events import Event
from fh_dash.host.fds import Capture
from fh_dash.host.tap import tapped
from fh_dash.settings import Settings
from fh_dash.store import Store
from fh_dash.store.lanes import Lanes
from fh_dash.tui import _textual_compat as compat
from fh_dash.tui import preferences, signals
from fh_dash.tui.app import DashApp
from fh_dash.tui.backend import Backend

RuntimeFactory = Callable[[Settings, Callable[[Event], object]], Backend]
HISTORY = "FH_DASH_HISTORY"
"""Where a fresh process finds what its predecessor saw."""
JOIN = 5.0
"""Seconds that the end waits for the server, and for the reloader."""


def run_dashboard(settings: Settings, factory: RuntimeFactory) -> int:
    """The exit status; does not return when a fresh process was asked for.

    Raises UsageError and PortTakenError before anything is drawn.
    """
    lanes = Lanes()
    runtime = factory(settings, lanes.post)
    runtime.bind()
    app = make_app(settings, runtime, lanes)
    with ExitStack() as stack:
        capture = stack.enter_context(Capture(lanes.post))
        app.hold.released = capture.released
        status = _on_screen(app, lanes)
    if (fault := compat.fault(app)) is not None:
        traceback.print_exception(fault)
    ended = _stop(app)
    if runtime.restart_requested:
        from fh_dash.store import history

        path = history.save(app.store, app.main.view())
        runtime.reexec({HISTORY: str(path)})
    preferences.remember(app.layout())
    if not ended:
        # Its threads would keep the interpreter from ending.
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status or 1)
    return status


def make_app(settings: Settings, runtime: Backend, lanes: Lanes, environ: Mapping[str, str] = os.environ) -> DashApp:
    chosen = preferences.load(Path.cwd(), environ)
    layout = preferences.remembered(environ)
    store = Store(settings.target)
    view: dict[str, Any] = {"zoomed": layout.get("zoomed"), "pane": layout.get("pane")}
    if path := environ.get(HISTORY):
        from fh_dash.store import history

        view = history.restore(path, store)
        os.environ.pop(HISTORY, None)
    theme = chosen.theme or str(layout.get("theme") or "")
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
    with signals.handled(app.end):
        try:
            status = app.run()
        finally:
            app.unplug()
    return app.return_code or 0 if status is None else status


def _stop(app: DashApp) -> bool:
    """Whether both loops ended in time."""
    # The app may say what it has to say while it shuts down; uvicorn's farewell is of no use here.
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
    app.runtime.stop()
    late = [loop.name for loop in app.loops if not loop.join(JOIN)]
    for name in late:
        print(f"fh-dash: the {name} thread did not end within {JOIN:.0f} s", file=sys.stderr)
    return not late
