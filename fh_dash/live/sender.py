"""What most answers need of us is nothing: only those that may be pages, or errors, take the long way."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from fh_dash.live.asgi import Message, Send
from fh_dash.live.failure import FailureHold

_NAME = b"content-type"


class Sender:
    """Stands in the place of `send`: asks for `hold` when the answer does not begin as a plain one.

    A plain answer is a success, redirection or client's error that is no HTML. It passes without a coroutine of
    ours: an app that answers with JSON is not to pay for pages.
    """

    __slots__ = ("_make", "_send", "hold", "started")

    def __init__(self, send: Send, make: Callable[[], FailureHold]) -> None:
        self._send: Callable[[Message], Awaitable[Any]] = send
        self._make = make
        self.hold: FailureHold | None = None
        """None for a plain answer, and before any."""
        self.started = False

    def __call__(self, message: Message) -> Awaitable[Any]:
        if not self.started:
            self.started = True
            if not is_plain(message):
                self._send = self.hold = self._make()
        return self._send(message)

    def failed(self) -> FailureHold | None:
        """What can still take the place of the answer: the app raised."""
        if not self.started:
            self.hold = self._make()
        return self.hold


def is_plain(message: Message) -> bool:
    if message["type"] != "http.response.start":
        return False
    status = message["status"]
    if not 200 <= status < 500 or status == 304:
        return False
    for key, value in message.get("headers", ()):
        if len(key) == len(_NAME) and bytes(key).lower() == _NAME:
            return not bytes(value).lstrip()[:9].lower().startswith(b"text/html")
    return True
