"""Bodies of requests and answers as people read them: forms as fields, JSON and HTML indented, other text as it is."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from email.message import Message
from email.parser import BytesParser
from urllib.parse import parse_qsl

from fh_dash.store import units
from fh_dash.tui.details.parts import heading, table, wrapped
from fh_dash.tui.paint import Line

NAMES = 26
"""Cells for the name of a field or header."""
MOST = 16_384
"""Characters that are shown."""
_FIELDS = 100
_TEXT = ("text/", "json", "xml", "javascript")

Pairs = list[tuple[str, str]]


def body_lines(title: str, kind: str, body: bytes, size: int, width: int) -> list[Line]:
    """`body`: the beginning of it, `size` bytes long in full; `kind`: its content type."""
    if not size:
        return []
    note = units.size(size) + (f", the first {units.size(len(body))} of it" if len(body) < size else "")
    lines = heading(title, note)
    form = next((read for start, read in _FORMS if kind.lower().startswith(start)), None)
    if form is not None:
        return [*lines, *pairs_table(form(body, kind))]
    if not any(word in kind.lower() for word in _TEXT):
        return [*lines, [("not shown: " + (kind or "unknown kind"), "muted")]]
    return lines + wrapped(pretty(body, kind), width, most=400)


def pairs_table(pairs: Iterable[tuple[str, str]]) -> list[Line]:
    rows = [((name, "muted"), (value, "text")) for name, value in list(pairs)[:_FIELDS]]
    return table(rows, (NAMES, 0))


def query_pairs(text: str) -> Pairs:
    return parse_qsl(text, keep_blank_values=True)


def pretty(body: bytes, kind: str) -> str:
    """The body as text: JSON indented when it is whole, HTML always."""
    text = body.decode("utf-8", "backslashreplace")[:MOST]
    if "html" in kind:
        return html(text)
    if "json" not in kind:
        return text
    try:
        return json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        return text


# ----------------------------------------------------------------------------------------------------- forms


def _urlencoded(body: bytes, kind: str) -> Pairs:
    return query_pairs(body.decode("utf-8", "backslashreplace"))


def _multipart(body: bytes, kind: str) -> Pairs:
    """The fields; of a file its name, kind and size. The last part may have been cut off."""
    message = BytesParser().parsebytes(b"Content-Type: " + kind.encode("latin-1", "replace") + b"\r\n\r\n" + body)
    parts = message.get_payload() if message.is_multipart() else []
    pairs: Pairs = []
    for part in parts if isinstance(parts, list) else ():
        if not isinstance(part, Message):
            continue
        name = str(part.get_param("name", "", "content-disposition"))
        value = part.get_payload(decode=True)
        data = value if isinstance(value, bytes) else b""
        file = part.get_filename()
        told = f"{file}  {part.get_content_type()}, {units.size(len(data))}" if file else ""
        pairs.append((name, told or data.decode("utf-8", "backslashreplace")))
    return pairs


_FORMS: tuple[tuple[str, Callable[[bytes, str], Pairs]], ...] = (
    ("application/x-www-form-urlencoded", _urlencoded),
    ("multipart/form-data", _multipart),
)

# ------------------------------------------------------------------------------------------------------ HTML

_TOKEN = re.compile(
    r"<(?P<raw>script|style|pre|textarea)\b.*?</(?P=raw)\s*>"  # their text is kept as it is
    r"|<!--.*?-->"
    r"|<(?:[^<>\"']|\"[^\"]*\"|'[^']*')*+>"
    r"|[^<]+|<",
    re.DOTALL | re.IGNORECASE,
)
_NAME = re.compile(r"</?([\w:-]+)")
_VOID = {
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr",
}  # fmt: skip
_INLINE = {
    "", "a", "abbr", "b", "br", "code", "em", "i", "img", "kbd", "mark", "small", "span", "strong", "sub", "sup", "u",
}  # fmt: skip
_ONE_LINE = 100


def html(text: str) -> str:
    """One tag a line, indented by depth; an element with a short text, and what is inline in it, stays on one."""
    tokens = [match.group() for match in _TOKEN.finditer(text)]
    lines: list[str] = []
    depth = at = 0
    while at < len(tokens):
        token = tokens[at]
        if token.startswith("</"):
            depth = max(0, depth - 1)
        taken = _whole(tokens, at)
        piece = "".join(tokens[at : at + taken]).strip()
        shown = piece.splitlines() if taken == 1 else [" ".join(piece.split())]
        lines += ["  " * depth + line for line in shown]
        depth += taken == 1 and _opens(token)
        at += taken
    return "\n".join(lines)


def _whole(tokens: list[str], at: int) -> int:
    """How many tokens from `at` on are one short element: `<b>text</b>`, `<p>a <i>b</i></p>`; else 1."""
    name, length = _name(tokens[at]), 0
    if not _opens(tokens[at]):
        return 1
    for count, token in enumerate(tokens[at:], 1):
        length += len(token)
        if length > _ONE_LINE:
            return 1
        if count > 1 and token.lower() == f"</{name}>":
            return count
        if count > 1 and (token.startswith("<!") or _name(token) not in _INLINE):
            return 1
    return 1


def _name(token: str) -> str:
    """Of a tag; empty for text."""
    match = _NAME.match(token)
    return match.group(1).lower() if match else ""


def _opens(token: str) -> bool:
    name = _name(token)
    closed = token.startswith("</") or token.endswith(("/>", f"</{name}>"))
    return bool(name) and not closed and name not in _VOID
