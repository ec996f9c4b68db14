"""What each request was and what became of it, as events; an ASGI layer around everything but the access check."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextvars import ContextVar
from time import perf_counter
from typing import Any

from fh_dash.events import ErrorReport, Event, RequestFinished, RequestStarted
from fh_dash.host.asgi import ASGIApp, Message, Receive, Scope, Send
from fh_dash.host.exchanges import NO_BODY, Body, Exchanges, Headers
from fh_dash.host.gate import TRACE

current_request: ContextVar[int] = ContextVar("fh_dash_request", default=0)
"""Id of the request that this task (or a thread that it started) works for, 0 for none."""

OURS = "fh_dash.ours"
"""Key in the scope: True for the live channel and for what it caused."""
NAMES = 512
"""So many handler names are remembered."""
_BODILESS = ("GET", "HEAD")
PAUSE = 0.015
"""Seconds for which events are gathered. What a request costs while it runs is a few notes; the events are made
afterwards, many at once, and a request that was quicker than the pause needs no RequestStarted."""


class Recorder:
    """Posts RequestFinished for each request, and RequestStarted for those that take longer than the pause.

    `name_of` names a handler, `report` describes an exception. All on the server's loop.
    """

    def __init__(
        self,
        app: ASGIApp,
        post: Callable[[Event], object],
        *,
        name_of: Callable[[object], str],
        report: Callable[[BaseException], ErrorReport],
    ) -> None:
        self.app, self.post = app, post
        self._name_of, self._report = name_of, report
        self.exchanges = Exchanges()
        self._count = self._newest = 0
        self._names: dict[int, tuple[object, str]] = {}
        self._begun: list[Trace] = []
        self._ended: list[Trace] = []
        self._waiting = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._count = number = self._count + 1
        trace = Trace(self, number, scope, receive, send)
        scope[TRACE] = trace
        current_request.set(number)
        self._begun.append(trace)
        if not self._waiting:
            self._gather()
        try:
            await self.app(scope, trace.receiver(), trace)
        except BaseException as error:
            trace.error = error
            raise
        finally:
            if not trace.done:
                self.end(trace)
            scope.pop(TRACE, None)  # a cycle, and much hangs on it that would wait for the garbage collector

    def end(self, trace: Trace) -> None:
        trace.close()
        self._ended.append(trace)
        if not self._waiting:
            self._gather()

    def flush(self) -> None:
        """Post what was gathered."""
        self._waiting = False
        begun, self._begun = self._begun, []
        ended, self._ended = self._ended, []
        since = time.time() - perf_counter()
        for trace in begun:
            if not trace.done:
                self.post(RequestStarted(trace.id, since + trace.began, trace.method, trace.path))
        for trace in ended:
            self.exchanges.keep(trace)
            self.post(self._finished(trace, since + trace.began))

    def _gather(self) -> None:
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:  # the server has ended, and Python destroys a request that it left behind
            return
        self._waiting = True
        loop.call_later(PAUSE, self.flush)

    def _finished(self, trace: Trace, began: float) -> RequestFinished:
        error, client = trace.error, trace.client
        return RequestFinished(
            trace.id,
            began,
            trace.method,
            trace.path,
            trace.query.decode("latin-1") if trace.query else "",
            trace.status,
            (trace.ended - trace.began) * 1000 - trace.queued,
            trace.queued,
            trace.response.size,
            self._handler(trace),
            trace.generation,
            f"{client[0]}:{client[1]}" if client else "",
            b"hx-request" in [name for name, _ in trace.request_headers],
            trace.ours,
            self._report(error) if isinstance(error, Exception) else None,
            (trace.ended - trace.headed) * 1000 if trace.headed else 0.0,
        )

    def _handler(self, trace: Trace) -> str:
        """Remembered per object: naming looks through wrappers, and the same few handlers answer all day. Of an older
        generation none is kept, since its whole app would stay with it."""
        endpoint = trace.endpoint
        if endpoint is None:
            return ""
        if trace.generation > self._newest or len(self._names) >= NAMES:
            self._newest = max(self._newest, trace.generation)
            self._names.clear()
        if trace.generation < self._newest:
            return self._name_of(endpoint)
        known = self._names.get(id(endpoint))
        if known is None or known[0] is not endpoint:
            known = self._names[id(endpoint)] = (endpoint, self._name_of(endpoint))
        return known[1]


class Trace:
    """One request on its way; stands in for its `send` and `receive`.

    It is finished with the last byte of the answer, so that background tasks do not delay its event; an answer that
    reports an error waits for the exception that may follow it.
    """

    # What most requests leave as it is stands here, not in `__init__`: each of them pays for what is done there.
    headed = ended = queued = 0.0
    generation = status = 0
    response_headers: Headers = ()
    request = response = NO_BODY
    done = False
    error: BaseException | None = None
    query: bytes
    endpoint: object
    client: tuple[str, int] | None
    ours: bool

    def __init__(self, recorder: Recorder, number: int, scope: Scope, receive: Receive, send: Send) -> None:
        self._recorder, self._scope, self._receive, self._send = recorder, scope, receive, send
        self.id = number
        self.method: str = scope.get("method", "WS")
        self.path: str = scope["path"]
        self.request_headers: Headers = scope["headers"]
        self.began = perf_counter()

    def close(self) -> None:
        """Take the last notes from the scope and let go of it: a request's objects should die with it."""
        scope = self._scope
        self.done = True
        self.ended = self.ended or perf_counter()
        self.query = scope.get("query_string", b"")
        self.endpoint = scope.get("endpoint")
        self.client = scope.get("client")
        self.ours = bool(scope.get(OURS))
        del self._scope

    def __call__(self, message: Message) -> Any:
        step = _STEPS.get(message["type"])
        if step is not None:
            step(self, message)
        return self._send(message)

    def receiver(self) -> Receive:
        """What the app gets as `receive`: the original where nothing of it is wanted."""
        if self.method in _BODILESS:
            return self._receive
        self.request = Body()
        return self.receive

    async def receive(self) -> Message:
        message = await self._receive()
        kind = message["type"]
        if kind == "http.request":
            self.request.add(message.get("body", b""))
        elif kind == "websocket.disconnect":
            self.status = self.status or message.get("code", 1005)
        return message

    def finish(self) -> None:
        if not self.done:
            self._recorder.end(self)


def _start(trace: Trace, message: Message) -> None:
    trace.status = message["status"]
    trace.headed = perf_counter()
    trace.response_headers = message.get("headers", ())
    trace.response = Body()


def _body(trace: Trace, message: Message) -> None:
    if trace.response is NO_BODY:  # a body without a head: the server will complain
        trace.response = Body()
    trace.response.add(message.get("body", b""))
    if not message.get("more_body", False):
        trace.ended = perf_counter()
        if trace.status < 500:
            trace.finish()


def _accept(trace: Trace, message: Message) -> None:
    trace.response_headers = message.get("headers", ())
    trace.response = Body()


def _websocket_data(trace: Trace, message: Message) -> None:
    if trace.response is NO_BODY:
        trace.response = Body()
    trace.response.size += len(message.get("bytes") or message.get("text") or "")


def _websocket_close(trace: Trace, message: Message) -> None:
    trace.status = message.get("code", 1000)


_STEPS: dict[str, Callable[[Trace, Message], None]] = {
    "http.response.start": _start,
    "http.response.body": _body,
    "websocket.http.response.start": _start,
    "websocket.http.response.body": _body,
    "websocket.accept": _accept,
    "websocket.send": _websocket_data,
    "websocket.close": _websocket_close,
}
