"""The only vocabulary that crosses threads: frozen dataclasses.

Times are seconds since the epoch (`float`), durations are milliseconds (`float`), sizes are bytes (`int`),
files are absolute paths (`str`). Text comes as the app, the client or the operating system gave it: readers
pass it through `fh_dash.text.visible` before it reaches a terminal.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

# ------------------------------------------------------------------------------------------------ errors

Stage: TypeAlias = Literal["target", "syntax", "import", "reload", "startup", "request"]


@dataclass(frozen=True, slots=True)
class SourceLine:
    number: int
    text: str
    """Without its line end."""


@dataclass(frozen=True, slots=True)
class Frame:
    file: str
    line: int
    function: str
    text: str
    """The source line, stripped; empty when the source is not there."""
    project: bool
    """True when the file is under the watched folders and not in an environment."""


@dataclass(frozen=True, slots=True)
class ErrorReport:
    """An exception, ready to be shown: where it is, what it says, and the source around it."""

    stage: Stage
    type: str
    """Name of the exception class, e.g. `SyntaxError`."""
    message: str
    file: str | None = None
    line: int | None = None
    column: int | None = None
    """1-based, of the caret; None when unknown."""
    excerpt: tuple[SourceLine, ...] = ()
    """The lines around `line`, at most three before and one after."""
    frames: tuple[Frame, ...] = ()
    """Outermost first, the frames of fh-dash itself left out."""


# ------------------------------------------------------------------------------------- reloads (engine)

Outcome: TypeAlias = Literal["re-run", "rebound", "refreshed", "loaded", "unloaded", "untouched"]
"""re-run: executed again. rebound: only names imported from re-run modules were set anew. refreshed: only
line numbers changed. loaded: imported for the first time. unloaded: nothing imports it any more."""


@dataclass(frozen=True, slots=True)
class ModuleReport:
    name: str
    file: str
    outcome: Outcome
    reason: str = ""
    """For people: `modified`, `uses TABLE of shop.menu at import time, line 12`, `forced`, `reads items.json`."""
    names: tuple[str, ...] = ()
    """For `rebound`: the names that were set anew."""
    milliseconds: float = 0.0


@dataclass(frozen=True, slots=True)
class RouteChange:
    change: Literal["+", "-", "~"]
    methods: str
    """`GET`, `GET,POST`, `WS`, or `` for a mount."""
    path: str
    handler: str = ""


@dataclass(frozen=True, slots=True)
class CacheChange:
    key: str
    """`module:qualified.name`."""
    change: Literal["kept", "stale", "dropped"]
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Phases:
    """Milliseconds per phase of one reload."""

    scan: float = 0.0
    plan: float = 0.0
    wait: float = 0.0
    """At the gate, for short requests in flight."""
    execute: float = 0.0
    swap: float = 0.0
    """Start-up of a new app object, and opening the gate."""

    @property
    def total(self) -> float:
        return self.scan + self.plan + self.wait + self.execute + self.swap


@dataclass(frozen=True, slots=True)
class ReloadResult:
    """What one save did. Log line, dashboard row, browser and JSON event are four readers of it."""

    generation: int
    """The generation that serves afterwards; unchanged when `error` is set."""
    time: float
    changed: tuple[str, ...]
    """The changed files, relative to the watched folder."""
    modules: tuple[ModuleReport, ...] = ()
    """In the order in which they were handled; `untouched` ones are left out."""
    routes: tuple[RouteChange, ...] = ()
    caches: tuple[CacheChange, ...] = ()
    phases: Phases = Phases()
    error: ErrorReport | None = None
    forced: bool = False
    running: int = 0
    """Streams, WebSockets and tasks of the app that began before it and go on."""

    @property
    def ok(self) -> bool:
        return self.error is None


# ------------------------------------------------------------------------------------------- the server


@dataclass(frozen=True, slots=True)
class ImportStarted:
    module: str
    time: float
    project: bool
    depth: int = 0
    """How many imports are running around it."""


@dataclass(frozen=True, slots=True)
class ImportFinished:
    module: str
    milliseconds: float
    """With everything that it imported itself."""
    project: bool
    ok: bool = True
    depth: int = 0


@dataclass(frozen=True, slots=True)
class Listening:
    """The socket is bound; requests wait until the app is there."""

    url: str
    time: float
    network: tuple[str, ...] = ()
    """Where other machines reach it, when it listens on all addresses."""


@dataclass(frozen=True, slots=True)
class Serving:
    """The app was imported, its start-up ran, it answers."""

    generation: int
    time: float
    milliseconds: float
    """From the start of the import."""
    target: str
    """`module:attribute`."""


@dataclass(frozen=True, slots=True)
class LoadFailed:
    """The app could not be imported or started for the first time; the next good save tries again."""

    error: ErrorReport
    time: float


@dataclass(frozen=True, slots=True)
class ReloadStarted:
    time: float
    changed: tuple[str, ...]
    forced: bool = False


@dataclass(frozen=True, slots=True)
class ServerStopped:
    time: float
    error: ErrorReport | None = None
    """Set when the server ended by itself."""


@dataclass(frozen=True, slots=True)
class RequestStarted:
    """Posted for requests that are not answered at once (after some 15 ms); all have a RequestFinished."""

    id: int
    """1, 2, 3, … over the whole run."""
    time: float
    method: str
    path: str


@dataclass(frozen=True, slots=True)
class RequestFinished:
    id: int
    time: float
    """When it began."""
    method: str
    """`WS` for a WebSocket."""
    path: str
    query: str
    status: int
    """0 when the connection ended without an answer; for a WebSocket the close code."""
    milliseconds: float
    """From the first byte of the request seen by the app server to the last one sent, without the wait at the gate."""
    queued: float
    """Milliseconds at the gate."""
    size: int
    """Bytes of the body that were sent."""
    handler: str
    """`module.function`, or `` when no route answered."""
    generation: int
    client: str = ""
    htmx: bool = False
    ours: bool = False
    """True for the live channel and for page loads that it caused."""
    error: ErrorReport | None = None
    """The exception that left the app, if one did."""
    sending: float = 0.0
    """The part of `milliseconds` that went by after the head of the answer was sent."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """What was kept of one request beyond `RequestFinished`; asked for by id, never posted."""

    id: int
    request_headers: tuple[tuple[str, str], ...] = ()
    response_headers: tuple[tuple[str, str], ...] = ()
    request_body: bytes = b""
    """The head of it."""
    request_size: int = 0
    response_body: bytes = b""
    """The head of it, decompressed where that is easy."""
    response_size: int = 0


@dataclass(frozen=True, slots=True)
class OutputLine:
    time: float
    source: Literal["stdout", "stderr", "log", "fd"]
    text: str
    """One line, without its end; at most 8 KiB, longer ones are cut and end in `…`."""
    level: str = ""
    """`INFO`, `WARNING`, …; empty for prints."""
    logger: str = ""
    thread: str = ""
    request: int = 0
    """Id of the request that wrote it, 0 when none did."""
    partial: bool = False
    """The line is not complete yet (a progress bar): the next one of the same source and thread replaces it."""


# ------------------------------------------------------------------------------------------------ caches


@dataclass(frozen=True, slots=True)
class CacheState:
    """One `no_reload_cache` function (or `no_reload` object) at one moment."""

    key: str
    """`module:qualified.name`."""
    file: str
    line: int
    hits: int
    misses: int
    entries: int
    seconds_computing: float
    """Spent in the function over all misses."""
    seconds_saved: float
    """Hits times the mean time of a miss."""
    since: float
    """When the oldest value now held was stored; 0.0 when there is none."""
    stale: bool
    reason: str = ""
    """Why it is stale."""
    kind: Literal["cache", "kept"] = "cache"
    """`kept`: a plain `no_reload` object, which has no counts."""


@dataclass(frozen=True, slots=True)
class CacheValue:
    """One value that a cache holds; asked for by the cache's key, never posted."""

    arguments: str
    """Of the call that computed it, as they are written: `'large', top=3`."""
    type: str
    size: int
    """Bytes, with what hangs on it."""
    whole: bool = True
    """False: there is more to it than was counted."""


Event: TypeAlias = (
    ImportStarted
    | ImportFinished
    | Listening
    | Serving
    | LoadFailed
    | ReloadStarted
    | ReloadResult
    | ServerStopped
    | RequestStarted
    | RequestFinished
    | OutputLine
)
