"""The gate between the server and the app: it holds requests back while the code is exchanged.

All of its state lives on the server's loop, so nothing is locked, and nothing is polled: a reload is woken by
the request that it waits for, the held requests by the reload.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable
from time import perf_counter
from typing import Any

from fh_dash.events import ErrorReport
from fh_dash.host.asgi import Message, Receive, Scope, Send
from fh_dash.host.generation import Generation
from fh_dash.host.interrupt import Ended
from fh_dash.host.unavailable import refuse
from fh_dash.host.variables import apply

TRACE = "fh_dash.trace"
"""Key in the scope: an object of the recorder whose `queued` (ms) and `generation` are filled in here."""


class Gate:
    """An ASGI app. Closed from the start until `open` is called the first time.

    A request is *short* until the first part of its body is sent, or for as long as it says that it is an event
    stream; only short ones are waited for. WebSockets are never waited for.
    """

    def __init__(self) -> None:
        self.generation: Generation | None = None
        self.error: ErrorReport | None = None
        """Why there is no generation, if a load failed."""
        self.stopping = False
        self._closed = True
        self._opened = asyncio.Event()
        self._short: set[Exchange] = set()
        self._latches: list[Latch] = []
        self._running: Counter[int] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        queued = await self._pass() if self._closed else 0.0
        generation = self.generation
        if generation is None:
            await refuse(scope, receive, send, self.error)
            return
        if (trace := scope.get(TRACE)) is not None:
            trace.queued, trace.generation = queued, generation.number
        apply(generation.variables)
        scope["state"] = generation.lifespan.state.copy()
        self._running[generation.number] += 1
        exchange: Exchange | None = None
        if scope["type"] == "http":
            send = exchange = Exchange(self, generation, send)
            self._short.add(exchange)
        try:
            await generation.app(scope, receive, send)
        except asyncio.CancelledError:
            if not self.stopping:  # otherwise it is us who end it, and uvicorn would show a traceback
                raise
        except Ended:
            pass
        finally:
            self._running[generation.number] -= 1
            if exchange is not None and exchange.short:
                self.release(exchange)

    def older(self) -> int:
        """How many calls of older generations still run: streams, WebSockets, work in the background of an answer."""
        self._running = +self._running
        serving = self.generation.number if self.generation else 0
        return sum(count for number, count in self._running.items() if number != serving)

    async def close(self, patience: float) -> float:
        """Hold new requests back and wait for the short ones in flight, at most `patience` seconds.

        Returns the milliseconds waited. Who outlives the wait once is never waited for again.
        """
        self._closed = True
        self._opened.clear()
        pending = [exchange for exchange in self._short if not exchange.streams]
        if not pending:
            return 0.0
        since = perf_counter()
        for exchange in await self._finished(pending, patience):
            self._short.discard(exchange)
        return (perf_counter() - since) * 1000

    def open(self) -> None:
        self._closed = False
        self._opened.set()

    async def drained(self, generation: Generation, patience: float) -> None:
        """Wait until the short requests on this generation's app object are answered, at most so many seconds."""
        lifespan = generation.lifespan
        await self._finished([e for e in self._short if e.generation.lifespan is lifespan], patience)

    async def _pass(self) -> float:
        since = perf_counter()
        while self._closed:
            await self._opened.wait()
        return (perf_counter() - since) * 1000

    def release(self, exchange: Exchange) -> None:
        """The exchange is no longer short."""
        exchange.short = False
        self._short.discard(exchange)
        for latch in self._latches:
            latch.lift(exchange)

    async def _finished(self, pending: Iterable[Exchange], patience: float) -> set[Exchange]:
        """Wait for the exchanges; those that are not finished in time are returned."""
        latch = Latch(pending)
        self._latches.append(latch)
        try:
            await latch.wait(patience)
        finally:
            self._latches.remove(latch)
        return latch.pending


class Exchange:
    """One HTTP request in flight: stands in for its `send`."""

    __slots__ = ("gate", "generation", "send", "short", "start")

    def __init__(self, gate: Gate, generation: Generation, send: Send) -> None:
        self.gate = gate
        self.generation = generation
        self.send = send
        self.start: Message | None = None
        self.short = True

    def __call__(self, message: Message) -> Any:  # no coroutine of our own: it is awaited at the other end
        if self.short:
            if message["type"] == "http.response.body":
                self.gate.release(self)
            else:
                self.start = message
        return self.send(message)

    @property
    def streams(self) -> bool:
        """It began an event stream, which may not send anything for hours."""
        headers = self.start.get("headers", ()) if self.start else ()
        return any(n.lower() == b"content-type" and v.startswith(b"text/event-stream") for n, v in headers)


class Latch:
    """Waits until each of some exchanges was lifted."""

    def __init__(self, pending: Iterable[Exchange]) -> None:
        self.pending = set(pending)
        self._done = asyncio.Event()

    def lift(self, exchange: Exchange) -> None:
        self.pending.discard(exchange)
        if not self.pending:
            self._done.set()

    async def wait(self, patience: float) -> None:
        if self.pending:
            try:
                await asyncio.wait_for(self._done.wait(), patience)
            except TimeoutError:
                pass
