"""The end of the process, in bounded time."""

from __future__ import annotations

import atexit
import os
import signal
import sys
import threading
from contextlib import suppress
from typing import NoReturn

PATIENCE = 3.0


def leave_soon(status: int, patience: float = PATIENCE) -> int:
    """Once the interpreter exits, give threads `patience` seconds, then end the process; returns the status.

    Python waits at its exit for threads that are no daemons, `asyncio.to_thread` among them: one that blocks in the
    app's code would hold a server that has stopped long ago.
    """
    exits, waited = threading.Event(), threading.Event()

    def begin() -> None:
        _kill_by_interrupt()
        exits.set()

    # Executors wait for their threads in one of these functions; ours goes first. `atexit` comes after all waits.
    getattr(threading, "_register_atexit", lambda function: function())(begin)
    atexit.register(waited.set)
    threading.Thread(target=_leave, args=(exits, waited, status, patience), name="fh-dash-exit", daemon=True).start()
    return status


def _kill_by_interrupt() -> None:
    """Whoever presses Ctrl-C meanwhile is not shown a traceback of Python's own wait."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        with suppress(ValueError):  # not on the main thread
            signal.signal(signal.SIGINT, signal.SIG_DFL)


def leave_now(status: int) -> NoReturn:
    """What was written is kept; nothing else is waited for."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError, AttributeError):  # gone already
            pass
    os._exit(status)


def _leave(exits: threading.Event, waited: threading.Event, status: int, patience: float) -> None:
    exits.wait()
    if not waited.wait(patience):
        leave_now(status)
