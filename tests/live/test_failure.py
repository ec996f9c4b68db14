"""Exceptions of handlers: a page for browsers, nothing changed for everybody else, no source by any address."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from fh_dash.events import ErrorReport, Frame, SourceLine
from fh_dash.live import LiveHub, error_page
from fh_dash.live.failure import describe
from tests.live.ask import NAVIGATION, PAGE, ask, hub_at, live, navigate, script, sends


def fails(request: Request) -> Response:
    raise ValueError("no <tea>")


def refuses(request: Request) -> Response:
    raise HTTPException(500, "not today")


def late(request: Request) -> Response:
    def work() -> None:
        raise ValueError("too late")

    return HTMLResponse(PAGE, background=BackgroundTask(work))


def app(debug: bool = False, own: bool = False) -> Starlette:
    routes = [Route("/", fails, methods=["GET", "POST"]), Route("/no", refuses), Route("/late", late)]

    def page(request: Request, error: Exception) -> Response:
        return HTMLResponse("<html>our own page", 500)

    return Starlette(debug, routes, exception_handlers={500: page} if own else None)


@pytest.mark.parametrize("debug", [False, True])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_page(debug: bool, method: str) -> None:
    """A browser that loads a document gets the traceback, as text, with our script; the exception goes on."""
    answer = navigate(live(app(debug)), method=method)

    assert (answer.status, answer.complete) == (500, True)
    assert isinstance(answer.error, ValueError)
    assert b"<h1>ValueError</h1>" in answer.body
    assert b"no &lt;tea&gt;" in answer.body
    assert b"test_failure.py:" in answer.body
    more = " data-sent data-own" if method == "POST" else " data-own"
    assert script(more=more).replace(b"></script>", b"")[:40] in answer.body
    assert answer.header("content-length") == str(len(answer.body))
    assert "default-src 'none'" in str(answer.header("content-security-policy"))


@pytest.mark.parametrize(
    "headers",
    [
        {"accept": "*/*"},
        {"accept": "application/json"},
        {"accept": "text/html", "sec-fetch-dest": "empty"},
        {"accept": "text/html", "hx-request": "true"},
        {"accept": "text/html", "hx-request": "true", "hx-boosted": "true"},
    ],
)
def test_everybody_else(headers: dict[str, str]) -> None:
    """Scripts, fragments and tools get what the app sends."""
    plain, through = ask(app(), headers=headers), ask(live(app()), headers=headers)

    assert (through.status, through.body) == (plain.status, plain.body) == (500, b"Internal Server Error")
    assert isinstance(through.error, ValueError)


def test_own_error_page() -> None:
    """An app that has a page of its own for this keeps it, untouched."""
    answer = navigate(live(app(own=True)))

    assert answer.body == b"<html>our own page"
    assert isinstance(answer.error, ValueError)


def test_errors_without_exception() -> None:
    """An answer that is an error, but no exception, passes."""
    answer = navigate(live(app()), "/no")

    assert (answer.status, answer.body, answer.error) == (500, b"not today", None)
    assert navigate(live(sends(b"Internal Server Error", status=500, headers={}))).body == b"Internal Server Error"


def test_after_the_answer() -> None:
    """An exception in a background task comes too late to change the page."""
    answer = navigate(live(app()), "/late")

    assert (answer.status, answer.complete, isinstance(answer.error, ValueError)) == (200, True, True)


def test_in_the_middle() -> None:
    """An exception after the page's beginning goes its way."""
    answer = navigate(live(sends(b"<html><head>", b"<p>", raises=ValueError("x"))))

    assert answer.body.endswith(b"<p>")
    assert isinstance(answer.error, ValueError)


def test_before_anything() -> None:
    """A bare app that raises before its answer starts is shown, too."""

    async def bare(*_: object) -> None:
        raise KeyError("tea")

    assert b"<h1>KeyError</h1>" in navigate(live(bare)).body


def test_cancellation_passes() -> None:
    """What is no error is not shown as one."""

    async def bare(*_: object) -> None:
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        navigate(live(bare))


def test_fragment_tells_its_page() -> None:
    """An exception in a handler that HTMX called is told to the page that called it."""
    hub = hub_at()
    told: list[tuple[str, str]] = []
    hub.exception = lambda error, page: told.append((error.message, page))  # type: ignore[method-assign]
    headers = {"hx-request": "true", "hx-current-url": "http://localhost:5001/shop?x=1"}

    ask(live(app(), hub), headers=headers)
    ask(live(app(), hub), headers=headers | {"hx-current-url": "http://[bad"})
    ask(live(app(), hub), headers=headers | {"hx-boosted": "true"})
    ask(live(app(), hub), headers={"accept": "application/json", "sec-fetch-dest": "empty"})

    assert told == [("no <tea>", "/shop"), ("no <tea>", ""), ("no <tea>", "/shop")]


# ------------------------------------------------------------------------------------------ the report


def test_description() -> None:
    """File, line and source are those of the innermost frame of the project."""
    try:
        fails(Request({"type": "http"}))
    except ValueError as error:
        report = describe(error)

    assert (report.stage, report.type, report.message) == ("request", "ValueError", "no <tea>")
    assert Path(str(report.file)).name == "test_failure.py"
    assert [line.text for line in report.excerpt if line.number == report.line] == ['    raise ValueError("no <tea>")']
    assert [frame.function for frame in report.frames if frame.project][-1] == "fails"


def test_exception_without_text() -> None:
    """An exception whose `str` fails is described all the same."""

    class Strange(Exception):
        def __str__(self) -> str:
            raise RuntimeError

    assert describe(Strange()).message == "(its text could not be made)"


def test_frames_of_libraries() -> None:
    """Those of the project come first; the others are one click away."""
    frames = (Frame("/lib/a.py", 1, "outer", "a()", False), Frame("app.py", 2, "mine", "b()", True))
    text = error_page(ErrorReport("request", "E", "m", frames=frames)).decode()

    assert text.index("mine") < text.index("<details>") < text.index("outer")
    assert "All 2 calls" in text


HOSTILE = "</title></style><script>alert(1)</script>\"'&\x1b[2J\u202e\udc80"


def test_page_escapes_everything() -> None:
    """Whatever stands in an exception, a file name or a source line is text."""
    frame = Frame(HOSTILE, 1, HOSTILE, HOSTILE, True)
    report = ErrorReport("request", HOSTILE, HOSTILE, HOSTILE, 1, 1, (SourceLine(1, HOSTILE),), (frame,))

    body = error_page(report, "<script>")

    assert b"<script" not in body
    assert b"\x1b" not in body
    assert b"alert(1)" in body


def test_hub_describes_as_it_is_told() -> None:
    """The engine's own reports take the place of ours."""
    hub = LiveHub(post=print, describe=lambda error: ErrorReport("request", "Told", "so"))
    hub.generation = 1

    assert b"<h1>Told</h1>" in ask(live(app(), hub), headers=NAVIGATION).body
