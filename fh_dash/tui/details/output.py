"""An output line in full, with what stands around it."""

from __future__ import annotations

from fh_dash.events import OutputLine, RequestFinished
from fh_dash.store import units
from fh_dash.store.ansi import plain
from fh_dash.tui.details.document import Context, Document
from fh_dash.tui.details.parts import fields, heading, wrapped

_SOURCES = {
    "stdout": "print",
    "stderr": "standard error",
    "log": "logging",
    "fd": "a child process or a C library",
}


def describe(line: OutputLine, context: Context) -> Document:
    request = context.store.requests.by_id(line.request) if line.request else None
    asked = f"{request.method} {request.path}" if request is not None else ""
    if isinstance(request, RequestFinished) and request.handler:
        asked += f"  {request.handler}"
    text = plain(line.text)
    lines = fields([
        ("When", (units.clock(line.time), "text")),
        ("From", (_SOURCES.get(line.source, line.source), "text")),
        ("Level", (line.level, "text")),
        ("Logger", (line.logger, "text")),
        ("Thread", (line.thread, "text")),
        ("Request", (asked, "text")),
    ])  # fmt: skip
    lines += [*heading("Text"), *wrapped(text, context.width)]
    return Document("Output", lines, text)
