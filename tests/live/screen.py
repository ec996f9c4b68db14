"""What a browser paints, frame by frame: the colour of one pixel, and when."""

from __future__ import annotations

import base64
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Page

Color = tuple[int, int, int]


@dataclass(frozen=True)
class Frame:
    time: float
    """Seconds since the epoch, by the browser's clock."""
    color: Color


class Recording:
    """The frames so far. A browser sends one when something was painted."""

    def __init__(self, at: tuple[int, int]) -> None:
        self.frames: list[Frame] = []
        self._at = at

    def add(self, event: dict[str, Any]) -> None:
        x, y = self._at
        self.frames.append(Frame(event["metadata"]["timestamp"], pixel(base64.b64decode(event["data"]), x, y)))

    def first(self, color: Color) -> Frame | None:
        return next((frame for frame in self.frames if frame.color == color), None)


@contextmanager
def record(tab: Page, at: tuple[int, int] = (5, 5)) -> Iterator[Recording]:
    """Record the pixel `at` for as long as the block lasts. Set a small viewport first: frames are decoded here."""
    session = tab.context.new_cdp_session(tab)
    recording = Recording(at)

    def painted(event: dict[str, Any]) -> None:
        recording.add(event)
        session.send("Page.screencastFrameAck", {"sessionId": event["sessionId"]})

    session.on("Page.screencastFrame", painted)
    session.send("Page.startScreencast", {"format": "png", "everyNthFrame": 1})
    try:
        yield recording
    finally:
        session.send("Page.stopScreencast")
        session.detach()


def pixel(png: bytes, x: int, y: int) -> Color:
    """Of an image with 8 bits per channel, without interlacing: what browsers write."""
    data, header, position = b"", b"", 8
    while position < len(png):
        size, kind = struct.unpack(">I4s", png[position : position + 8])
        body = png[position + 8 : position + 8 + size]
        header = body if kind == b"IHDR" else header
        data += body if kind == b"IDAT" else b""
        position += 12 + size
    width, channels = struct.unpack(">I", header[:4])[0], {2: 3, 6: 4}[header[9]]
    stride = width * channels
    raw, row = zlib.decompress(data), bytearray(stride)
    for line in range(y + 1):
        start = line * (stride + 1)
        row = _unfilter(raw[start], raw[start + 1 : start + 1 + stride], row, channels)
    red, green, blue = row[x * channels : x * channels + 3]
    return red, green, blue


def _unfilter(kind: int, line: bytes, above: bytearray, step: int) -> bytearray:
    row = bytearray(line)
    for i in range(len(row)):
        left, corner = (row[i - step], above[i - step]) if i >= step else (0, 0)
        row[i] = (row[i] + _PREDICT[kind](left, above[i], corner)) & 255
    return row


def _paeth(left: int, above: int, corner: int) -> int:
    guess = left + above - corner
    return min((left, above, corner), key=lambda value: abs(guess - value))


_PREDICT = (
    lambda left, above, corner: 0,
    lambda left, above, corner: left,
    lambda left, above, corner: above,
    lambda left, above, corner: (left + above) // 2,
    _paeth,
)
