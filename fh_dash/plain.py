"""Headless: the server on the main thread, the reloader beside it, and what happens as lines on stdout.

Lines for people are made by `fh_dash.lines`; with `--json` each event is one JSON object,
`{"event": "ReloadResult", …}` with the fields of `fh_dash.events`.
"""

from __future__ import annotations

import dataclasses
import json
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import IO, Any, NoReturn, Protocol, TypeAlias

from fh_dash.events import Event, ServerStopped
from fh_dash.inbox import Inbox
from fh_dash.lines import Lines
from fh_dash.settings import Settings

Format: TypeAlias = Callable[[Event], Iterable[str]]
_PATIENCE = 5.0  # seconds for threads to end


class Runtime(Protocol):
    """What of `fh_dash.runtime.Runtime` is used here."""

    restart_requested: bool
    requests: bool

    def bind(self) -> str: ...
    def run_server(self) -> None: ...
    def run_reloader(self) -> None: ...
    def stop(self) -> None: ...
    def reexec(self) -> NoReturn: ...


MakeRuntime: TypeAlias = Callable[[Settings, Callable[[Event], object]], Runtime]


def as_json(event: Event) -> list[str]:
    fields = dataclasses.asdict(event)
    return [json.dumps({"event": type(event).__name__, **fields}, default=str)]


class Printer:
    """Writes events from a thread of its own, so that a slow reader of the output delays nobody."""

    def __init__(self, out: IO[str], format: Format) -> None:
        self._out, self._format = out, format
        self._wake = threading.Event()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="fh-dash-printer", daemon=True)
        self.inbox: Inbox[Event] = Inbox(wake=self._wake.set)
        self.failed = False
        """The server ended with an error."""

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """Write what waits, at most for a few seconds, and end."""
        self._closed = True
        self._wake.set()
        self._thread.join(_PATIENCE)

    def _run(self) -> None:
        while not self._closed:
            self._wake.wait()
            self._wake.clear()
            self._write(self.inbox.drain())
        self._write(self.inbox.drain())

    def _write(self, events: list[Event]) -> None:
        for event in events:
            self.failed |= isinstance(event, ServerStopped) and event.error is not None
        try:
            self._out.writelines(f"{line}\n" for event in events for line in self._format(event))
            self._out.flush()
        except (OSError, ValueError):  # the reader is gone
            self._format = lambda event: ()


class Ending:
    """While entered, a signal that would end the process is remembered, to die of it after cleaning up.

    The runtime handles signals itself while it serves; when it has ended for one, it raises it again.
    """

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._before: dict[signal.Signals, Any] = {}
        self.signal: signal.Signals | None = None

    def __enter__(self) -> Ending:
        for name in ("SIGTERM", "SIGHUP"):
            number = getattr(signal, name, None)
            if number is not None and signal.getsignal(number) is not signal.SIG_IGN:  # not under nohup
                self._before[number] = signal.signal(number, self._end)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _end(self, number: int, _: object) -> None:
        self.signal = signal.Signals(number)
        self._runtime.stop()


@contextmanager
def json_output() -> Iterator[IO[str]]:
    """The real stdout, for JSON alone: whatever else is written to descriptor 1 goes to stderr meanwhile."""
    sys.stdout.flush()
    real = os.dup(1)
    os.dup2(2, 1)
    try:
        with os.fdopen(os.dup(real), "w", encoding="utf-8") as out:
            yield out
    finally:
        sys.stdout.flush()
        os.dup2(real, 1)
        os.close(real)


@contextmanager
def plain_output() -> Iterator[IO[str]]:
    yield sys.stdout


def run_headless(settings: Settings, make_runtime: MakeRuntime) -> int:
    """Serve until stopped; the exit status. Raises UsageError before anything is served."""
    with json_output() if settings.json else plain_output() as out:
        printer = Printer(out, as_json if settings.json else Lines(settings, colour=_has_colour(out, settings)))
        runtime = make_runtime(settings, printer.inbox.put)
        runtime.requests = settings.json  # for people uvicorn's own access log tells of requests
        runtime.bind()
        logging.getLogger("uvicorn.access").addFilter(_not_ours)
        printer.start()
        with Ending(runtime) as ending:
            _serve(settings, runtime)
            printer.close()
    if ending.signal is not None:
        signal.raise_signal(ending.signal)  # so that who waits for us sees the true reason
    if runtime.restart_requested:
        runtime.reexec()
    return int(printer.failed)


def _not_ours(record: logging.LogRecord) -> bool:
    """Leaves what the live channel asks for out of the access log: it is no request of the app's."""
    path = record.args[2] if isinstance(record.args, tuple) and len(record.args) > 2 else ""
    return "/_fh_dash/" not in str(path).partition("?")[0]


def _serve(settings: Settings, runtime: Runtime) -> None:
    reloader = threading.Thread(target=runtime.run_reloader, name="fh-dash-reload", daemon=True)
    if settings.reload != "no":
        reloader.start()
    try:
        runtime.run_server()
    except KeyboardInterrupt:  # uvicorn raises the signal again once it has shut down
        pass
    finally:
        runtime.stop()
        if reloader.is_alive():
            reloader.join(_PATIENCE)


def _has_colour(out: IO[str], settings: Settings) -> bool:
    """uvicorn's `--use-colors` is for all lines."""
    asked = settings.uvicorn.get("use_colors")
    if asked is not None:
        return bool(asked)
    return out.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
