"""What we serve ourselves, under `/_fh_dash/<token>/`: the script, the channel, the intake of reports."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from functools import cache
from importlib.resources import files
from typing import Final
from urllib.parse import parse_qs

from fh_dash.live import messages, reports
from fh_dash.live.access import Hosts
from fh_dash.live.asgi import Headers, Receive, Scope, Send, answer, get
from fh_dash.live.hub import LiveHub, Subscriber

PREFIX: Final = "/_fh_dash/"
_PARTS: Final = ("boot", "find", "keep", "swap", "overlay", "report", "channel", "main")
_PING: Final = 15.0
"""Seconds; the script takes a channel that is silent for more than twice as long for dead."""
_PATIENCE: Final = 20.0
_CROWD: Final = 256
"""Open channels at once."""

_SAFE: Final[Headers] = [
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
]
_PLAIN: Final[Headers] = [
    *_SAFE,
    (b"content-type", b"text/plain; charset=utf-8"),
    (b"cache-control", b"no-store"),
]
_SCRIPT: Final[Headers] = [
    *_SAFE,
    (b"content-type", b"text/javascript; charset=utf-8"),
    (
        b"cache-control",
        b"private, max-age=31536000, immutable",
    ),  # the token in its address is new for each run
]
_EVENTS: Final[Headers] = [
    *_SAFE,
    (b"content-type", b"text/event-stream"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),  # a proxy in front must not collect it
]


@cache
def script() -> bytes:
    """The client, one function around its parts."""
    folder = files("fh_dash.live") / "client"
    body = "\n".join((folder / f"{name}.js").read_text("utf-8") for name in _PARTS)
    return f'(() => {{\n"use strict";\n{body}\n}})();\n'.encode()


class Channel:
    """The endpoints. Push only: nothing that a browser sends changes anything but the log."""

    def __init__(self, hub: LiveHub, hosts: Hosts) -> None:
        self.hub, self.hosts = hub, hosts
        self._ration = reports.Ration()
        self._endpoints: dict[str, tuple[str, Callable[[Scope, Receive, Send], Awaitable[None]]]] = {
            "client.js": ("GET, HEAD", self._client),
            "events": ("GET", self._events),
            "report": ("POST", self._report),
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send, path: str) -> None:
        """`path`: what follows the prefix."""
        token, _, name = path.partition("/")
        methods, endpoint = self._endpoints.get(name, ("", None))
        if endpoint is None:
            await answer(send, 404, b"not found\n", _PLAIN)
        elif scope["method"] not in methods.split(", "):
            await answer(send, 405, b"method not allowed\n", [*_PLAIN, (b"allow", methods.encode())])
        elif not self._same_origin(scope):
            await answer(send, 403, b"only for pages of this server\n", _PLAIN)
        elif not secrets.compare_digest(token.encode(), self.hub.token.encode()):
            await self._stranger(name, send)
        else:
            await endpoint(scope, receive, send)

    def _same_origin(self, scope: Scope) -> bool:
        """By `Origin` where there is one (always with a POST), else by the browser's word on the request."""
        headers = scope["headers"]
        origin = get(headers, b"origin")
        if origin:
            return self.hosts.trusts(origin, get(headers, b"host"))
        return scope["method"] != "POST" and get(headers, b"sec-fetch-site") in ("", "same-origin", "none")

    async def _client(self, scope: Scope, receive: Receive, send: Send) -> None:
        await answer(send, 200, script(), _SCRIPT, head=scope["method"] == "HEAD")

    # ------------------------------------------------------------------------------- channel

    async def _events(self, scope: Scope, receive: Receive, send: Send) -> None:
        query = parse_qs(scope.get("query_string", b"").decode("latin-1"), keep_blank_values=True)
        run, since = query.get("run", [""])[0], query.get("since", ["0"])[0]
        last = int(since) if since.isdecimal() and len(since) < 16 else 0
        if "once" in query:
            await answer(send, 200, messages.encode(self.hub.greeting(run, last)), _EVENTS)
            return
        subscriber = self.hub.subscribe() if self.hub.subscribers < _CROWD else None
        if subscriber is None:
            await answer(send, 503, b"try again\n", [*_PLAIN, (b"retry-after", b"1")])
            return
        gone = asyncio.create_task(_end_when_gone(receive, subscriber))
        try:
            await send({"type": "http.response.start", "status": 200, "headers": _EVENTS})
            await _stream(send, messages.encode(self.hub.greeting(run, last)), subscriber)
        finally:
            self.hub.unsubscribe(subscriber)
            gone.cancel()

    async def _stranger(self, name: str, send: Send) -> None:
        """A token of another run: the page may load itself afresh, but not before the app can answer."""
        gone = name == "events" and await self._serves()
        await answer(send, 410 if gone else 404, b"the server was started anew\n", _PLAIN)

    async def _serves(self) -> bool:
        """Wait, but not for ever, until the app can answer."""
        subscriber = self.hub.subscribe() if self.hub.subscribers < _CROWD else None
        if subscriber is None:
            return False
        try:
            async with asyncio.timeout(_PATIENCE):
                while not self.hub.serving:
                    if await subscriber.queue.get() is None:
                        return False
        except TimeoutError:
            return False
        finally:
            self.hub.unsubscribe(subscriber)
        return True

    # ------------------------------------------------------------------------------- reports

    async def _report(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = await _read(receive, reports.MAX_BODY)
        if body is None:
            await answer(send, 413, b"too large\n", _PLAIN)
        elif get(scope["headers"], b"content-type").partition(";")[0].strip() != "application/json":
            await answer(send, 415, b"application/json\n", _PLAIN)
        elif not self.hub.reports:
            await answer(send, 403, b"reports are switched off\n", _PLAIN)
        else:
            status = self._take(body)
            await answer(send, status, b"", _PLAIN)

    def _take(self, body: bytes) -> int:
        try:
            lines = reports.parse(body)
        except reports.BadReport:
            return 400
        if not self._ration.take():
            return 429
        if refused := self._ration.refused:
            self._ration.refused = 0
            lines.insert(0, reports.overflow(refused))
        for line in lines:
            self.hub.post(line)
        return 202


async def _stream(send: Send, greeting: bytes, subscriber: Subscriber) -> None:
    await send({"type": "http.response.body", "body": greeting, "more_body": True})
    while True:
        try:
            data = await asyncio.wait_for(subscriber.queue.get(), _PING)
        except TimeoutError:
            data = b":\n\n"
        if data is None:
            await send({"type": "http.response.body", "body": b"", "more_body": False})
            return
        await send({"type": "http.response.body", "body": data, "more_body": True})


async def _end_when_gone(receive: Receive, subscriber: Subscriber) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    subscriber.end()


async def _read(receive: Receive, limit: int) -> bytes | None:
    """The body, or None when it is longer than `limit`."""
    body = b""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        body += bytes(message.get("body", b""))
        if len(body) > limit:
            return None
        if not message.get("more_body", False):
            return body
