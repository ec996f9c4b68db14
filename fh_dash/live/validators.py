"""Conditional requests for pages that we change.

A page that a browser kept holds the script of the moment at which it was sent. So our pages get an entity tag
that names that moment, and a condition reaches the app only when the kept page is as good as a new one.
"""

from __future__ import annotations

import re
from typing import Final

from fh_dash.live.asgi import Headers, get, with_value, without

_TAG = re.compile(r'(W/)?"([^"]*)"')
_OURS = re.compile(r"^(.*)-fh([sw])([^\"]+)$")
_CONDITIONS: Final = frozenset((b"if-none-match", b"if-modified-since"))


class Validators:
    """Entity tags of pages that carry the script of one moment, written `mark` (no quotes, no spaces)."""

    def __init__(self, mark: str) -> None:
        self._mark = mark
        self.conditional = False
        """Whether the request that was passed on still holds a condition."""

    def request(self, headers: Headers) -> Headers:
        """The headers for the app: its own tags again where ours are up to date, other conditions dropped."""
        if _CONDITIONS.isdisjoint([key for key, _ in headers]):
            return headers
        tags = [tag for match in _TAG.finditer(get(headers, b"if-none-match")) if (tag := self._original(match[2]))]
        self.conditional = bool(tags)
        rest = without(headers, _CONDITIONS)
        return with_value(rest, b"if-none-match", ", ".join(tags)) if tags else rest

    def answer(self, headers: Headers) -> Headers:
        """The headers for the browser: the app's tag with our mark. It is weak, since codings may differ."""
        tag = _TAG.fullmatch(get(headers, b"etag").strip())
        if tag is None:
            return headers
        kind = "w" if tag[1] else "s"
        return with_value(headers, b"etag", f'W/"{tag[2]}-fh{kind}{self._mark}"')

    def _original(self, tag: str) -> str | None:
        match = _OURS.match(tag)
        if match is None or match[3] != self._mark:
            return None
        return f'W/"{match[1]}"' if match[2] == "w" else f'"{match[1]}"'
