"""Events as lines for people."""

from __future__ import annotations

from pathlib import Path

import pytest

from fh_dash.events import (
    CacheChange,
    ErrorReport,
    Event,
    Frame,
    ImportFinished,
    ImportStarted,
    Listening,
    LoadFailed,
    ModuleReport,
    OutputLine,
    Phases,
    ReloadResult,
    ReloadStarted,
    RouteChange,
    ServerStopped,
    Serving,
    SourceLine,
)
from fh_dash.lines import Lines, duration, where
from fh_dash.settings import Settings

FILE = "/srv/shop/app.py"
ERROR = ErrorReport(
    stage="syntax",
    type="SyntaxError",
    message="'(' was never closed",
    file=FILE,
    line=41,
    column=11,
    excerpt=(SourceLine(40, "def index():"), SourceLine(41, "    return P("), SourceLine(42, "")),
    frames=(
        Frame("/srv/shop/main.py", 3, "<module>", "import app", True),
        Frame("/lib/x.py", 1, "f", "", False),
        Frame(FILE, 41, "index", "return P(", True),
    ),
)


def lines(*events: Event, settings: Settings | None = None, colour: bool = False) -> list[str]:
    tell = Lines(settings or Settings("app.py"), colour=colour)
    return [line for event in events for line in tell(event)]


def test_start() -> None:
    """The address comes first, then what is served and how long it took."""
    assert lines(Listening("http://127.0.0.1:5001", 1.0), Serving(1, 2.0, 812.4, "app:app")) == [
        "http://127.0.0.1:5001  hot reload, Ctrl-C stops",
        "serving app:app · 812 ms",
    ]


def test_open_to_others() -> None:
    """Listening on more than the loopback address is said."""
    told = lines(
        Listening("http://127.0.0.1:5001", 1.0, ("http://192.168.1.7:5001",)),
        settings=Settings("app.py", host="0.0.0.0", live=True),
    )

    assert told == [
        "http://127.0.0.1:5001  hot reload, pages follow, Ctrl-C stops",
        "--host 0.0.0.0: other machines can reach this dev server",
        "http://192.168.1.7:5001",
    ]


def test_reload() -> None:
    """A reload is one line with generation, time, modules and reasons; then routes and stale caches."""
    result = ReloadResult(
        14,
        1.0,
        ("routes/items.py",),
        modules=(
            ModuleReport("items", FILE, "re-run", "modified"),
            ModuleReport("app", FILE, "re-run", "uses ar at import time, line 12"),
            ModuleReport("pages", FILE, "rebound", "", ("A", "b")),
        ),
        routes=(RouteChange("+", "GET", "/items/new"), RouteChange("-", "", "/old")),
        caches=(CacheChange("models:load", "kept"), CacheChange("shop:prices", "stale", "body changed")),
        phases=Phases(1, 1, 1, 7, 1.4),
    )

    assert lines(ReloadStarted(1.0, ("routes/items.py",)), result) == [
        "reload 14 · 11 ms · items (modified), app (uses ar at import time, line 12), pages (rebound A, b)",
        "  + GET /items/new",
        "  -  /old",
        "  shop:prices keeps its old values: body changed (a cleared cache adopts the new code)",
    ]


def test_reload_that_changed_nothing() -> None:
    """A save without a change of code says so."""
    assert lines(ReloadResult(2, 1.0, ("a.py", "b.py"))) == ["reload 2 · 0 ms · a.py, b.py: no code changed"]


def test_broken_save() -> None:
    """An error has place, message, excerpt with caret, the project's other frames, and who serves."""
    assert lines(ReloadResult(13, 1.0, ("app.py",), error=ERROR)) == [
        "/srv/shop/app.py:41 SyntaxError: '(' was never closed",
        "    40 | def index():",
        "  > 41 |     return P(",
        "       |           ^",
        "    42 | ",
        "    /srv/shop/main.py:3 in <module>",
        "  generation 13 goes on serving",
    ]


def test_failed_start() -> None:
    """An app that cannot be imported is waited for."""
    error = ErrorReport("import", "RuntimeError", "two\nlines")

    assert lines(LoadFailed(error, 1.0)) == [
        "RuntimeError: two␊lines",
        "  nothing is served yet; the next good save starts the app",
    ]


def test_stopped() -> None:
    """An orderly stop needs no line; a server that ended by itself says why."""
    assert lines(ServerStopped(1.0)) == []
    assert lines(ServerStopped(1.0, ErrorReport("startup", "OSError", "gone"))) == ["OSError: gone"]


def test_slow_imports() -> None:
    """Of imports only packages that took a second or more are told, not their parts."""
    told = lines(
        ImportStarted("app", 0.0, True, 0),
        ImportStarted("torch", 0.0, False, 1),
        ImportStarted("torch.nn", 0.0, False, 2),
        ImportFinished("torch.nn", 2000.0, False, depth=2),
        ImportFinished("torch", 4210.0, False, depth=1),
        ImportStarted("json", 0.0, False, 1),
        ImportFinished("json", 12.0, False, depth=1),
        ImportFinished("app", 4300.0, True, depth=0),
    )

    assert told == ["import torch · 4.2 s"]


@pytest.mark.parametrize("evil", ["\x1b[2J", "\x9b31m", "a\rb", "\u202e", "[/b]", "\udcff"])
def test_hostile_text(evil: str) -> None:
    """Control characters from file names, reasons and exceptions never reach the terminal."""
    error = ErrorReport("import", f"E{evil}", evil, evil, 1, excerpt=(SourceLine(1, evil),), frames=ERROR.frames)
    events = [
        ReloadResult(1, 1.0, (evil,)),
        ReloadResult(1, 1.0, (evil,), (ModuleReport(evil, evil, "re-run", evil),), (RouteChange("+", evil, evil),)),
        ReloadResult(1, 1.0, (evil,), error=error),
        Listening(evil, 1.0),
    ]
    text = "\n".join(lines(*events))

    assert text.replace("\n", "").isprintable()


def test_colour() -> None:
    """Colour marks what the words already say."""
    coloured = "\n".join(lines(ReloadResult(13, 1.0, ("app.py",), error=ERROR), colour=True))

    assert "\x1b[31m" in coloured
    assert "\x1b" not in "\n".join(lines(ReloadResult(13, 1.0, ("app.py",), error=ERROR)))


@pytest.mark.parametrize(
    ("milliseconds", "text"), [(0.2, "0 ms"), (999.4, "999 ms"), (1500, "1.5 s"), (125_000, "2 min 5 s")]
)
def test_duration(milliseconds: float, text: str) -> None:
    """Durations have one unit, and no more digits than help."""
    assert duration(milliseconds) == text


def test_where(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files below the current folder are shown relative to it."""
    monkeypatch.chdir(tmp_path)

    assert where(str(tmp_path / "a" / "b.py"), 3) == "a/b.py:3"
    assert where("/somewhere/b.py", None) == "/somewhere/b.py"


def test_reports_of_pages() -> None:
    """What a page reports is a line; what the app prints goes its own way."""
    told = OutputLine(1.0, "log", "/  boom \ud800 (/app.js:3)", "ERROR", "browser")

    assert lines(told, OutputLine(1.0, "stdout", "hello")) == ["browser  /  boom <d800> (/app.js:3)"]
