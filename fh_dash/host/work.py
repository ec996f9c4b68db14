"""What runs on the server's loop for us: begun there, or by another thread that waits for it."""

from __future__ import annotations

import asyncio
import concurrent.futures
import inspect
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

from fh_dash.errors import FhDashError

T = TypeVar("T")


class Stopped(FhDashError):
    """The server ended before the reload did."""


class Work:
    """`call` is for another thread; everything else belongs on the loop, `begin` first."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._tasks: set[asyncio.Task[Any]] = set()
        self._calls: set[concurrent.futures.Future[Any]] = set()
        self._lock = threading.Lock()
        self._ended = False

    def begin(self) -> None:
        self._loop = asyncio.get_running_loop()

    def spawn(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def cancel(self) -> None:
        for task in list(self._tasks):
            task.cancel()

    async def wait(self, patience: float) -> None:
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=patience)

    def end(self) -> None:
        """Whoever waits in `call`, or comes later, gets `Stopped`."""
        with self._lock:
            self._ended = True
            calls = list(self._calls)
        for call in calls:
            call.cancel()

    def call(self, work: Coroutine[Any, Any, T]) -> T:
        """Run it on the loop and wait for its result."""
        tracked = self._tracked(work)
        with self._lock:
            if self._ended or self._loop is None:
                _discard(tracked, work)
                raise Stopped("the server has stopped")
            call = asyncio.run_coroutine_threadsafe(tracked, self._loop)
            self._calls.add(call)
        try:
            return call.result()
        except concurrent.futures.CancelledError:
            _discard(tracked, work)
            raise Stopped("the server has stopped") from None
        finally:
            with self._lock:
                self._calls.discard(call)

    async def _tracked(self, work: Coroutine[Any, Any, T]) -> T:
        return await self.spawn(work)


def _discard(*work: Coroutine[Any, Any, Any]) -> None:
    """Coroutines that may never have begun: closed, so that Python does not complain that nobody awaited them."""
    for coroutine in work:
        if inspect.getcoroutinestate(coroutine) == inspect.CORO_CREATED:
            coroutine.close()
