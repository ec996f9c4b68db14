"""Text that wants to act: on the terminal, on the markup, on the eye."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st

from fh_dash.events import (
    CacheState,
    ErrorReport,
    Event,
    Exchange,
    Frame,
    ImportFinished,
    ImportStarted,
    Listening,
    ModuleReport,
    OutputLine,
    ReloadResult,
    RequestFinished,
    RequestStarted,
    RouteChange,
    Serving,
    SourceLine,
)
from tests.support import fake_runtime as story

TEXTS = (
    "\x1b]0;TITLE\x07",
    "\x1b[2J\x1b[H",
    "\x1b[?1049l",
    "\x1b[31mred\x1b[0m",
    "\x1bc",
    "\x1bP+q544e\x1b\\",
    "\x1b]52;c;aGk=\x07",
    "\x1b[6n\x1b[c",
    "\x9b31m\x9d0;x\x9c",
    "\x00\x07\x08\x0b\x0c\x0e\x0f\x7f",
    "a\rb\nc\td",
    "[/b]",
    "[@click=app.quit]click[/]",
    "/a[/b]c[",
    "[bold red]x[/bold red][link=http://x]y[/link]",
    "\u202egnp.exe\u202c\u2066x\u2069",
    "\u200bzero\ufeffwidth\u2028line",
    "\ud800lone",
    "漢字かな🙂👩‍👩‍👧e\u0301\u0301\u0301",
    "x" * 5_000,
    "%1b[2J%0d%0a",
)
STRINGS = st.one_of(
    st.sampled_from(TEXTS),
    st.text(max_size=40),
    st.text(alphabet=st.sampled_from(list("\x1b\x9b\x07[]()0;1m@=/ab\\\u202e\r\n\t")), max_size=40),
)


def error(text: str) -> ErrorReport:
    return ErrorReport(
        "request", text, text, text, 3, 2,
        (SourceLine(2, text), SourceLine(3, text)),
        (Frame(text, 1, text, text, True), Frame(text, 2, text, text, False)),
    )  # fmt: skip


def request(text: str, id_: int = 1) -> RequestFinished:
    return RequestFinished(id_, story.NOW, text, text, text, 500, 5.0, 9.0, 10, text, 1, text, True, False, error(text))


def output(text: str) -> OutputLine:
    return OutputLine(story.NOW, "log", text, text, text, text, 1)


def reload(text: str, failed: bool = False) -> ReloadResult:
    modules = (
        ModuleReport(text, text, "re-run", text, (text,)),
        ModuleReport(text + "2", text, "rebound", text, (text,)),
    )
    return ReloadResult(
        2, story.NOW, (text,), modules, (RouteChange("+", text, text, text),), error=error(text) if failed else None
    )


def cache(text: str) -> CacheState:
    return CacheState(text, text, 3, 1, 1, 1, 1.0, 1.0, story.NOW - 5, True, text)


def exchange(text: str) -> Exchange:
    pairs = ((text, text), ("content-type", "text/html"), ("hx-target", text))
    body = text.encode("utf-8", "surrogatepass")
    return Exchange(1, pairs, pairs, body, len(body), body, len(body))


def route(text: str) -> story.FakeRoute:
    return story.FakeRoute(text, text, text, text, 3)


def events(text: str, id_: int = 1) -> list[Event]:
    """One of each kind."""
    return [
        Listening("http://127.0.0.1:5001/" + text, story.NOW),
        ImportStarted(text, story.NOW, True),
        ImportFinished(text, 5.0, True),
        Serving(1, story.NOW, 5.0, text),
        RequestStarted(id_ + 1000, story.NOW, text, text),
        replace(request(text, id_)),
        output(text),
        reload(text),
    ]
