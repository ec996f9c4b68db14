"""One answer on its way: a complete HTML document gets our script, all else passes untouched."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from fh_dash.live.asgi import Headers, Message, Send, get, with_value, without
from fh_dash.live.coding import Coding, CodingError, coding
from fh_dash.live.document import insertion_point
from fh_dash.live.validators import Validators

_UNTRUE: Final = frozenset(
    (b"last-modified", b"accept-ranges", b"content-md5", b"digest", b"content-digest", b"repr-digest")
)
"""Headers of the app that do not hold for the page with our script in it."""
_NO_PAGE: Final = frozenset((204, 205, 206))

Decorate = Callable[[Headers], tuple[Headers, bytes]]
"""From the answer's headers to those that let our script run, and the script element."""


class PageSender:
    """Stands in the place of `send` for one request.

    `ours`: asked when the answer starts; True for a page of our own, which gets the script in any case.
    """

    def __init__(
        self, send: Send, decorate: Decorate, validators: Validators, *, head: bool, ours: Callable[[], bool]
    ) -> None:
        self._send, self._decorate, self._validators = send, decorate, validators
        self._head, self._ours = head, ours
        self._start: Message | None = None
        self._coding: Coding | None = None
        self._raw, self._buffer = b"", b""
        self._passing = False
        self._placed = False

    async def __call__(self, message: Message) -> None:
        if self._passing:
            await self._send(message)
        elif message["type"] == "http.response.start":
            await self._begin(message)
        elif message["type"] == "http.response.body":
            await self._body(message.get("body", b""), bool(message.get("more_body", False)))
        else:
            if self._start is not None:  # a body that is sent another way, as a file: it cannot hold our script
                await self._pass()
            await self._send(message)

    async def finish(self) -> None:
        """The app returned: what was held back of an answer that it did not complete goes out as it came."""
        if not self._passing and not self._placed and self._start is not None:
            await self._leave(more=True)

    async def _begin(self, message: Message) -> None:
        headers: Headers = [(bytes(key), bytes(value)) for key, value in message.get("headers", ())]
        self._start = message
        if message["status"] == 304 and self._validators.conditional:
            message["headers"] = self._validators.answer(headers)
        self._coding = coding(get(headers, b"content-encoding")) if self._is_page(message["status"], headers) else None
        if self._coding is None:
            await self._pass()
        elif self._head:
            self._start["headers"] = without(self._edited(headers)[0], (b"content-length",))
            await self._pass()

    def _is_page(self, status: int, headers: Headers) -> bool:
        if not (200 <= status < 300 and status not in _NO_PAGE) and not self._ours():
            return False
        kind = get(headers, b"content-type").partition(";")[0].strip().lower()
        return kind == "text/html" and not get(headers, b"content-disposition").lower().startswith("attachment")

    async def _body(self, data: bytes, more: bool) -> None:
        assert self._coding is not None
        if self._placed:
            text = self._coding.decode(data, not more)
            await self._emit(self._coding.encode(text, not more), more)
            return
        self._raw += data
        try:
            self._buffer += self._coding.decode(data, not more)
        except CodingError:
            place = -1
        else:
            found = insertion_point(self._buffer, last=not more)
            if found == "more":
                return
            place = -1 if found == "none" else found
        await (self._leave(more) if place < 0 else self._insert(place, more))

    async def _insert(self, place: int, more: bool) -> None:
        """Send the document's beginning with our script in it."""
        assert self._coding is not None
        assert self._start is not None
        headers, script = self._edited([(bytes(k), bytes(v)) for k, v in self._start.get("headers", ())])
        text = self._buffer[:place] + script + self._buffer[place:]
        body = self._coding.encode(text, not more)
        self._start["headers"] = self._sized(headers, len(script), None if more else len(body))
        self._placed, self._raw, self._buffer = True, b"", b""
        await self._send(self._start)
        await self._emit(body, more)

    def _sized(self, headers: Headers, added: int, whole: int | None) -> Headers:
        """The right `Content-Length`: the app's and `added`, or the `whole` body's, or none if unknown."""
        length = get(headers, b"content-length")
        if not length:
            return headers
        if whole is None and not get(headers, b"content-encoding") and length.isdecimal():
            whole = int(length) + added
        if whole is None:
            return without(headers, (b"content-length",))
        return with_value(headers, b"content-length", str(whole))

    def _edited(self, headers: Headers) -> tuple[Headers, bytes]:
        headers, script = self._decorate(without(headers, _UNTRUE))
        return self._validators.answer(headers), script

    async def _leave(self, more: bool) -> None:
        """No document after all: the bytes as they came."""
        raw, self._raw, self._buffer = self._raw, b"", b""
        await self._pass()
        await self._emit(raw, more)

    async def _pass(self) -> None:
        self._passing = True
        if self._start is not None:
            await self._send(self._start)

    async def _emit(self, body: bytes, more: bool) -> None:
        if body or not more:
            await self._send({"type": "http.response.body", "body": body, "more_body": more})
