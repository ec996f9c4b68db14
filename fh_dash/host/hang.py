"""Project code that keeps the server's thread: where it stands, and how it is ended."""

from __future__ import annotations

import asyncio
import logging
import queue
import sys
import threading
from collections.abc import Callable
from types import FrameType
from typing import Protocol

from fh_dash.frames import Place, stands_at
from fh_dash.host.interrupt import Ended, Interrupted, IsProject, Stretch, raise_at, stands_in_project
from fh_dash.host.pulse import Pulse

log = logging.getLogger("uvicorn.error")

BLOCKED = 0.5
"""Seconds without an answer of the server's loop from which on it counts as blocked."""
LOOK = 0.1
TRIES = 50
"""A thread that is busy calling functions seldom stands where it was seen a moment ago."""


class Server(Protocol):
    """What of `fh_dash.host.server.Server` is used here."""

    @property
    def patience(self) -> float: ...
    def responds(self) -> bool: ...


class Hang:
    """`enter` and `leave` on the server's thread; the rest from any, `place` from one.

    `running`: where project code stands that is being imported.
    """

    def __init__(
        self, server: Server, stretch: Stretch, running: Callable[[], Place | None], is_project: IsProject
    ) -> None:
        self._server, self._stretch, self._running, self._is_project = server, stretch, running, is_project
        self._thread: int | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._pulse: Pulse | None = None
        self._poke: Callable[[], bool] = lambda: False
        self._stops: queue.SimpleQueue[None] = queue.SimpleQueue()  # to `put` is allowed in a signal handler
        self._left = threading.Event()

    def enter(self, poke: Callable[[], bool]) -> None:
        """`poke`: have `raise_here` called on this thread, even while it waits in C; False when that cannot be."""
        self._thread, self._poke = threading.get_ident(), poke
        threading.Thread(target=self._guard, name="fh-dash-end", daemon=True).start()

    def serves(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop, self._pulse = loop, Pulse(loop)

    def leave(self) -> None:
        self._thread = None
        self._left.set()
        self.stopping()

    # ------------------------------------------------------------------------------------- from any thread

    def place(self) -> Place | None:
        """Where project code stands that is being run for a load or a reload now, or that has kept the server's loop
        from going round for a while. To be asked by one thread, now and then."""
        if (place := self._running()) is not None:
            return place
        blocked = self._pulse is not None and self._pulse.blocked() >= BLOCKED
        return stands_at(self._thread, self._is_project) if blocked else None

    def interrupt(self) -> bool:
        """Raise an exception in project code that hangs: a module that is being run, or whatever blocks the server's
        loop. False: there is none."""
        thread = self._thread
        if self._stretch.interrupt(self._is_project):
            return True
        if thread is None or self._server.responds():
            return False
        return any(self._raise(thread, Interrupted) for _ in range(TRIES))

    def stopping(self) -> None:
        """The server was asked to end: from now on the loop may be blocked for `Server.patience` only. Also from a
        signal handler."""
        self._stops.put(None)

    def raise_here(self, frame: FrameType | None) -> None:
        """In a signal handler on the server's thread, where it interrupted `frame`."""
        if stands_in_project(frame, self._is_project):
            raise Ended

    # ---------------------------------------------------------------------------------- a thread of its own

    def _guard(self) -> None:
        """From the stop on: who blocks the loop for too long is interrupted, until the server has ended."""
        self._stops.get()
        pulse: Pulse | None = None
        said = False
        while not self._left.wait(LOOK):
            if pulse is None and self._loop is not None:
                pulse = Pulse(self._loop)
            if pulse is None or pulse.blocked() < self._server.patience:
                continue
            place = stands_at(self._thread, self._is_project)
            if place is not None and not said:
                log.warning("%s:%s blocks the server, which is to end: it is interrupted", *place)
                said = True
            self._end()

    def _end(self) -> None:
        thread = self._thread
        frame = sys._current_frames().get(thread) if thread is not None else None
        if stands_in_project(frame, self._is_project) and not self._poke():
            self._raise(thread, Ended)

    def _raise(self, thread: int | None, error: type[BaseException]) -> bool:
        frame = sys._current_frames().get(thread) if thread is not None else None
        if thread is None or frame is None or not stands_in_project(frame, self._is_project):
            return False
        return raise_at(thread, frame, error)
