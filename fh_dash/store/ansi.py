"""The one escape sequence that output may keep: SGR, the colours. Everything else stays visible text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

_SGR = re.compile(r"\x1b\[([0-9;:]{0,64})m")


@dataclass(frozen=True, slots=True)
class Look:
    """Colours are None (the default), 0..255, or `(r, g, b)`."""

    foreground: int | tuple[int, int, int] | None = None
    background: int | tuple[int, int, int] | None = None
    bold: bool = False
    dim: bool = False
    italic: bool = False
    underline: bool = False
    reverse: bool = False
    strike: bool = False


PLAIN = Look()
_EXTENDED = (38, 48)
_SWITCHES: dict[int, tuple[tuple[str, bool], ...]] = {
    1: (("bold", True),),
    2: (("dim", True),),
    3: (("italic", True),),
    4: (("underline", True),),
    7: (("reverse", True),),
    9: (("strike", True),),
    22: (("bold", False), ("dim", False)),
    23: (("italic", False),),
    24: (("underline", False),),
    27: (("reverse", False),),
    29: (("strike", False),),
}


def pieces(text: str, look: Look = PLAIN) -> Iterator[tuple[str, Look]]:
    """The parts of one line between colour changes. Other control characters are left in: they are the
    reader's to make visible."""
    end = 0
    for match in _SGR.finditer(text):
        if match.start() > end:
            yield text[end : match.start()], look
        look = _apply(look, match.group(1))
        end = match.end()
    if end < len(text):
        yield text[end:], look


def plain(text: str) -> str:
    """`text` without its colours."""
    return _SGR.sub("", text) if "\x1b" in text else text


def _apply(look: Look, parameters: str) -> Look:
    codes = [int(part) if part else 0 for part in re.split("[;:]", parameters)]
    while codes:
        code = codes.pop(0)
        look = _extended(look, code, codes) if code in _EXTENDED else _simple(look, code)
    return look


def _simple(look: Look, code: int) -> Look:
    if code == 0:
        return PLAIN
    if code in _SWITCHES:
        return replace(look, **dict(_SWITCHES[code]))
    for base, attribute, first in (
        (30, "foreground", 0),
        (40, "background", 0),
        (90, "foreground", 8),
        (100, "background", 8),
    ):
        if base <= code < base + 8:
            return replace(look, **{attribute: first + code - base})  # type: ignore[arg-type]
    if code == 39:
        return replace(look, foreground=None)
    return replace(look, background=None) if code == 49 else look


def _extended(look: Look, code: int, codes: list[int]) -> Look:
    """`38;5;n` and `38;2;r;g;b`; takes its arguments off `codes`."""
    kind = codes.pop(0) if codes else 0
    colour: int | tuple[int, int, int] | None = None
    if kind == 5 and codes:
        colour = min(255, codes.pop(0))
    elif kind == 2 and len(codes) >= 3:
        red, green, blue = (min(255, codes.pop(0)) for _ in range(3))
        colour = (red, green, blue)
    if colour is None:
        return look
    return replace(look, foreground=colour) if code == 38 else replace(look, background=colour)
