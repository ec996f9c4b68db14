"""The one choke point between outside text and a terminal."""

from __future__ import annotations

import re
import unicodedata

# C0 and C1 controls, DEL, line and paragraph separators, and everything that reorders or hides text: all of
# Unicode's Cf (format) and Cs (surrogate) characters. Tab and newline are the caller's: they are layout, so
# they are made visible here too.
_UNSAFE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]|[^\x00-\x7f]")
_PICTURES = {chr(i): chr(0x2400 + i) for i in range(32)} | {"\x7f": "␡"}


def _show(match: re.Match[str]) -> str:
    char = match.group()
    if char in _PICTURES:
        return _PICTURES[char]
    if char in "\u2028\u2029" or "\x80" <= char <= "\x9f" or unicodedata.category(char) in ("Cf", "Cs", "Co", "Cn"):
        return f"<{ord(char):04x}>"
    return char


def visible(text: str, limit: int | None = None) -> str:
    """`text` with each character that could act on a terminal replaced by a visible one.

    `limit`: at most so many characters are looked at; what is cut is marked with `…`.
    """
    cut = limit is not None and len(text) > limit
    if cut:
        text = text[:limit]
    if not text.isprintable() or not text.isascii():
        text = _UNSAFE.sub(_show, text)
    return text + "…" if cut else text
