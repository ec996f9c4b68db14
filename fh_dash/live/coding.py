"""Content codings that we can take off a streamed body and put on again, chunk by chunk."""

from __future__ import annotations

import sys
import zlib
from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol

_LEVEL: Final = 1  # the way is a loopback: time counts, size does not


class Coding(Protocol):
    def decode(self, data: bytes, last: bool) -> bytes:
        """Raises `CodingError` when `data` is not in this coding."""
        ...

    def encode(self, data: bytes, last: bool) -> bytes:
        """All of `data`, flushed: the client can show it before the next chunk comes."""
        ...


class CodingError(Exception):
    """A body is not in the coding that its header names."""


class Identity:
    def decode(self, data: bytes, last: bool) -> bytes:
        return data

    encode = decode


class Zlib:
    """gzip, and deflate with its header."""

    def __init__(self, bits: int) -> None:
        self._bits = bits
        self._decoder = zlib.decompressobj(bits)
        self._encoder = zlib.compressobj(_LEVEL, zlib.DEFLATED, bits)

    def decode(self, data: bytes, last: bool) -> bytes:
        try:
            result = self._decoder.decompress(data)
            while rest := self._decoder.unused_data:  # a gzip file may have several members
                self._decoder = zlib.decompressobj(self._bits)
                result += self._decoder.decompress(rest)
            return result + (self._decoder.flush() if last else b"")
        except zlib.error as error:
            raise CodingError(str(error)) from None

    def encode(self, data: bytes, last: bool) -> bytes:
        if not data and not last:
            return b""
        return self._encoder.compress(data) + self._encoder.flush(zlib.Z_FINISH if last else zlib.Z_SYNC_FLUSH)


class Deflate:
    """deflate with its header, as the standard says, or without it, as some senders do."""

    def __init__(self) -> None:
        self._start = b""
        self._inner: Zlib | None = None

    def decode(self, data: bytes, last: bool) -> bytes:
        if self._inner is None:
            self._start += data
            if len(self._start) < 2 and not last:
                return b""
            data = self._start
            headed = len(data) > 1 and data[0] & 15 == 8 and int.from_bytes(data[:2], "big") % 31 == 0
            self._inner = Zlib(zlib.MAX_WBITS if headed else -zlib.MAX_WBITS)
        return self._inner.decode(data, last)

    def encode(self, data: bytes, last: bool) -> bytes:
        self._inner = self._inner or Zlib(zlib.MAX_WBITS)
        return self._inner.encode(data, last)


class Brotli:
    def __init__(self, module: Any) -> None:
        self._module = module
        self._decoder, self._encoder = module.Decompressor(), module.Compressor(quality=_LEVEL)

    def decode(self, data: bytes, last: bool) -> bytes:
        try:
            process = getattr(self._decoder, "process", None) or self._decoder.decompress
            return bytes(process(data)) if data else b""
        except self._module.error as error:
            raise CodingError(str(error)) from None

    def encode(self, data: bytes, last: bool) -> bytes:
        process = getattr(self._encoder, "process", None) or self._encoder.compress
        result = bytes(process(data)) if data else b""
        return result + bytes(self._encoder.finish() if last else self._encoder.flush())


def _brotli() -> Callable[[], Coding] | None:
    """Neither package is a dependency of ours, but an app that sends `br` has imported one of them. It is not imported
    here: a failed import searches the whole path, and this is asked on each request."""
    for name in ("brotli", "brotlicffi"):
        if (module := sys.modules.get(name)) is not None:
            return lambda: Brotli(module)
    return None


_CODINGS: Final[dict[str, Callable[[], Coding]]] = {
    "": Identity,
    "identity": Identity,
    "gzip": lambda: Zlib(zlib.MAX_WBITS | 16),
    "x-gzip": lambda: Zlib(zlib.MAX_WBITS | 16),
    "deflate": Deflate,
}


def codings() -> Mapping[str, Callable[[], Coding]]:
    """The codings that this interpreter can undo. Looked up late: the app may bring one along."""
    if "br" not in _CODINGS and (brotli := _brotli()) is not None:
        _CODINGS["br"] = brotli
    return _CODINGS


def coding(name: str) -> Coding | None:
    """A fresh coder for a `Content-Encoding`, or None for one that we cannot undo."""
    make = codings().get(name.strip().lower())
    return make() if make else None


def acceptable(accept_encoding: str) -> str:
    """`Accept-Encoding` without what we could not undo (`*` included): the app then picks one that we can."""
    offers = [offer.strip() for offer in accept_encoding.split(",")]
    return ", ".join(offer for offer in offers if offer.partition(";")[0].strip().lower() in codings() and offer)
