"""A runtime without server and engine, and a day in the life of a small shop, event by event."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import NoReturn

from fh_dash.events import (
    CacheChange,
    CacheState,
    CacheValue,
    ErrorReport,
    Event,
    Exchange,
    Frame,
    ImportFinished,
    ImportStarted,
    Listening,
    ModuleReport,
    OutputLine,
    Phases,
    ReloadResult,
    ReloadStarted,
    RequestFinished,
    RequestStarted,
    RouteChange,
    Serving,
    SourceLine,
)

NOON = 1_773_496_800.0
"""2026-03-14 14:00:00 UTC: when the story begins."""
NOW = NOON + 152
ROOT = os.path.join(os.getcwd(), "shop", "")
URL = "http://127.0.0.1:5001"


@dataclass(frozen=True)
class FakeRoute:
    methods: str
    path: str
    handler: str
    file: str
    line: int


class FakeRuntime:
    """Records what it was asked; its two loops wait for `stop`."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.restart_requested = False
        self.stopped = threading.Event()
        self.states: tuple[CacheState, ...] = ()
        self.table: tuple[FakeRoute, ...] = ()
        self.exchanges: dict[int, Exchange] = {}
        self.stands: tuple[str, int] | None = None
        """Where project code hangs."""

    def bind(self) -> str:
        return URL

    def run_server(self) -> None:
        self.calls.append("run_server")
        self.stopped.wait(60)

    def run_reloader(self) -> None:
        self.calls.append("run_reloader")
        self.stopped.wait(60)

    def stop(self) -> None:
        self.calls.append("stop")
        self.stopped.set()

    def hurry(self) -> None:
        self.calls.append("hurry")

    def reload(self) -> None:
        self.calls.append("reload")

    def restart(self) -> None:
        self.calls.append("restart")
        self.restart_requested = True
        self.stopped.set()

    def reexec(self, environ: Mapping[str, str] = {}) -> NoReturn:
        raise SystemExit(f"exec {dict(environ)}")

    def caches(self) -> tuple[CacheState, ...]:
        return self.states

    def clear_cache(self, key: str) -> bool:
        self.calls.append(f"clear {key}")
        self.states = tuple(
            replace(state, entries=0, stale=False, reason="") if state.key == key else state for state in self.states
        )
        return True

    def clear_caches(self) -> int:
        self.calls.append("clear_all")
        return len(self.states)

    def cache_values(self, key: str) -> tuple[CacheValue, ...]:
        return VALUES.get(key, ())

    def importers(self) -> Mapping[str, tuple[str, ...]]:
        return IMPORTERS

    def hanging(self) -> tuple[str, int] | None:
        return self.stands

    def interrupt(self) -> bool:
        self.calls.append("interrupt")
        return self.stands is not None

    def routes(self) -> tuple[FakeRoute, ...]:
        return self.table

    def exchange(self, id_: int) -> Exchange | None:
        return self.exchanges.get(id_)


# ------------------------------------------------------------------------------------------------ the story

ROUTES = (
    FakeRoute("GET", "/", "pages.home", ROOT + "pages.py", 9),
    FakeRoute("GET", "/items", "routes.items.index", ROOT + "routes/items.py", 14),
    FakeRoute("GET", "/items/new", "routes.items.new", ROOT + "routes/items.py", 22),
    FakeRoute("POST", "/items/add", "routes.items.add", ROOT + "routes/items.py", 30),
    FakeRoute("GET", "/items/{id:int}", "routes.items.show", ROOT + "routes/items.py", 41),
    FakeRoute("GET,POST", "/predict", "app.predict", ROOT + "app.py", 52),
    FakeRoute("GET", "/events", "app.events", ROOT + "app.py", 71),
    FakeRoute("GET", "/broken", "pages.broken", ROOT + "pages.py", 33),
    FakeRoute("", "/static", "", "", 0),
)

CACHES = (
    CacheState("models:load_model", ROOT + "models.py", 12, 41, 1, 1, 35.0, 1435.0, NOON - 3300, False),
    CacheState("shop:prices", ROOT + "shop.py", 8, 3, 2, 2, 0.42, 0.63, NOON + 60, True, "body changed since"),
    CacheState("models:tokenizer", ROOT + "models.py", 30, 12, 1, 1, 1.9, 22.8, NOON - 3290, False),
    CacheState("db:engine", ROOT + "db.py", 5, 0, 0, 0, 0.0, 0.0, NOON - 3300, False, kind="kept"),
)

VALUES = {
    "models:load_model": (CacheValue("'all-MiniLM-L6-v2'", "SentenceTransformer", 91_300_000, False),),
    "shop:prices": (CacheValue("'EUR'", "dict", 2_240), CacheValue("'USD', live=True", "dict", 2_240)),
    "models:tokenizer": (CacheValue("", "BertTokenizerFast", 1_260_000),),
}

IMPORTERS = {
    "conf": ("app", "db"), "db": ("app", "shop"), "models": ("app",), "pages": ("app",),
    "routes.items": ("app",), "shop": ("pages", "routes.items"),
}  # fmt: skip

SYNTAX = ErrorReport(
    stage="syntax",
    type="SyntaxError",
    message="'(' was never closed",
    file=ROOT + "app.py",
    line=41,
    column=18,
    excerpt=(
        SourceLine(39, "@rt"),
        SourceLine(40, "def index():"),
        SourceLine(41, '    return Titled("Shop", Div(P(greeting)'),
        SourceLine(42, ""),
    ),
)
MISSING = ErrorReport(
    stage="import",
    type="ModuleNotFoundError",
    message="No module named 'sentence_transformers'",
    file=ROOT + "models.py",
    line=3,
    column=None,
    excerpt=(
        SourceLine(1, "from __future__ import annotations"),
        SourceLine(2, ""),
        SourceLine(3, "from sentence_transformers import SentenceTransformer"),
        SourceLine(4, "import numpy as np"),
    ),
    frames=(
        Frame(ROOT + "app.py", 4, "<module>", "from models import load_model", True),
        Frame(ROOT + "models.py", 3, "<module>", "from sentence_transformers import SentenceTransformer", True),
    ),
)
NO_ITEM = ErrorReport(
    stage="request",
    type="ValueError",
    message="no such item: 77",
    file=ROOT + "shop.py",
    line=27,
    excerpt=(
        SourceLine(25, "def find(id: int) -> Item:"),
        SourceLine(26, "    if id not in ITEMS:"),
        SourceLine(27, '        raise ValueError(f"no such item: {id}")'),
        SourceLine(28, "    return ITEMS[id]"),
    ),
    frames=(
        Frame(
            "/usr/lib/python3.13/site-packages/starlette/routing.py",
            716,
            "app",
            "await self.middleware_stack(scope, receive, send)",
            False,
        ),
        Frame(
            "/usr/lib/python3.13/site-packages/fasthtml/core.py",
            640,
            "_f",
            "resp = await _wrap_call(f, req, sig.parameters)",
            False,
        ),
        Frame(ROOT + "pages.py", 34, "broken", "return Card(find(77).title)", True),
        Frame(ROOT + "shop.py", 27, "find", 'raise ValueError(f"no such item: {id}")', True),
    ),
)

_Tree = tuple[str, float, bool, tuple["_Tree", ...]]
_TREE: _Tree = (
    "app",
    6820.0,
    True,
    (
        ("fasthtml.common", 412.0, False, ()),
        (
            "models",
            6290.0,
            True,
            (
                ("numpy", 188.0, False, ()),
                (
                    "sentence_transformers",
                    6050.0,
                    False,
                    (("torch", 2140.0, False, ()), ("transformers", 3380.0, False, ())),
                ),
            ),
        ),
        ("conf", 2.0, True, ()),
        ("db", 31.0, True, ()),
        ("shop", 4.0, True, ()),
        ("routes.items", 5.0, True, ()),
        ("pages", 6.0, True, ()),
    ),
)
"""Module, milliseconds with everything inside, whether it is the project's, what it imports."""


def _import(tree: _Tree, start: float, depth: int) -> list[Event]:
    module, milliseconds, project, children = tree
    events: list[Event] = [ImportStarted(module, start, project, depth)]
    at = start
    for child in children:
        events += _import(child, at, depth + 1)
        at += child[1] / 1000
    return [*events, ImportFinished(module, milliseconds, project, True, depth)]


def imported(start: float = NOON - 60) -> list[Event]:
    """The import of the app, finished."""
    return [Listening(URL, start), *_import(_TREE, start, 0), Serving(1, start + 6.86, 6860.0, "app:app")]


def importing(start: float = NOW - 5.4) -> list[Event]:
    """The import of the app, under way for some seconds."""
    return [
        Listening(URL, start),
        ImportStarted("app", start, True, 0),
        ImportStarted("fasthtml.common", start + 0.02, False, 1),
        ImportStarted("starlette.applications", start + 0.03, False, 2),
        ImportFinished("starlette.applications", 118.0, False, True, 2),
        ImportStarted("httpx", start + 0.2, False, 2),
        ImportFinished("httpx", 96.0, False, True, 2),
        ImportFinished("fasthtml.common", 412.0, False, True, 1),
        ImportStarted("conf", start + 0.44, True, 1),
        ImportFinished("conf", 2.0, True, True, 1),
        ImportStarted("models", start + 0.45, True, 1),
        ImportStarted("numpy", start + 0.46, False, 2),
        ImportFinished("numpy", 188.0, False, True, 2),
        ImportStarted("sentence_transformers", start + 0.66, False, 2),
        ImportStarted("torch", start + 0.7, False, 3),
        ImportStarted("torch._C", start + 0.72, False, 4),
        ImportFinished("torch._C", 840.0, False, True, 4),
        ImportFinished("torch", 2140.0, False, True, 3),
        ImportStarted("transformers", start + 2.85, False, 3),
        ImportStarted("transformers.models.auto", start + 4.1, False, 4),
    ]


def _reload(generation: int, at: float, changed: str, modules: tuple[ModuleReport, ...], total: float) -> ReloadResult:
    phases = Phases(total * 0.12, total * 0.14, total * 0.06, total * 0.6, total * 0.08)
    return ReloadResult(generation, NOON + at, tuple(changed.split()), modules, phases=phases)


def _ran(name: str, file: str, reason: str = "modified", ms: float = 3.0) -> ModuleReport:
    return ModuleReport(name, ROOT + file, "re-run", reason, (), ms)


def reloads() -> list[Event]:
    """Twelve quiet saves, a broken one, its mending, and one worth a look."""
    events: list[Event] = []
    quiet = (9.1, 8.7, 14.2, 9.4, 9.0, 8.8, 11.9, 9.2, 9.6, 8.9)
    for i, total in enumerate(quiet):
        events.append(_reload(2 + i, -50 + 8 * i, "pages.py", (_ran("pages", "pages.py"),), total))
    events += [
        _reload(12, 31, "app.py conf.py", (_ran("conf", "conf.py"), _ran("app", "app.py", "modified", 9.1)), 14.4),
        ReloadResult(12, NOON + 58, ("app.py",), error=SYNTAX, phases=Phases(1.1, 0.8)),
        _reload(13, 62, "pages.py", (_ran("pages", "pages.py"),), 9.3),
        replace(
            _reload(
                14,
                149,
                "routes/items.py",
                (
                    _ran("routes.items", "routes/items.py", "modified", 2.1),
                    _ran("app", "app.py", "uses ar of routes.items at import time, line 12", 4.2),
                    ModuleReport("pages", ROOT + "pages.py", "rebound", "", ("PRICE", "find")),
                ),
                11.3,
            ),
            routes=(RouteChange("+", "GET", "/items/new", "routes.items.new"), RouteChange("-", "GET", "/items/old")),
            caches=(CacheChange("shop:prices", "stale", "body changed"), CacheChange("models:load_model", "kept")),
        ),
    ]
    return [part for event in events for part in (*_runs(event), event)]


def _runs(result: Event) -> list[Event]:
    """What the engine says of the modules that a reload runs again."""
    events: list[Event] = []
    if isinstance(result, ReloadResult) and result.ok:
        for module in result.modules:
            if module.outcome == "re-run":
                events += [
                    ImportStarted(module.name, result.time - module.milliseconds / 1000, True),
                    ImportFinished(module.name, module.milliseconds, True),
                ]
    return events


def _request(
    id_: int, at: float, method: str, path: str, status: int, ms: float, size: int, handler: str, **more: object
) -> RequestFinished:
    more.setdefault("generation", 14 if at > 149 else 13)
    query = str(more.pop("query", ""))
    return RequestFinished(id_, NOON + at, method, path, query, status, ms, 0.0, size, handler, **more)  # type: ignore[arg-type]


def requests() -> list[Event]:
    events: list[Event] = []
    pages = (("/", "pages.home", 5120), ("/items", "routes.items.index", 4120), ("/items/3", "routes.items.show", 1840))
    for i in range(48):
        path, handler, size = pages[i % 3]
        events.append(_request(i + 1, 60 + i * 1.6, "GET", path, 200, 3 + (i * 7) % 5, size, handler))
    tail = [
        _request(49, 141.2, "GET", "/static/app.css", 200, 1, 2210, ""),
        _request(50, 143.9, "GET", "/items", 200, 3, 4120, "routes.items.index", query="page=2&sort=price"),
        _request(51, 145.0, "GET", "/broken", 500, 6, 2010, "pages.broken", error=NO_ITEM),
        _request(52, 146.1, "GET", "/apple-touch-icon", 404, 1, 13, ""),
        _request(53, 147.6, "POST", "/predict", 200, 212, 1240, "app.predict", htmx=True, sending=3.4),
        _request(54, 149.3, "POST", "/items/add", 303, 8, 0, "routes.items.add", htmx=True),
        _request(55, 149.4, "GET", "/items", 200, 3, 4180, "routes.items.index", htmx=True),
        _request(56, 150.8, "GET", "/items/new", 200, 4, 2964, "routes.items.new"),
    ]
    events += tail
    events.insert(38, RequestStarted(57, NOON + 120, "GET", "/events"))
    return events


def output() -> list[Event]:
    def line(
        at: float, text: str, source: str = "stdout", level: str = "", logger: str = "", request: int = 0
    ) -> OutputLine:
        return OutputLine(NOON + at, source, text, level, logger, "fh-dash-server", request)  # type: ignore[arg-type]

    return [
        line(-53.0, "connected to shop.db", "log", "INFO", "db"),
        line(-52.9, "Some weights were not used: ['pooler.dense.bias']", "log", "WARNING", "transformers"),
        line(-52.8, "warming up on cpu, 4 threads", "fd"),
        line(61.9, "\x1b[32m✓\x1b[0m 24 items loaded in \x1b[1m3 ms\x1b[0m", request=2),
        line(145.0, "looking for item 77", request=51),
        line(145.0, "ValueError: no such item: 77", "log", "ERROR", "shop", 51),
        line(147.5, "embedding (768,)", request=53),
        line(147.6, "best match: 0.83 red bicycle", request=53),
        line(149.3, "added item 25", request=54),
    ]


def exchanges() -> dict[int, Exchange]:
    return {
        53: Exchange(
            53,
            (
                ("host", "127.0.0.1:5001"),
                ("user-agent", "Mozilla/5.0 (X11; Linux x86_64) Firefox/148.0"),
                ("accept", "text/html"),
                ("hx-request", "true"),
                ("hx-target", "result"),
                ("hx-trigger", "predict-form"),
                ("hx-current-url", URL + "/predict"),
                ("content-type", "application/x-www-form-urlencoded"),
                ("cookie", "session_=eyJ1c2VyIjogMX0"),
            ),
            (("content-type", "text/html; charset=utf-8"), ("hx-trigger", "matched"), ("content-length", "1240")),
            b"text=a+red+bicycle&top=3",
            24,
            b'<div id="result">\n  <ol>\n    <li>red bicycle <small>0.83</small></li>\n'
            b"    <li>red scooter <small>0.71</small></li>\n  </ol>\n</div>",
            1240,
        )
    }


def story() -> list[Event]:
    """All is well at `NOW`."""
    return [*imported(), *reloads(), *requests(), *output()]


def broken() -> list[Event]:
    """A save that does not compile, a moment ago."""
    return [
        *story(),
        ReloadStarted(NOW - 1, ("app.py",)),
        ReloadResult(14, NOW - 1, ("app.py",), error=SYNTAX, phases=Phases(1.1, 0.8)),
    ]


def told(events: Iterable[Event] | None = None) -> FakeRuntime:
    """A runtime with the story's caches, routes and exchanges."""
    runtime = FakeRuntime()
    runtime.states, runtime.table, runtime.exchanges = CACHES, ROUTES, exchanges()
    return runtime
