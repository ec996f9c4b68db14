"""An error as a page of its own. It needs no script, and every word from outside is escaped."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable
from html import escape
from typing import Any, Final

from fh_dash.events import ErrorReport
from fh_dash.live import messages
from fh_dash.live.asgi import Headers

_STYLE: Final = """
:root{color-scheme:light dark;--bg:#fbfaf8;--fg:#22262b;--dim:#5f6771;--line:#dcd8d0;--bad:#b3261e;--mark:#fbe9e7}
@media(prefers-color-scheme:dark){:root{--bg:#15181c;--fg:#e4e6e9;--dim:#98a1ab;--line:#30363d;--bad:#ff8a80;--mark:#3a2222}}
*{box-sizing:border-box}body{margin:0;background:var(--bg);color:var(--fg);font:15px/1.5 system-ui,sans-serif}
main{max-width:64rem;margin:0 auto;padding:2.5rem 1.25rem}h1{font-size:1.35rem;margin:0 0 .25rem;color:var(--bad)}
h2{font-size:1rem;margin:2rem 0 .5rem}p{margin:.25rem 0;color:var(--dim)}pre,code{font:13px/1.6 ui-monospace,monospace}
pre{margin:.75rem 0;padding:.75rem 0;border:1px solid var(--line);border-radius:8px;overflow:auto}
pre span{display:block;padding:0 1rem}pre .at{background:var(--mark)}pre b{color:var(--dim);font-weight:400}
.message{white-space:pre-wrap;color:var(--fg)}ol{margin:0;padding:0;list-style:none}
li{padding:.4rem 0;border-top:1px solid var(--line)}li code{display:block;color:var(--dim);overflow-wrap:anywhere}
summary{cursor:pointer;padding:.4rem 0}
"""
_HASH: Final = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
HEADERS: Final[Headers] = [
    (b"content-type", b"text/html; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"content-security-policy", f"default-src 'none'; style-src 'sha256-{_HASH}'; base-uri 'none'".encode()),
    (b"x-content-type-options", b"nosniff"),
]


def error_page(report: ErrorReport, note: str = "") -> bytes:
    """A complete document. `note`: one sentence on what happens next."""
    message = messages.error(report, 0)
    title = escape(f"{message['type']}: {message['message']}".splitlines()[0])
    return "".join(
        (
            f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f'<style>{_STYLE}</style></head><body><main role="alert">',
            *_top(message, note),
            *_frames(report, message),
            "</main></body></html>",
        )
    ).encode(errors="backslashreplace")


def _top(message: dict[str, Any], note: str) -> Iterable[str]:
    place = f"{message['file']}:{message['line']}" if message["file"] else ""
    yield f"<h1>{escape(message['type'])}</h1>"
    yield f'<p class="message">{escape(message["message"])}</p>' if message["message"] else ""
    yield f"<p><code>{escape(place)}</code></p>" if place else ""
    if message["excerpt"]:
        yield "<pre>" + "".join(_source(line, message["line"]) for line in message["excerpt"]) + "</pre>"
    yield f"<p>{escape(note)}</p>" if note else ""


def _source(line: dict[str, Any], at: int) -> str:
    mark = ' class="at"' if line["number"] == at else ""
    return f"<span{mark}><b>{line['number']:>5}</b>  {escape(line['text'])}</span>"


def _frames(report: ErrorReport, message: dict[str, Any]) -> Iterable[str]:
    if not report.frames:
        return
    yield "<h2>Where, the innermost call first</h2>"
    yield "<ol>" + "".join(_frame(frame) for frame in message["frames"]) + "</ol>"
    if message["foreign"] and any(frame.project for frame in report.frames):
        everything = [messages.call(frame) for frame in reversed(report.frames)]
        yield f"<details><summary>All {len(everything)} calls, with those of libraries</summary><ol>"
        yield "".join(_frame(frame) for frame in everything) + "</ol></details>"


def _frame(frame: dict[str, Any]) -> str:
    place = f"{escape(frame['file'])}:{frame['line']}, in {escape(frame['function'])}"
    return f"<li>{place}<code>{escape(frame['text'])}</code></li>"
