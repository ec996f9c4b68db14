"""The dashboard steps aside: a debugger, `input()` or an editor has the terminal for a while."""

from __future__ import annotations

import contextlib
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, TextIO

from textual.app import SuspendNotSupported

if TYPE_CHECKING:
    from fh_dash.tui.app import DashApp

Released = Callable[[], AbstractContextManager[tuple[TextIO, TextIO]]]
"""Gives the file descriptors 1 and 2 back to the terminal; the streams that write there."""

_PATIENCE = 5.0
"""Seconds that a borrower waits for the dashboard to be back, at the most."""


@contextlib.contextmanager
def no_released() -> Iterator[tuple[TextIO, TextIO]]:
    yield sys.__stdout__ or sys.stdout, sys.__stderr__ or sys.stderr


class Hold:
    """Lends the terminal of `app` to one borrower at a time; the others wait in line.

    `take` and `give` are called from any thread but the app's. The app's own thread blocks while the terminal
    is lent: were its loop to go on, it would draw into the stopped driver's queue until that is full.
    """

    def __init__(self, app: DashApp, released: Released = no_released) -> None:
        self._app, self.released = app, released
        self._turn = threading.Lock()
        self._done = threading.Event()
        self._back = threading.Event()
        self._refused = ""

    def take(self) -> None:
        """Blocks until the terminal is the caller's. Raises `RuntimeError` when it cannot be lent."""
        self._turn.acquire()
        taken = threading.Event()
        self._done.clear()
        self._back.clear()
        self._refused = ""
        self._app.call_later(self._lend, taken)
        while not taken.wait(0.2):
            if not self._app.is_running:
                self._refused = "the dashboard is closing"
                break
        if self._refused:
            self._turn.release()
            raise RuntimeError(self._refused)

    def give(self) -> None:
        """The dashboard comes back; returns once it has, so that what is printed next is caught again."""
        self._done.set()
        self._back.wait(_PATIENCE)
        self._turn.release()

    def abort(self) -> None:
        """The dashboard takes the terminal back, whatever the borrower does (a signal asks it to end)."""
        self._done.set()

    def _lend(self, taken: threading.Event) -> None:
        try:
            with self.stepped_aside():
                taken.set()
                self._done.wait()
        except SuspendNotSupported:
            self._refused = "this terminal cannot be lent"
            taken.set()
        finally:
            self._back.set()

    @contextlib.contextmanager
    def stepped_aside(self) -> Iterator[None]:
        """For the app's own thread: the terminal is as before the dashboard, Ctrl-C does nothing."""
        with self._app.suspend(), self.released() as (out, err), _no_interrupt():
            sys.stdout, sys.stderr = out, err  # `suspend` puts back what was there before it
            yield
            out.flush()


@contextlib.contextmanager
def _no_interrupt() -> Iterator[None]:
    # asyncio's handler would otherwise end the dashboard as soon as it is back.
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, lambda signum, frame: None)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
