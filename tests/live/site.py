"""A small site behind the live layer, on a real server in a thread, for browsers to visit."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import uvicorn

from fh_dash.events import Event, OutputLine
from fh_dash.live import AccessCheck, LiveHub, LiveMiddleware
from fh_dash.live.asgi import ASGIApp, Receive, Scope, Send
from tests.live.ask import result

DEADLINE = 15.0
KINDS = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml", "json": "application/json"}


@dataclass
class Reply:
    body: str
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    error: Exception | None = None
    gate: threading.Event | None = None
    """The answer waits for it."""


Content: TypeAlias = str | Reply | Callable[[Scope], "str | Reply"] | ASGIApp


@dataclass
class Request:
    scope: Scope
    headers: dict[str, str]
    """As the browser sent them."""

    @property
    def method(self) -> str:
        return str(self.scope["method"])

    @property
    def path(self) -> str:
        return str(self.scope["path"])

    @property
    def query(self) -> str:
        return str(self.scope["query_string"].decode())

    @property
    def ours(self) -> bool:
        return bool(self.scope.get("fh_dash.ours"))


class Site:
    """`pages` maps paths to what they answer; `requests` is what arrived, our own channel left out."""

    def __init__(self) -> None:
        self.pages: dict[str, Content] = {}
        self.requests: list[Request] = []
        self.posted: list[Event] = []
        self.hub = self.new_hub()
        self.hub.generation = 1
        self.url = ""
        self._changed = threading.Condition()
        self._layer: ASGIApp = LiveMiddleware(self._answer, self.hub)

    def new_hub(self, **options: Any) -> LiveHub:
        return LiveHub(post=self._post, **options)

    def restart(self, hub: LiveHub) -> None:
        """Another process takes the port over, with a hub of its own."""
        old, loop = self.hub, self.loop
        hub.bind(loop)
        self.hub, self._layer = hub, LiveMiddleware(self._answer, hub)
        old.close()

    # ------------------------------------------------------------------------------------ waiting

    def visits(self, path: str = "/") -> list[Request]:
        """Documents that were asked for."""
        return [r for r in self.requests if r.path == path and r.headers.get("sec-fetch-dest") == "document"]

    def wait(self, condition: Callable[[], object]) -> None:
        """Until it is true; looked at when something arrives at the site, and now and then."""
        end = time.monotonic() + DEADLINE
        with self._changed:
            while not condition():
                assert time.monotonic() < end, "nothing came"
                self._changed.wait(0.02)

    def wait_for_listeners(self, count: int = 1) -> None:
        self.wait(lambda: self.hub.subscribers == count)

    def outputs(self) -> list[str]:
        return [event.text for event in self.posted if isinstance(event, OutputLine)]

    def reload(self, generation: int | None = None, **fields: Any) -> None:
        self.hub.publish(result(generation or self.hub.generation + 1, **fields))

    # ------------------------------------------------------------------------------------ serving

    def _post(self, event: Event) -> None:
        self.posted.append(event)
        self._wake()

    def _wake(self) -> None:
        with self._changed:
            self._changed.notify_all()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        if "/_fh_dash/" not in scope["path"]:
            self.requests.append(Request(scope, {k.decode(): v.decode("latin-1") for k, v in scope["headers"]}))
        try:
            await self._layer(scope, receive, self._waking(send))
        finally:
            self._wake()

    def _waking(self, send: Send) -> Send:
        async def waking(message: Any) -> None:
            await send(message)
            self._wake()

        return waking

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        content = self.pages.get(scope["path"], Reply("not found", 404))
        if asyncio.iscoroutinefunction(content):
            await content(scope, receive, send)
            return
        made = content(scope) if callable(content) else content
        reply = made if isinstance(made, Reply) else Reply(str(made))
        if reply.gate is not None:
            await asyncio.to_thread(reply.gate.wait, DEADLINE)
        kind = KINDS.get(scope["path"].rpartition(".")[2], "text/html; charset=utf-8")
        headers = {"content-type": kind, **reply.headers}
        pairs = [(key.encode(), value.encode()) for key, value in headers.items()]
        await send({"type": "http.response.start", "status": reply.status, "headers": pairs})
        await send({"type": "http.response.body", "body": reply.body.encode()})
        if reply.error:
            raise reply.error

    @contextmanager
    def serve(self, allowed: Sequence[str] = (), **options: Any) -> Iterator[None]:
        listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        config = uvicorn.Config(
            AccessCheck(self, allowed=allowed), log_config=None, lifespan="off", access_log=False, **options
        )
        server = uvicorn.Server(config)
        ready = threading.Event()

        async def main() -> None:
            self.loop = asyncio.get_running_loop()
            self.hub.bind(self.loop)
            self.loop.call_soon(ready.set)
            await server.serve([listener])

        thread = threading.Thread(target=lambda: asyncio.run(main()), name="site", daemon=True)
        thread.start()
        assert ready.wait(DEADLINE)
        try:
            yield
        finally:
            self.hub.close()
            server.should_exit = True
            thread.join(DEADLINE)
            assert not thread.is_alive()


def page(body: str, head: str = "", attributes: str = "") -> str:
    return f"<!doctype html><html {attributes}><head><title>Shop</title>{head}</head><body>{body}</body></html>"
