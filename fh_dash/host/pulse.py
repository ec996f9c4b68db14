"""Whether the server's loop goes round, asked without waiting for the answer."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable


class Pulse:
    """For one other thread, which asks now and then."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._asked: float | None = None

    def blocked(self) -> float:
        """Seconds for which the last question has not been answered; 0.0 when all is well."""
        now = time.monotonic()
        if self._asked is not None:
            return now - self._asked
        self._asked = now
        try:
            self._loop.call_soon_threadsafe(self._answer)
        except RuntimeError:  # the loop is closed
            self._asked = None
        return 0.0

    def _answer(self) -> None:
        self._asked = None


def stands_at(thread: int | None, is_project: Callable[[str], bool]) -> tuple[str, int] | None:
    """File and line of the project's code that runs in the thread, or has called what runs there."""
    frame = sys._current_frames().get(thread) if thread is not None else None
    while frame is not None:
        if is_project(frame.f_code.co_filename):
            return frame.f_code.co_filename, frame.f_lineno
        frame = frame.f_back
    return None
