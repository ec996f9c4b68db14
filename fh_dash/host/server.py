"""uvicorn on a socket of ours: stopped by an event instead of a poll, and always in bounded time."""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import Any

import uvicorn

from fh_dash.errors import UsageError
from fh_dash.host.access import log_config, timed
from fh_dash.host.asgi import ASGIApp
from fh_dash.host.interrupt import Ended
from fh_dash.settings import Settings

log = logging.getLogger("uvicorn.error")

TICK = 0.1
"""As in uvicorn: the date header and the request limit are looked at so often."""
LAST_CALL = 0.02
"""Seconds in which connections that were accepted just before the stop may still bring their request."""
LAST_WORD = 0.3
"""Seconds that apps have to notice that their client was hung up on, and again after they were cancelled."""
RESPONSE = 0.2
"""Seconds after which a loop that does not run its callbacks counts as blocked."""
FORCED = 0.5
"""The same once the server is to end without waiting for anybody."""
GRACE = 1
"""Seconds that open streams get to end when the server stops, unless `--timeout-graceful-shutdown` says more."""

NOT_FOR_UVICORN = ("uds", "fd", "interface", "lifespan", "factory", "workers", "app_dir", "reload")
"""Options by uvicorn's names that are carried out elsewhere."""


def configured(app: ASGIApp, settings: Settings, *, access_log: bool) -> uvicorn.Config:
    """uvicorn's configuration, loaded, so that a certificate that is not there is a UsageError now.

    `access_log`: unless the person's options say something.
    """
    options: dict[str, Any] = {k: v for k, v in settings.uvicorn.items() if k not in NOT_FOR_UVICORN}
    if options.get("timeout_graceful_shutdown") is None:
        options["timeout_graceful_shutdown"] = GRACE
    options.setdefault("access_log", access_log)
    if options["access_log"]:
        app = timed(app)
    options.setdefault("log_config", log_config())
    options |= {"host": settings.host, "port": settings.port, "lifespan": "off", "interface": "asgi3"}
    try:
        config = uvicorn.Config(app, **options)
        config.load()
    except (OSError, ValueError, ImportError, KeyError, SystemExit) as error:
        raise UsageError(f"uvicorn cannot be set up: {type(error).__name__}: {error}") from None
    return config


class Server(uvicorn.Server):
    """`ready` runs on the loop when connections are accepted, `finish` when the last one is closed.

    Signals are not this class's: whoever owns the main thread calls `stop`.
    """

    def __init__(
        self,
        config: uvicorn.Config,
        *,
        ready: Callable[[], None],
        closing: Callable[[], None],
        finish: Callable[[], Awaitable[None]],
        shutdown_wait: float = 5.0,
    ) -> None:
        super().__init__(config)
        self._shutdown_wait = shutdown_wait
        self._ready, self._closing, self._finish = ready, closing, finish
        self._exit = asyncio.Event()
        self._force = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self.answers = True
        """False between a call of `stop` and the moment at which the loop noticed it."""

    def run(self, sockets: list[socket.socket] | None = None) -> None:
        """Serve on this thread until `stop`; takes the sockets over."""
        loop = _new_loop(self.config)
        self._loop = loop
        try:
            asyncio.set_event_loop(loop)
            executor = ThreadPoolExecutor(thread_name_prefix="asyncio")
            loop.set_default_executor(executor)
            self._complete(loop, sockets)
        finally:
            _close(loop, executor)
            asyncio.set_event_loop(None)

    def stop(self, *, force: bool = False) -> None:
        """End the server; `force`: without waiting for anybody. From any thread, and from a signal handler."""
        self.should_exit = True
        self.force_exit = self.force_exit or force
        self.answers = False
        if self._loop is not None:
            with suppress(RuntimeError):  # closed already
                self._loop.call_soon_threadsafe(self._noticed)

    @property
    def patience(self) -> float:
        """Seconds for which code may block the loop once the server is to end: a request as long as open streams, the
        app's shutdown as long as it may take, and only a moment once forced."""
        if self.force_exit:
            return FORCED
        return self._shutdown_wait if self.answers else float(self.config.timeout_graceful_shutdown or 0)

    def responds(self) -> bool:
        """Whether the loop runs, instead of being blocked by code that does not return. Not to be asked on it."""
        answered = threading.Event()
        try:
            assert self._loop is not None
            self._loop.call_soon_threadsafe(answered.set)
        except RuntimeError:
            return True
        return answered.wait(RESPONSE)

    def _complete(self, loop: asyncio.AbstractEventLoop, sockets: list[socket.socket] | None) -> None:
        """An app's own task that raises SystemExit or KeyboardInterrupt stops the loop: it is started again."""
        main = loop.create_task(self._main(sockets), name="server")
        while not main.done():
            try:
                loop.run_until_complete(main)
            except (SystemExit, KeyboardInterrupt) as error:
                if not main.done() and not self.force_exit and not isinstance(error, Ended):
                    log.error("%s in a task of the app", type(error).__name__, exc_info=error)
        main.result()

    def _noticed(self) -> None:
        self.answers = True
        self._exit.set()
        if self.force_exit:
            self._force.set()

    async def _main(self, sockets: list[socket.socket] | None) -> None:
        try:
            await self.serve(sockets)
        finally:
            self._closing()
            await self._finish()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if not self.should_exit:
            self._ready()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def main_loop(self) -> None:
        counter = 0
        while not await self.on_tick(counter):
            counter = (counter + 1) % 864000
            alarm = asyncio.get_running_loop().call_later(TICK, self._exit.set)
            await self._exit.wait()
            alarm.cancel()
            self._exit.clear()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop accepting, let requests end, then hang up, then cancel; each bounded."""
        log.info("Shutting down")
        for server in self.servers:
            server.close()
        for sock in sockets or []:
            sock.close()
        await asyncio.sleep(LAST_CALL)
        self._closing()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        await self._quiet(self.config.timeout_graceful_shutdown or 0)
        for connection in list(self.server_state.connections):
            transport = getattr(connection, "transport", None)
            if transport is not None:
                transport.close()
        await self._quiet(LAST_WORD)
        for task in list(self.server_state.tasks):
            task.cancel()
        await self._quiet(LAST_WORD)

    async def _quiet(self, patience: float) -> None:
        """Wait until no request runs any more, at most `patience` seconds, and not at all once forced."""
        tasks = set(self.server_state.tasks)
        if not tasks or self.force_exit:
            return
        forced = asyncio.ensure_future(self._force.wait())
        done = asyncio.ensure_future(asyncio.wait(tasks))
        await asyncio.wait([forced, done], timeout=patience, return_when=asyncio.FIRST_COMPLETED)
        forced.cancel()
        done.cancel()


def _new_loop(config: uvicorn.Config) -> asyncio.AbstractEventLoop:
    """As uvicorn makes it for `--loop`; before 0.36 that was a policy."""
    if hasattr(config, "get_loop_factory"):
        factory = config.get_loop_factory()
        return factory() if factory else asyncio.new_event_loop()
    config.setup_event_loop()
    return asyncio.new_event_loop()


def _close(loop: asyncio.AbstractEventLoop, executor: ThreadPoolExecutor) -> None:
    """As `asyncio.run` ends, but what does not end in time is left behind."""
    left = asyncio.all_tasks(loop)
    for task in left:
        task.cancel()
    if left:
        loop.run_until_complete(asyncio.wait(left, timeout=LAST_WORD))
        for task in left:  # it ignores that it was cancelled: no news, and nobody can do anything about it
            task._log_destroy_pending = False  # type: ignore[attr-defined]
        log.addFilter(_not_destroyed)
    with suppress(TimeoutError):
        loop.run_until_complete(asyncio.wait_for(loop.shutdown_asyncgens(), LAST_WORD))
    executor.shutdown(wait=False, cancel_futures=True)
    loop.close()


def _not_destroyed(record: logging.LogRecord) -> bool:
    """uvicorn tells the `GeneratorExit` with which Python destroys what was left behind."""
    return not (record.exc_info and record.exc_info[0] is GeneratorExit)
