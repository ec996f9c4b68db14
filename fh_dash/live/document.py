"""Where our script goes in an HTML document, found in its first bytes.

Pure. The place is behind `<head>`, or where the parser would open the head if the tag is left out. So nothing
after the prologue has to be read, and a streamed page keeps streaming.
"""

from __future__ import annotations

import re
from typing import Final, Literal, TypeAlias

LIMIT: Final = 64 * 1024
"""Bytes of prologue (comments, mostly) after which a body is taken for something else."""

_ATTRIBUTES = rb"""(?:\s(?:"[^"]*"|'[^']*'|[^>"'])*|/)?>"""
_TOKENS: Final = (
    ("skip", re.compile(rb"\s+|<!--.*?-->|<\?[^>]*>", re.S)),
    ("open", re.compile(rb"<!doctype\s+html[^>]*>", re.I)),
    ("open", re.compile(rb"<html" + _ATTRIBUTES, re.I)),
    ("head", re.compile(rb"<head" + _ATTRIBUTES, re.I)),
    ("body", re.compile(rb"<body(?=[\s/>])", re.I)),
)
_STARTS: Final = (b"<!--", b"<?", b"<!doctype", b"<html", b"<head", b"<body")
_HALF: Final = re.compile(rb"<!--|<\?[^>]*$|<!doctype[^>]*$|<(?:html|head)[\s/]", re.I)
_BOM: Final = b"\xef\xbb\xbf"

Place: TypeAlias = int | Literal["more", "none"]
"""An offset; `more`: cannot be told yet; `none`: this is no complete document."""


def insertion_point(data: bytes, *, last: bool = False) -> Place:
    """The offset in `data`, the beginning of a body, at which a script is to be inserted.

    `last`: nothing follows. A document begins with a doctype, `<html>`, `<head>` or `<body>`.
    """
    position = len(_BOM) if data.startswith(_BOM) else 0
    document = False
    while token := _token(data, position):
        kind, end = token
        if kind == "head":
            return end
        if kind == "body":
            return position
        document = document or kind == "open"
        position = end
    if _unfinished(data, position):
        if not last and len(data) < LIMIT:
            return "more"
        return position if document and position == len(data) else "none"
    return position if document else "none"


def _token(data: bytes, position: int) -> tuple[str, int] | None:
    for kind, pattern in _TOKENS:
        if match := pattern.match(data, position):
            return kind, match.end()
    return None


def _unfinished(data: bytes, position: int) -> bool:
    """Whether the next bytes could make a token of what stands at the end of `data`."""
    rest = data[position : position + 16].lower()
    return any(start.startswith(rest) for start in _STARTS) or bool(_HALF.match(data, position))
