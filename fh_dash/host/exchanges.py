"""Headers and the beginnings of bodies of the last requests, for whoever looks at one."""

from __future__ import annotations

import zlib
from collections import OrderedDict
from collections.abc import Iterable
from typing import Protocol

from fh_dash.events import Exchange

HEAD = 16 * 1024
"""Bytes of a body that are kept."""
COUNT = 500
TOTAL = 8 * 1024 * 1024
"""Bytes of bodies over all; the oldest requests go first."""

Headers = Iterable[tuple[bytes, bytes]]

_WINDOWS = {"gzip": zlib.MAX_WBITS | 16, "deflate": zlib.MAX_WBITS}


class Body:
    """The beginning of a body, and how long it was."""

    __slots__ = ("head", "size")

    def __init__(self) -> None:
        self.head = b""
        self.size = 0

    def add(self, part: bytes) -> None:
        if not self.size:
            self.head = bytes(part[:HEAD])
        elif self.size < HEAD:
            self.head += part[: HEAD - self.size]
        self.size += len(part)


NO_BODY = Body()
"""Of all who sent none."""


class Kept(Protocol):
    id: int
    request: Body
    response: Body
    request_headers: Headers
    response_headers: Headers


class Exchanges:
    """A ring of them. One thread writes, any may read."""

    def __init__(self) -> None:
        self._ring: OrderedDict[int, tuple[Headers, Headers, Body, Body]] = OrderedDict()
        self._bytes = 0

    def keep(self, kept: Kept) -> None:
        self._ring[kept.id] = (kept.request_headers, kept.response_headers, kept.request, kept.response)
        self._bytes += len(kept.request.head) + len(kept.response.head)
        while len(self._ring) > COUNT or self._bytes > TOTAL:
            _, (_, _, sent, got) = self._ring.popitem(last=False)
            self._bytes -= len(sent.head) + len(got.head)

    def get(self, number: int) -> Exchange | None:
        """None when the request is not known, or no longer."""
        found = self._ring.get(number)
        if found is None:
            return None
        asked, answered, sent, got = found
        headers = _texts(answered)
        return Exchange(
            id=number,
            request_headers=_texts(asked),
            response_headers=headers,
            request_body=sent.head,
            request_size=sent.size,
            response_body=_unpacked(got.head, headers),
            response_size=got.size,
        )


def _texts(headers: Headers) -> tuple[tuple[str, str], ...]:
    return tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in headers)


def _unpacked(head: bytes, headers: tuple[tuple[str, str], ...]) -> bytes:
    """Decompressed as far as it goes: the end of it was cut off."""
    coding = next((value.lower() for name, value in headers if name.lower() == "content-encoding"), "")
    if coding not in _WINDOWS:
        return head
    try:
        return zlib.decompressobj(_WINDOWS[coding]).decompress(head, HEAD)
    except zlib.error:
        return head
