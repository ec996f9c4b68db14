"""Events as lines for people: one for what went well, a few for what did not."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import click

from fh_dash.events import (
    CacheChange,
    ErrorReport,
    Event,
    ImportFinished,
    ImportStarted,
    Listening,
    LoadFailed,
    ModuleReport,
    OutputLine,
    ReloadResult,
    RouteChange,
    ServerStopped,
    Serving,
)
from fh_dash.settings import Settings
from fh_dash.text import visible

_SLOW_IMPORT = 1000.0  # milliseconds from which an import is worth a line
_LOOPBACK = {"127.0.0.1", "localhost", "::1"}
_MARKS = {"+": "green", "-": "red", "~": "yellow"}


class Lines:
    """Called with each event in turn; the lines to print for it, often none."""

    def __init__(self, settings: Settings, *, colour: bool = False) -> None:
        self._settings, self._colour = settings, colour
        self._importing: dict[int, bool] = {}  # depth to whether that module is the project's
        self._generation = 0
        self._tell: dict[type[Any], Callable[[Any], Iterable[str]]] = {
            ImportStarted: self._import_started,
            ImportFinished: self._import_finished,
            Listening: self._listening,
            Serving: self._serving,
            LoadFailed: self._load_failed,
            OutputLine: self._output,
            ReloadResult: self._reload,
            ServerStopped: self._stopped,
        }

    def __call__(self, event: Event) -> Iterable[str]:
        tell = self._tell.get(type(event))
        return tell(event) if tell else ()

    # ------------------------------------------------------------------------------------ start and end

    def _listening(self, event: Listening) -> Iterator[str]:
        mode = {"fast": "hot reload", "full": "full reload", "no": "no reload"}[self._settings.reload]
        live = ", pages follow" if self._settings.live else ""
        yield f"{self._bold(visible(event.url))}  {self._dim(f'{mode}{live}, Ctrl-C stops')}"
        if self._settings.host not in _LOOPBACK:
            yield self._warn(f"--host {visible(self._settings.host)}: other machines can reach this dev server")
            yield from (self._bold(visible(url)) for url in event.network)

    def _import_started(self, event: ImportStarted) -> Iterable[str]:
        self._importing[event.depth] = event.project
        return ()

    def _import_finished(self, event: ImportFinished) -> Iterator[str]:
        # Of a slow package only its own line, not one for each of its slow parts.
        if event.milliseconds >= _SLOW_IMPORT and not event.project and self._importing.get(event.depth - 1, True):
            yield self._dim(f"import {visible(event.module)} · {duration(event.milliseconds)}")

    def _serving(self, event: Serving) -> Iterator[str]:
        self._generation = event.generation
        verb = "serving" if event.generation <= 1 else "serving again"
        yield f"{self._good(verb)} {visible(event.target)} · {duration(event.milliseconds)}"

    def _output(self, event: OutputLine) -> Iterable[str]:
        """What a page reports; the app itself prints where it always did."""
        return [self._warn(f"browser  {visible(event.text)}")] if event.logger == "browser" else []

    def _load_failed(self, event: LoadFailed) -> Iterator[str]:
        yield from self._error(event.error)
        yield "  nothing is served yet; the next good save starts the app"

    def _stopped(self, event: ServerStopped) -> Iterator[str]:
        if event.error is not None:
            yield from self._error(event.error)

    # ------------------------------------------------------------------------------------------ reloads

    def _reload(self, event: ReloadResult) -> Iterator[str]:
        self._generation = event.generation
        if event.error is not None:
            yield from self._error(event.error)
            yield f"  generation {event.generation} goes on serving"
            return
        head = self._good(f"reload {event.generation}")
        what = ", ".join(map(_module, event.modules)) or f"{', '.join(map(visible, event.changed))}: no code changed"
        yield f"{head} · {duration(event.phases.total)} · {what}"
        yield from map(self._route, event.routes)
        yield from (self._warn(f"  {_cache(c)}") for c in event.caches if c.change == "stale")
        if event.running:
            yield self._dim(f"  {event.running} streams, sockets and tasks go on that began before")

    def _route(self, change: RouteChange) -> str:
        mark = click.style(change.change, _MARKS[change.change]) if self._colour else change.change
        return f"  {mark} {visible(change.methods)} {visible(change.path)}".rstrip()

    def _error(self, error: ErrorReport) -> Iterator[str]:
        place = f"{where(error.file, error.line)} " if error.file else ""
        yield f"{self._bad(place + visible(error.type))}: {visible(error.message)}"
        width = len(str(error.excerpt[-1].number)) if error.excerpt else 0
        for line in error.excerpt:
            here = line.number == error.line
            text = f"  {'>' if here else ' '} {line.number:>{width}} | {visible(line.text)}"
            yield self._bad(text) if here else self._dim(text)
            if here and error.column:
                yield self._bad(f"    {'':>{width}} | {'':>{error.column - 1}}^")
        for frame in error.frames:
            if frame.project and (frame.file, frame.line) != (error.file, error.line):
                yield self._dim(f"    {where(frame.file, frame.line)} in {visible(frame.function)}")

    # ------------------------------------------------------------------------------------------- colour

    def _style(self, text: str, **style: Any) -> str:
        return click.style(text, **style) if self._colour else text

    def _good(self, text: str) -> str:
        return self._style(text, fg="green")

    def _bad(self, text: str) -> str:
        return self._style(text, fg="red")

    def _warn(self, text: str) -> str:
        return self._style(text, fg="yellow")

    def _dim(self, text: str) -> str:
        return self._style(text, dim=True)

    def _bold(self, text: str) -> str:
        return self._style(text, bold=True)


def duration(milliseconds: float) -> str:
    """`3 ms`, `812 ms`, `4.2 s`, `2 min 5 s`."""
    if milliseconds < 1000:
        return f"{milliseconds:.0f} ms"
    seconds = milliseconds / 1000
    return f"{seconds:.1f} s" if seconds < 60 else f"{seconds // 60:.0f} min {seconds % 60:.0f} s"


def where(file: str, line: int | None) -> str:
    """`shop/app.py:12`, relative to the current folder where that is shorter."""
    try:
        shown = os.path.relpath(file)
    except ValueError:  # another drive
        shown = file
    shown = file if shown.startswith("..") else shown
    return visible(f"{shown}:{line}" if line else shown)


def _module(report: ModuleReport) -> str:
    about = report.reason or report.outcome
    if report.outcome == "rebound" and report.names:
        about = f"rebound {', '.join(report.names)}"
    return visible(f"{report.name} ({about})")


def _cache(change: CacheChange) -> str:
    return visible(f"{change.key} keeps its old values: {change.reason} (a cleared cache adopts the new code)")
