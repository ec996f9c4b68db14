"""Answers that need nothing of us pass without being looked at twice."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from fh_dash.live import LiveHub
from fh_dash.live.asgi import Message, Receive, Scope, Send
from fh_dash.live.middleware import LiveMiddleware
from fh_dash.live.sender import is_plain
from tests.live.ask import scope_of


@pytest.mark.parametrize(
    ("status", "kind", "plain"),
    [
        (200, b"application/json", True),
        (200, b"TEXT/HTML; charset=utf-8", False),
        (201, None, True),
        (304, None, False),
        (404, b"text/plain", True),
        (404, b"text/html", False),
        (500, b"application/json", False),
    ],
)
def test_what_is_plain(status: int, kind: bytes | None, plain: bool) -> None:
    """No HTML, no error of the server, no answer to a condition."""
    headers = [] if kind is None else [(b"Content-Type", kind)]
    assert is_plain({"type": "http.response.start", "status": status, "headers": headers}) is plain


def test_a_plain_answer_reaches_the_server_as_the_same_messages() -> None:
    """The objects that the app sent, not copies of them."""
    sent: list[Message] = [
        {"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]},
        {"type": "http.response.body", "body": b"{}"},
    ]
    got: list[Message] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        for message in sent:
            await send(message)

    async def send(message: Message) -> None:
        got.append(message)

    async def receive() -> Any:
        raise AssertionError("nobody asks")

    asyncio.run(LiveMiddleware(app, LiveHub(post=lambda event: None))(scope_of(), receive, send))
    assert [id(message) for message in got] == [id(message) for message in sent]
