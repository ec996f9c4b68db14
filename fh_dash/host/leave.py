"""The end of the process, in bounded time."""

from __future__ import annotations

import os
import sys
import threading
import time
from typing import NoReturn

PATIENCE = 3.0


def leave_soon(status: int, patience: float = PATIENCE) -> int:
    """From the end of the main thread on, give others `patience` seconds, then end the process; returns the status.

    Python waits at its exit for threads that are no daemons, `asyncio.to_thread` among them: one that blocks in the
    app's code would hold a server that has stopped long ago.
    """
    threading.Thread(target=_leave, args=(status, patience), name="fh-dash-exit", daemon=True).start()
    return status


def leave_now(status: int) -> NoReturn:
    """What was written is kept; nothing else is waited for."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError, AttributeError):  # gone already
            pass
    os._exit(status)


def _leave(status: int, patience: float) -> None:
    main = threading.main_thread()
    main.join()  # over as soon as the interpreter begins to exit, before it waits for anybody
    end = time.monotonic() + patience
    others = [thread for thread in threading.enumerate() if not thread.daemon and thread is not main]
    for thread in others:
        thread.join(max(0.0, end - time.monotonic()))
    if any(thread.is_alive() for thread in others):
        leave_now(status)
