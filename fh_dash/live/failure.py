"""Exceptions that leave the app while a browser waits: a page that shows them, as text."""

from __future__ import annotations

import linecache
import os
import sys
import sysconfig
import traceback
from typing import Final

from fh_dash.events import ErrorReport, Frame, SourceLine
from fh_dash.live.asgi import Headers, Message, get
from fh_dash.live.page import PageSender

_OWN: Final = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
_FOREIGN: Final = tuple(
    {os.path.realpath(path) + os.sep for path in (*sysconfig.get_paths().values(), sys.prefix, sys.base_prefix)}
)
_ANSWER: Final = ("http.response.start", "http.response.body")
_PLAIN: Final = b"Internal Server Error"
_DEBUGGER: Final = b"<title>Starlette Debugger</title>"


def describe(error: BaseException) -> ErrorReport:
    """A report about an exception of a handler. The project is what lies under the working directory."""
    frames = tuple(_frames(error))
    place = next((frame for frame in reversed(frames) if frame.project), frames[-1] if frames else None)
    return ErrorReport(
        "request",
        type(error).__name__,
        _message(error),
        place.file if place else None,
        place.line if place else None,
        excerpt=_excerpt(place) if place else (),
        frames=frames,
    )


def _message(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:
        return "(its text could not be made)"


def _frames(error: BaseException) -> list[Frame]:
    found = traceback.extract_tb(error.__traceback__)
    return [
        Frame(frame.filename, frame.lineno or 0, frame.name, frame.line or "", _is_project(frame.filename))
        for frame in found
        if not frame.filename.startswith(_OWN)
    ]


def _is_project(file: str) -> bool:
    path = os.path.realpath(file)
    return path.startswith(os.getcwd() + os.sep) and not path.startswith(_FOREIGN) and "site-packages" not in path


def _excerpt(place: Frame) -> tuple[SourceLine, ...]:
    lines = linecache.getlines(place.file)
    numbers = range(max(1, place.line - 3), min(len(lines), place.line + 1) + 1)
    return tuple(SourceLine(number, lines[number - 1].rstrip("\r\n")) for number in numbers)


class FailureHold:
    """Stands in the place of `send`: keeps back the bare 500 that Starlette sends before it raises.

    An app's own error page is the app's business and passes at once. `dropped()` says whether the answer can
    be replaced, once the app has raised; never when it is not `replaceable`.
    """

    def __init__(self, page: PageSender, *, replaceable: bool) -> None:
        self.page, self._replaceable = page, replaceable
        self._held: list[Message] = []
        self.started = False
        """Whether something went to the browser."""

    async def __call__(self, message: Message) -> None:
        if not self.started and self._holds(message):
            self._held.append(message)
            return
        await self.release()
        self.started = self.started or message["type"] in _ANSWER
        await self.page(message)

    def _holds(self, message: Message) -> bool:
        if not self._replaceable:
            return False
        if message["type"] == "http.response.start":
            return bool(message["status"] == 500)
        body = message.get("body", b"")
        return message["type"] == "http.response.body" and bool(self._held) and _replaceable(self._headers(), body)

    def _headers(self) -> Headers:
        return [(bytes(key), bytes(value)) for key, value in self._held[0].get("headers", ())]

    async def release(self) -> None:
        """Send what is held: it was the answer after all."""
        held, self._held = self._held, []
        for message in held:
            self.started = True
            await self.page(message)

    def dropped(self) -> bool:
        """Forget what is held; True when nothing was sent, so that another answer can be."""
        self._held.clear()
        return self._replaceable and not self.started


def _replaceable(headers: Headers, body: bytes) -> bool:
    """Starlette's one-liner, or the page of its debug mode, of which ours is the readable form."""
    html = get(headers, b"content-type").startswith("text/html")
    return (_DEBUGGER in body[:4096]) if html else body in (_PLAIN, b"")
