"""The end of the process, in bounded time."""

from __future__ import annotations

import os
import sys
import threading
import time

PATIENCE = 3.0


def leave_soon(status: int, patience: float = PATIENCE) -> int:
    """Give the interpreter `patience` seconds to exit, then end the process; returns the status.

    Python waits at its exit for threads that are no daemons, `asyncio.to_thread` among them: one that blocks in the
    app's code would hold a server that has stopped long ago.
    """
    threading.Thread(target=_end, args=(status, patience), name="fh-dash-exit", daemon=True).start()
    return status


def _end(status: int, patience: float) -> None:
    time.sleep(patience)
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError, AttributeError):  # gone already
            pass
    os._exit(status)
