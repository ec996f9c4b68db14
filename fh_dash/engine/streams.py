"""Streams in memory into which modules write (CSS or scripts put together by several), as containers of text."""

from __future__ import annotations

import io
from typing import Any, TypeAlias

STREAMS = (io.StringIO, io.BytesIO)
State: TypeAlias = tuple[Any, int]
"""What is in it, text or bytes, and the position."""


class Stream:
    """A `StringIO` or `BytesIO`."""

    def __init__(self, thing: Any) -> None:
        self.thing = thing

    def state(self) -> State:
        if self.thing.closed:
            return "", 0
        text, *_, position, _ = self.thing.__getstate__()
        return text, position

    def restore(self, state: State) -> None:
        if not self.thing.closed:
            _, *rest, _, attributes = self.thing.__getstate__()
            self.thing.__setstate__((state[0], *rest, state[1], attributes))  # `write` may translate line ends

    def append(self, text: Any) -> None:
        whole = self.state()[0] + text
        self.restore((whole, len(whole)))

    def cut(self, text: Any) -> None:
        """Take out what was written last."""
        whole, position = self.state()
        before, found, after = whole.rpartition(text)
        if found:
            self.restore((before + after, min(position, len(before + after))))


def written(before: State, now: State) -> Any:
    """What was appended between two states; nothing if that is not all."""
    (old, start), (new, end) = before, now
    appended = start == len(old) and end == len(new) and new.startswith(old)
    return new[start:] if appended else new[:0]
