"""Whether the server's loop goes round, asked without waiting for the answer."""

from __future__ import annotations

import asyncio
import time


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
