"""One request to an ASGI app, without a server."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from fh_dash.events import ErrorReport, Event, OutputLine, ReloadResult, SourceLine
from fh_dash.live import LiveHub, LiveMiddleware
from fh_dash.live.asgi import ASGIApp, Message, Receive, Scope, Send

NAVIGATION = {"sec-fetch-dest": "document", "sec-fetch-mode": "navigate", "accept": "text/html,*/*;q=0.8"}
PAGE = b"<!doctype html><html><head><title>Shop</title></head><body><p>tea</p></body></html>"


@dataclass
class Answer:
    status: int = 0
    headers: list[tuple[str, str]] = field(default_factory=list)
    chunks: list[bytes] = field(default_factory=list)
    scope: Scope = field(default_factory=dict)
    complete: bool = False
    error: BaseException | None = None

    @property
    def body(self) -> bytes:
        return b"".join(self.chunks)

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key == name), None)


def scope_of(
    path: str = "/",
    *,
    method: str = "GET",
    headers: Mapping[str, str] = {},
    kind: str = "http",
    root_path: str = "",
    **more: Any,
) -> Scope:
    path, _, query = path.partition("?")
    named = {"host": "localhost:5001", **headers}
    pairs = [(key.encode(), value.encode("latin-1")) for key, value in named.items() if value]
    common = {"type": kind, "path": root_path + path, "root_path": root_path, "query_string": query.encode()}
    return {**common, "method": method, "headers": pairs, "scheme": "http", "http_version": "1.1", **more}


async def exchange(app: ASGIApp, scope: Scope, body: bytes = b"") -> Answer:
    """The whole answer; an exception that leaves the app is kept in it."""
    answer = Answer(scope=scope)
    parts = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> Message:
        if parts:
            return parts.pop()
        await asyncio.Event().wait()
        raise AssertionError

    async def send(message: Message) -> None:
        if message["type"].endswith(".start"):
            answer.status = message["status"]
            answer.headers = [(k.decode(), v.decode("latin-1")) for k, v in message.get("headers", ())]
        elif message["type"].endswith(".body"):
            answer.chunks.append(message.get("body", b""))
            answer.complete = not message.get("more_body", False)

    try:
        await app(scope, receive, send)
    except Exception as error:
        answer.error = error
    return answer


def ask(app: ASGIApp, path: str = "/", *, body: bytes = b"", **scope: Any) -> Answer:
    return asyncio.run(exchange(app, scope_of(path, **scope), body))


def navigate(app: ASGIApp, path: str = "/", *, headers: Mapping[str, str] = {}, **scope: Any) -> Answer:
    """As a browser loads a document."""
    return ask(app, path, headers={**NAVIGATION, **headers}, **scope)


def sends(
    *chunks: bytes,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    seen: list[Scope] | None = None,
    raises: Exception | None = None,
) -> ASGIApp:
    """An app that gives always the same answer, and notes the scopes that reach it."""
    named = {"content-type": "text/html; charset=utf-8"} if headers is None else headers
    pairs = [(key.encode(), value.encode()) for key, value in named.items()]

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if seen is not None:
            seen.append(dict(scope))
        await send({"type": "http.response.start", "status": status, "headers": pairs})
        for number, chunk in enumerate(chunks, 1):
            await send({"type": "http.response.body", "body": chunk, "more_body": number < len(chunks)})
        if raises:
            raise raises

    return app


def length_of(*chunks: bytes, **headers: str) -> dict[str, str]:
    """The headers of a page with its length."""
    named = {"content-type": "text/html", "content-length": str(sum(map(len, chunks)))}
    return named | {key.replace("_", "-"): value for key, value in headers.items()}


class Posted(list[Event]):
    """An inbox."""

    def texts(self) -> list[str]:
        return [event.text for event in self if isinstance(event, OutputLine)]


def hub_at(generation: int = 1, **options: Any) -> LiveHub:
    hub = LiveHub(post=options.pop("post", lambda event: None), token="T0KEN", **options)
    hub.generation = generation
    hub.run = "run1"
    return hub


def live(app: ASGIApp, hub: LiveHub | None = None, **options: Any) -> LiveMiddleware:
    return LiveMiddleware(app, hub or hub_at(), **options)


def script(moment: str = "run1.1.0", more: str = "", root: str = "") -> bytes:
    """The element that is expected in a page."""
    return f'<script data-fh-live="{moment}"{more} src="{root}/_fh_dash/T0KEN/client.js"></script>'.encode()


def result(generation: int = 2, changed: Iterable[str] = ("app.py",), **fields: Any) -> ReloadResult:
    return ReloadResult(generation, 0.0, tuple(changed), **fields)


def syntax_error(message: str = "'(' was never closed") -> ErrorReport:
    excerpt = (SourceLine(40, "def f():"), SourceLine(41, "    print("))
    return ErrorReport("syntax", "SyntaxError", message, "/srv/shop/app.py", 41, 10, excerpt)
