from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from time import perf_counter
from typing import Any

import pytest

from fh_dash.events import ErrorReport
from fh_dash.host.asgi import ASGIApp, Message, Receive, Scope, Send
from fh_dash.host.gate import TRACE, Gate
from fh_dash.host.generation import Generation
from fh_dash.host.lifespan import Lifespan

PATIENCE = 5.0


def _generation(app: ASGIApp, number: int = 1) -> Generation:
    return Generation(number, "app", app, app, Lifespan(app))


def _scope(kind: str = "http", **more: Any) -> Scope:
    return {"type": kind, "method": "GET", "path": "/", "headers": [], **more}


class Request:
    """One request to a gate, as a task; `sent` holds what came back."""

    def __init__(self, gate: Gate, scope: Scope | None = None) -> None:
        self.sent: list[Message] = []
        self.scope = scope or _scope()
        self.task = asyncio.create_task(gate(self.scope, self._receive, self._send))

    async def _receive(self) -> Message:
        return {"type": "http.request"}

    async def _send(self, message: Message) -> None:
        self.sent.append(message)

    @property
    def body(self) -> bytes:
        return b"".join(message.get("body", b"") for message in self.sent)


def _says(text: bytes, when: Callable[[], Awaitable[object]] | None = None) -> ASGIApp:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if when is not None:
            await when()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": text})

    return app


def _streams(kind: bytes, first: asyncio.Event, go_on: asyncio.Event) -> ASGIApp:
    """Sends its head, then a part when `first` is set, and the rest when `go_on` is."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", kind)]})
        await first.wait()
        await send({"type": "http.response.body", "body": b"part", "more_body": True})
        await go_on.wait()
        await send({"type": "http.response.body", "body": b"rest"})

    return app


def _run(story: Callable[[Gate], Awaitable[None]]) -> None:
    async def run() -> None:
        await asyncio.wait_for(story(Gate()), PATIENCE)

    asyncio.run(run())


def test_a_closed_gate_holds_requests_until_it_opens() -> None:
    """They are answered by the generation that is there then, and know how long they waited."""

    class Trace:
        queued = 0.0
        generation = 0

    async def story(gate: Gate) -> None:
        trace = Trace()
        request = Request(gate, _scope(**{TRACE: trace}))
        await asyncio.sleep(0.02)
        assert request.sent == []

        gate.generation = _generation(_says(b"two"), 2)
        gate.open()
        await request.task

        assert request.body == b"two"
        assert trace.generation == 2
        assert trace.queued >= 15

    _run(story)


def test_closing_waits_for_short_requests_and_no_longer() -> None:
    """It is woken by the last answer."""

    async def story(gate: Gate) -> None:
        go_on = asyncio.Event()
        gate.generation = _generation(_says(b"one", go_on.wait))
        gate.open()
        first, second = Request(gate), Request(gate)
        await asyncio.sleep(0)
        closing = asyncio.create_task(gate.close(PATIENCE))
        await asyncio.sleep(0.01)
        assert not closing.done()

        go_on.set()
        waited = await closing

        assert (first.body, second.body) == (b"one", b"one")
        assert 5 < waited < 1000

    _run(story)


def test_closing_without_requests_does_not_wait() -> None:
    """Nothing in flight: no time is lost, not even a turn of the loop."""

    async def story(gate: Gate) -> None:
        gate.generation = _generation(_says(b"one"))
        gate.open()

        assert await gate.close(PATIENCE) == 0.0

    _run(story)


def test_a_request_that_outlives_the_wait_is_waited_for_once() -> None:
    """The bound holds, the request finishes later, and the next reload is not delayed by it again."""

    async def story(gate: Gate) -> None:
        go_on = asyncio.Event()
        gate.generation = _generation(_says(b"one", go_on.wait))
        gate.open()
        slow = Request(gate)
        await asyncio.sleep(0)
        assert 40 < await gate.close(0.05) < 1000
        gate.open()

        assert await gate.close(PATIENCE) == 0.0

        go_on.set()
        await slow.task

        assert slow.body == b"one"

    _run(story)


def test_streams_are_not_waited_for() -> None:
    """Neither one that sent its first part, nor an event stream that sent nothing yet; both live on."""

    async def story(gate: Gate) -> None:
        first, go_on = asyncio.Event(), asyncio.Event()
        gate.generation = _generation(_streams(b"text/event-stream", first, go_on))
        gate.open()
        events = Request(gate)
        await asyncio.sleep(0)
        assert await gate.close(PATIENCE) == 0.0

        first.set()
        gate.generation = _generation(_streams(b"text/plain", first, go_on))
        gate.open()
        download = Request(gate)
        await asyncio.sleep(0.01)
        assert await gate.close(PATIENCE) == 0.0

        go_on.set()
        await events.task
        await download.task

        assert (events.body, download.body) == (b"partrest", b"partrest")

    _run(story)


def test_a_websocket_is_not_waited_for() -> None:
    """It stays open through a reload."""

    async def story(gate: Gate) -> None:
        go_on = asyncio.Event()

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            await send({"type": "websocket.accept"})
            await go_on.wait()
            await send({"type": "websocket.close"})

        gate.generation = _generation(app)
        gate.open()
        socket = Request(gate, _scope("websocket"))
        await asyncio.sleep(0)
        assert await gate.close(PATIENCE) == 0.0
        gate.open()
        go_on.set()
        await socket.task

        assert [m["type"] for m in socket.sent] == ["websocket.accept", "websocket.close"]

    _run(story)


def test_background_work_after_the_answer_is_not_waited_for() -> None:
    """The client has its answer; what the app does then is its own affair."""

    async def story(gate: Gate) -> None:
        go_on = asyncio.Event()

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            await _says(b"one")(scope, receive, send)
            await go_on.wait()

        gate.generation = _generation(app)
        gate.open()
        request = Request(gate)
        await asyncio.sleep(0)

        assert await gate.close(PATIENCE) == 0.0

        go_on.set()
        await request.task

    _run(story)


def test_a_cancelled_wait_takes_nobody_along() -> None:
    """One held client that leaves does not end the wait of the others."""

    async def story(gate: Gate) -> None:
        gone, stays = Request(gate), Request(gate)
        await asyncio.sleep(0)
        gone.task.cancel()
        gate.generation = _generation(_says(b"one"))
        await asyncio.sleep(0)
        gate.open()
        await stays.task

        assert gone.task.cancelled()
        assert stays.body == b"one"

    _run(story)


def test_drained_waits_for_the_requests_of_one_app_only() -> None:
    """The shutdown of a replaced app comes after its last short request."""

    async def story(gate: Gate) -> None:
        go_on = asyncio.Event()
        old = _generation(_says(b"one", go_on.wait))
        gate.generation = old
        gate.open()
        request = Request(gate)
        await asyncio.sleep(0)
        gate.generation = _generation(_says(b"two"), 2)
        drained = asyncio.create_task(gate.drained(old, PATIENCE))
        await Request(gate).task
        assert not drained.done()

        go_on.set()
        await drained
        await request.task

    _run(story)


def test_state_of_the_lifespan_is_copied_per_request() -> None:
    """What a request puts there is not seen by the next one."""
    seen: list[dict[str, Any]] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(dict(scope["state"]))
        scope["state"]["mine"] = True
        await _says(b"")(scope, receive, send)

    async def story(gate: Gate) -> None:
        gate.generation = _generation(app)
        gate.generation.lifespan.state["shared"] = 1
        gate.open()
        await Request(gate).task
        await Request(gate).task

    _run(story)

    assert seen == [{"shared": 1}, {"shared": 1}]


@pytest.mark.parametrize(
    ("accept", "kind", "text"),
    [
        (b"text/html,*/*", b"text/html", b"ValueError: &lt;script&gt;"),
        (b"*/*", b"text/plain", b"ValueError: <script>"),
    ],
)
def test_without_an_app_the_error_is_the_answer(accept: bytes, kind: bytes, text: bytes) -> None:
    """503, escaped in HTML, with the place in the file."""

    async def story(gate: Gate) -> None:
        gate.error = ErrorReport("import", "ValueError", "<script>", file="/x/app.py", line=7)
        gate.open()
        request = Request(gate, _scope(headers=[(b"accept", accept)]))
        await request.task

        assert request.sent[0]["status"] == 503
        assert dict(request.sent[0]["headers"])[b"content-type"].startswith(kind)
        assert text in request.body
        assert b"/x/app.py, line 7" in request.body

    _run(story)


def test_a_cancel_while_stopping_is_no_error() -> None:
    """uvicorn would log a traceback for an answer that we ended ourselves."""

    async def story(gate: Gate) -> None:
        gate.generation = _generation(_says(b"one", asyncio.Event().wait))
        gate.open()
        request = Request(gate)
        await asyncio.sleep(0)
        gate.stopping = True
        request.task.cancel()
        await request.task

    since = perf_counter()
    _run(story)

    assert perf_counter() - since < PATIENCE
