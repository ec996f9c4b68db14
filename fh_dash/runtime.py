"""The composition root: watcher, engine and host, driven by two threads of the caller; no UI in it.

The server's loop runs on the thread that calls `run_server`, and so does the project's code; `run_reloader` waits
for saves on another one. Everything that happens goes to `post`, as `fh_dash.events`.
"""

from __future__ import annotations

import asyncio
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, NoReturn

from fh_dash import insight
from fh_dash.errors import FhDashError, UsageError
from fh_dash.events import CacheState, CacheValue, Event, Exchange, Listening, LoadFailed, ServerStopped, Serving
from fh_dash.host import binding
from fh_dash.host.hang import Hang
from fh_dash.host.interrupt import Interrupted, stands_in_project
from fh_dash.host.main_thread import noted
from fh_dash.host.origin import Origin
from fh_dash.host.signals import EXIT, Signals
from fh_dash.host.target import Target, resolve
from fh_dash.host.urls import network_urls
from fh_dash.settings import Settings

if TYPE_CHECKING:
    from fh_dash.engine import Engine, Route
    from fh_dash.engine.keep import Registry
    from fh_dash.host.host import Host
    from fh_dash.host.recorder import Recorder
    from fh_dash.host.server import Server
    from fh_dash.live import LiveHub
    from fh_dash.reloader import Reloader


@dataclass(frozen=True, slots=True)
class _Parts:
    """What makes a run."""

    target: Target
    socket: socket.socket
    engine: Engine
    host: Host
    server: Server
    hang: Hang
    reloader: Reloader


class Runtime:
    """One run. `bind`, then `run_server` and `run_reloader`, each on a thread that they keep until the end."""

    def __init__(self, settings: Settings, post: Callable[[Event], object]) -> None:
        self.settings = settings
        self.post = post
        self.restart_requested = False
        self.requests = True
        """Whether anybody wants RequestStarted and RequestFinished; to be set before `bind`. Without them uvicorn's
        access log is on."""
        self.live: LiveHub | None = None
        self._origin = Origin()
        self._target: Target | None = None
        self._socket: socket.socket | None = None
        self._bound: _Parts | None = None
        self._composing = threading.RLock()
        self._recorder: Recorder | None = None
        self._stopping = False

    # --------------------------------------------------------------------------------------------- begin

    def bind(self) -> str:
        """Resolve the target and listen; returns the URL. Raises UsageError and PortTakenError, and then nothing is
        left behind. None of the project's code has run yet."""
        settings = self.settings
        self._target = resolve(
            settings.target,
            app=settings.app,
            factory=settings.factory,
            reload_dirs=settings.reload_dirs,
            app_dir=settings.uvicorn.get("app_dir") or "",
            cwd=self._origin.cwd,
        )
        self._socket = binding.listener(settings.host, settings.port, settings.uvicorn)
        if settings.uvicorn:  # only these can be wrong, and what is wrong is said now
            try:
                self._bound = self._compose(self._target, self._socket)
            except UsageError:
                self._socket.close()
                raise
        url = binding.url(self._socket, settings.host, tls=bool(settings.uvicorn.get("ssl_certfile")))
        self.post(Listening(url, time.time(), network_urls(url, settings.host)))
        return url

    @property
    def _parts(self) -> _Parts:
        """Put together when one of the threads begins: it takes 100 ms, and the first frame is not to wait for it."""
        with self._composing:
            if self._bound is None:
                if self._target is None or self._socket is None:
                    raise FhDashError("bind() comes first")
                self._bound = self._compose(self._target, self._socket)
            return self._bound

    def _compose(self, target: Target, sock: socket.socket) -> _Parts:
        from fh_dash.engine import Engine
        from fh_dash.host.host import Host
        from fh_dash.host.server import Server, configured
        from fh_dash.layers import Layers
        from fh_dash.reloader import Reloader

        self._registry.active = True
        engine = Engine(target.roots, target.module, post=self.post)
        host = Host(self.settings, target, engine, self._post_load)
        layers = Layers(self.settings, engine, host.gate, self.post, requests=self.requests)
        self.live, self._recorder = layers.live, layers.recorder
        config = configured(layers.app, self.settings, access_log=not self.requests)
        wait = self.settings.shutdown_wait
        server = Server(config, ready=self._ready, closing=self._closing, finish=self._finish, shutdown_wait=wait)
        hang = Hang(server, host.stretch, engine.running, self._is_project)
        return _Parts(target, sock, engine, host, server, hang, Reloader(self, engine, host, target))

    def _post_load(self, event: Event) -> None:
        """The browser hears of loads from here, of reloads from the reloader."""
        if self.live is not None and isinstance(event, Serving):
            self.live.ready(event.generation)
        elif self.live is not None and isinstance(event, LoadFailed):
            self.live.failed(event.error)
        self.post(event)

    # ----------------------------------------------------------------------------------------- the threads

    def run_server(self) -> None:
        """Serve on this thread until `stop`, or a signal when it is the main one; the signal is raised again then."""
        parts = self._parts
        signals = Signals(self._asked_to_end, self._asked_anew, parts.hang.raise_here)
        error = None
        try:
            with signals.captured(), noted(self._is_project, self.settings.target):
                parts.hang.enter(signals.poke)
                self._prepare(parts)
                if not self._stopping:
                    parts.server.run([parts.socket.dup()])
        except Exception as fault:
            error = parts.engine.report(fault, "request")
        finally:
            parts.hang.leave()
            self._end_server(parts)
        self.post(ServerStopped(time.time(), error))
        if signals.caught and signals.caught[0] in EXIT:
            signal.raise_signal(signals.caught[0])

    def run_reloader(self) -> None:
        """Wait for saves and carry them out, on this thread, until `stop`."""
        if not self._stopping:
            self._parts.reloader.run()

    def _prepare(self, parts: _Parts) -> None:
        """The interpreter as the app expects it, and our hook in front of its imports."""
        folders = [str(folder) for folder in parts.target.path]
        sys.path[:] = [*folders, *(entry for entry in sys.path if entry not in folders)]
        sys.argv[:] = self.settings.arguments or [parts.target.argument]
        parts.engine.install()

    def _ready(self) -> None:
        self._parts.hang.serves(asyncio.get_running_loop())
        if self.live is not None:
            self.live.bind(asyncio.get_running_loop())
        self._parts.host.start()

    def _closing(self) -> None:
        if self.live is not None:
            self.live.close()
        self._parts.host.closing()

    async def _finish(self) -> None:
        await self._parts.host.finish()
        if self._recorder is not None:
            self._recorder.flush()

    def _end_server(self, parts: _Parts) -> None:
        self._stopping = True
        parts.reloader.stop()
        parts.engine.uninstall()
        if not self.restart_requested:
            binding.close(parts.socket, self.settings.uvicorn)

    # ------------------------------------------------------------------------------------- from any thread

    def hurry(self) -> None:
        """After `stop`: without waiting for anybody but the app's shutdown. Also from a signal handler."""
        if self._bound is not None:
            self._bound.server.stop(force=True)

    def stop(self) -> None:
        """End both threads, soon. Project code that hangs is interrupted."""
        self._stopping = True
        if self._bound is not None:
            self._bound.reloader.stop()
            self._bound.server.stop()
            self._bound.hang.stopping()
            self._bound.host.stretch.interrupt(self._is_project)

    def reload(self) -> None:
        """Run all project modules again."""
        self._parts.reloader.force()

    def restart(self) -> None:
        """Ask for a fresh process: `restart_requested` is set, and both threads end; then call `reexec`."""
        self.restart_requested = True
        self.stop()

    def hanging(self) -> tuple[str, int] | None:
        """File and line where project code stands that is being run for a load or a reload now, or that has kept
        the server's loop from going round for a while. To be asked by one thread, now and then."""
        return self._bound.hang.place() if self._bound is not None else None

    def interrupt(self) -> bool:
        """Raise an exception in project code that hangs; the old generation serves on. False: none is running.

        What hangs is a module that is being run, or whatever blocks the server's loop.
        """
        return self._parts.hang.interrupt()

    def _is_project(self, file: str) -> bool:
        return self._parts.engine.is_project_file(Path(file))

    def _signalled(self, again: bool, frame: FrameType | None) -> None:
        """A signal handler: between two steps of whatever the main thread runs. It waits for no lock, since that thread
        may hold it already; the reload thread is told when the server has ended."""
        parts = self._parts
        stuck = again and not parts.server.answers
        self._stopping = True
        parts.server.stop(force=again)
        parts.hang.stopping()
        if not (parts.host.stretch.running or stuck):
            return
        if stuck or stands_in_project(frame, self._is_project):
            raise Interrupted
        parts.host.stretch.interrupt(self._is_project)  # we ourselves are at work there, for a moment

    def _asked_to_end(self, again: bool, frame: FrameType | None) -> None:
        """Also while a fresh process is under way: there will be none."""
        self.restart_requested = False
        self._signalled(again, frame)

    def _asked_anew(self, frame: FrameType | None) -> None:
        """A signal handler, too."""
        again, self.restart_requested = self.restart_requested, True
        self._signalled(again, frame)

    def reexec(self, environ: Mapping[str, str] | None = None) -> NoReturn:
        """Become a fresh process with the same command line, environment, folder and socket; on the main thread.

        `environ`: variables on top of those that this process was started with.
        """
        if (sock := self._socket) is None:
            raise FhDashError("bind() comes first")
        self._origin.again(sock, environ or {})

    # --------------------------------------------------------------------------------------------- to look

    @property
    def _registry(self) -> Registry:
        from fh_dash.engine.keep import registry

        return registry

    def caches(self) -> tuple[CacheState, ...]:
        return self._registry.states()

    def clear_cache(self, key: str) -> bool:
        """Drop the values of one cache, by `CacheState.key`; False when there is none of that name."""
        return self._registry.clear(key)

    def clear_caches(self) -> int:
        """How many were cleared."""
        return self._registry.clear_all()

    def cache_values(self, key: str) -> tuple[CacheValue, ...]:
        """What a cache holds, by `CacheState.key`."""
        return insight.cache_values(key)

    def importers(self) -> Mapping[str, tuple[str, ...]]:
        """For each project module those that import it."""
        return self._bound.engine.importers() if self._bound is not None else {}

    def exchange(self, number: int) -> Exchange | None:
        """Headers and the beginnings of the bodies of a request, by its id; None when it is not known, or no longer."""
        return self._recorder.exchanges.get(number) if self._recorder is not None else None

    def routes(self) -> tuple[Route, ...]:
        return self._bound.host.routes() if self._bound is not None else ()
