from __future__ import annotations

import asyncio
import gzip
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from fh_dash.events import ErrorReport, Event, RequestFinished, RequestStarted
from fh_dash.host.asgi import ASGIApp, Message, Receive, Scope, Send
from fh_dash.host.gate import TRACE
from fh_dash.host.recorder import OURS, Recorder, current_request


def _record(
    app: ASGIApp, *scopes: Scope, receive: list[Message] | None = None, made: list[Recorder] | None = None
) -> list[Event]:
    """The events of some requests after one another."""
    events: list[Event] = []
    messages = iter(receive or [])

    async def take() -> Message:
        return next(messages)

    async def drop(message: Message) -> None:
        pass

    async def run() -> None:
        recorder = Recorder(app, events.append, name_of=_name, report=_report)
        if made is not None:
            made.append(recorder)
        for scope in scopes:
            try:
                await recorder(scope, take, drop)
            except ValueError:
                pass
        recorder.flush()

    asyncio.run(run())
    return events


def _name(endpoint: object) -> str:
    return f"named.{getattr(endpoint, '__name__', '?')}"


def _report(error: BaseException) -> ErrorReport:
    return ErrorReport("request", type(error).__name__, str(error))


def _scope(**more: Any) -> Scope:
    scope = {"type": "http", "method": "POST", "path": "/buy", "query_string": b"n=1", "headers": []}
    return {**scope, "client": ("127.0.0.1", 5), **more}


async def _answer(send: Send, status: int = 200, body: bytes = b"thanks") -> None:
    await send({"type": "http.response.start", "status": status, "headers": []})
    await send({"type": "http.response.body", "body": body[:3], "more_body": True})
    await send({"type": "http.response.body", "body": body[3:]})


def _app(act: Callable[[Scope, Send], Awaitable[None]]) -> ASGIApp:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await act(scope, send)

    return app


def test_a_request_is_one_event_with_everything() -> None:
    """Quick ones need no RequestStarted."""

    async def buy(scope: Scope, send: Send) -> None:
        scope["endpoint"] = buy
        scope[TRACE].generation, scope[TRACE].queued = 4, 0.0
        await _answer(send)

    (event,) = _record(_app(buy), _scope(headers=[(b"hx-request", b"true")]))

    assert isinstance(event, RequestFinished)
    assert (event.id, event.method, event.path, event.query, event.status) == (1, "POST", "/buy", "n=1", 200)
    assert (event.size, event.handler, event.generation) == (6, "named.buy", 4)
    assert (event.client, event.htmx, event.ours, event.error) == ("127.0.0.1:5", True, False, None)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The recorder's clock stands still between the moves of a test."""
    clock = Clock()
    monkeypatch.setattr("fh_dash.host.recorder.perf_counter", lambda: clock.now)
    return clock


class Clock:
    now = 100.0


def test_a_slow_request_is_announced() -> None:
    """While it runs, and finished later."""

    async def slow(scope: Scope, send: Send) -> None:
        await asyncio.sleep(0.05)
        await _answer(send)

    started, finished = _record(_app(slow), _scope())

    assert isinstance(started, RequestStarted)
    assert isinstance(finished, RequestFinished)
    assert started.id == finished.id
    assert finished.milliseconds > 40


def test_time_at_the_gate_is_not_the_apps(clock: Clock) -> None:
    """It is told apart."""

    async def waits(scope: Scope, send: Send) -> None:
        clock.now += 0.030
        scope[TRACE].queued = 25.0
        await _answer(send)

    finished = _record(_app(waits), _scope())[-1]

    assert isinstance(finished, RequestFinished)
    assert finished.queued == 25.0
    assert finished.milliseconds == pytest.approx(5)


def test_the_time_of_sending_is_a_part_of_the_time(clock: Clock) -> None:
    """From the head of the answer to its last byte."""

    async def streams(scope: Scope, send: Send) -> None:
        clock.now += 1.0
        await send({"type": "http.response.start", "status": 200, "headers": []})
        clock.now += 0.5
        await send({"type": "http.response.body", "body": b"x"})

    (event,) = _record(_app(streams), _scope())

    assert isinstance(event, RequestFinished)
    assert (event.milliseconds, event.sending) == (pytest.approx(1500), pytest.approx(500))


def test_an_exception_that_leaves_the_app_is_reported() -> None:
    """Also when an error page was sent before it, as Starlette does."""

    async def fails(scope: Scope, send: Send) -> None:
        await _answer(send, 500)
        raise ValueError("no")

    (event,) = _record(_app(fails), _scope())

    assert isinstance(event, RequestFinished)
    assert event.status == 500
    assert event.error == ErrorReport("request", "ValueError", "no")


def test_a_client_that_left_has_status_0() -> None:
    """No answer was begun."""

    async def nothing(scope: Scope, send: Send) -> None:
        pass

    (event,) = _record(_app(nothing), _scope())

    assert isinstance(event, RequestFinished)
    assert (event.status, event.handler) == (0, "")


def test_background_work_does_not_count(clock: Clock) -> None:
    """The time ends with the last byte of the answer."""

    async def works_on(scope: Scope, send: Send) -> None:
        clock.now += 0.004
        await _answer(send)
        clock.now += 50

    (event,) = _record(_app(works_on), _scope())

    assert isinstance(event, RequestFinished)
    assert event.milliseconds == pytest.approx(4)


def test_a_websocket_is_recorded_with_its_close_code() -> None:
    """Whoever closes it."""

    async def chat(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        await send({"type": "websocket.send", "text": "hello"})
        await receive()

    socket = {"type": "websocket", "path": "/ws", "headers": [], "query_string": b""}
    messages: list[Message] = [{"type": "websocket.connect"}, {"type": "websocket.disconnect", "code": 1001}]
    (event,) = _record(chat, socket, receive=messages)

    assert isinstance(event, RequestFinished)
    assert (event.method, event.status, event.size) == ("WS", 1001, 5)


def test_ours_is_what_the_live_layer_says() -> None:
    """It writes it into the scope."""

    async def page(scope: Scope, send: Send) -> None:
        scope[OURS] = True
        await _answer(send)

    (event,) = _record(_app(page), _scope())

    assert isinstance(event, RequestFinished)
    assert event.ours


def test_code_knows_the_request_it_works_for() -> None:
    """For prints and logs."""
    seen: list[int] = []

    async def page(scope: Scope, send: Send) -> None:
        seen.append(current_request.get())
        await _answer(send)

    _record(_app(page), _scope(), _scope())

    assert seen == [1, 2]


def test_headers_and_the_beginnings_of_bodies_are_kept() -> None:
    """For the request's detail; a compressed answer is kept readable, the sizes are those on the wire."""
    body = b"<p>hello</p>" * 2000
    packed = gzip.compress(body)
    headers = [(b"content-encoding", b"gzip")]

    async def page(scope: Scope, receive: Receive, send: Send) -> None:
        while (await receive())["more_body"]:
            pass
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": packed})

    parts: list[Message] = [
        {"type": "http.request", "body": b"name=", "more_body": True},
        {"type": "http.request", "body": b"x" * 20_000, "more_body": False},
    ]
    recorders: list[Recorder] = []
    _record(page, _scope(headers=[(b"cookie", b"a=b")]), receive=parts, made=recorders)
    kept = recorders[0].exchanges.get(1)

    assert kept is not None
    assert (kept.request_headers, kept.response_headers) == ((("cookie", "a=b"),), (("content-encoding", "gzip"),))
    assert (kept.request_body[:6], len(kept.request_body), kept.request_size) == (b"name=x", 16384, 20_005)
    assert body.startswith(kept.response_body)
    assert len(kept.response_body) > 1000
    assert kept.response_size == len(packed)
    assert recorders[0].exchanges.get(2) is None


def test_old_exchanges_are_forgotten() -> None:
    """There is room for the last 500."""

    async def page(scope: Scope, send: Send) -> None:
        await _answer(send)

    recorders: list[Recorder] = []
    _record(_app(page), *[_scope() for _ in range(600)], made=recorders)

    assert recorders[0].exchanges.get(100) is None
    assert recorders[0].exchanges.get(101) is not None
