"""What the channel says: JSON-ready dictionaries, made of the runtime's events.

Everything in them is text for `textContent`. Control characters and bidi marks are made visible here, because
an excerpt may hold them and the page would obey them.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any, Final

from fh_dash.events import ErrorReport, Frame, ReloadResult
from fh_dash.text import visible

Message = dict[str, Any]

_KINDS: Final[dict[str, tuple[str, ...]]] = {
    "style": (".css",),
    "image": (".png", ".jpg", ".jpeg", ".gif", ".webp", ".avif", ".svg", ".ico", ".bmp", ".apng", ".cur"),
    "other": (
        *(".js", ".mjs", ".cjs", ".wasm", ".map", ".woff", ".woff2", ".ttf", ".otf", ".eot"),
        *(".mp3", ".mp4", ".m4a", ".ogg", ".oga", ".ogv", ".wav", ".webm", ".flac", ".vtt", ".webmanifest"),
    ),
}
_KIND: Final = {suffix: kind for kind, suffixes in _KINDS.items() for suffix in suffixes}
_MAX_TEXT: Final = 4000
_MAX_LINE: Final = 400
_MAX_FRAMES: Final = 50
_MAX_PARTS: Final = 8

_NO_CODE: Final = ("syntax", "target")
_OUTCOMES_SEEN: Final = frozenset(("re-run", "rebound", "loaded", "unloaded"))


def kind_of(path: str | Path) -> str:
    """`style` and `image` are swapped in pages, `other` concerns the pages that load it, `page` all."""
    return _KIND.get(os.path.splitext(path)[1].lower(), "page")


def assets(paths: Collection[Path], served: Collection[str], own: Callable[[Path], bool]) -> list[Message]:
    """`served`: file names that the app has answered with something that was no page. `own`: whether the app wrote a
    file itself.

    A page that does not use a served file is left alone; a file that was never served may be part of it. Nothing is
    loaded afresh for what the app wrote itself: to load a page may be why it wrote.
    """
    rows = []
    for path in sorted(paths):
        kind, mine = kind_of(path), own(path)
        if mine and kind == "page":
            continue
        parts = path.parts[-_MAX_PARTS:]
        tail = "/".join(part for part in parts if part != path.anchor)
        rows.append({"path": tail, "kind": kind, "served": mine or path.name in served, "own": mine})
    return rows


def changes_pages(result: ReloadResult) -> bool:
    """Whether an answer could be another than before: not when only line numbers moved."""
    if result.forced or result.routes or not result.modules:
        return True
    return any(module.outcome in _OUTCOMES_SEEN for module in result.modules)


def error(report: ErrorReport, generation: int) -> Message:
    """`generation`: the one that goes on serving, 0 when there is none."""
    return {
        "id": 0,
        "stage": report.stage,
        "type": visible(report.type, _MAX_LINE),
        "message": _text(report.message),
        "file": shown_path(report.file) if report.file else "",
        "line": report.line or 0,
        "column": report.column or 0,
        "excerpt": [{"number": line.number, "text": _line(line.text)} for line in report.excerpt],
        "frames": [call(frame) for frame in project_first(report)],
        "foreign": sum(not frame.project for frame in report.frames),
        "generation": generation,
    }


def project_first(report: ErrorReport) -> list[Frame]:
    """The project's frames, innermost first; all when none is the project's; none where no code ran."""
    if report.stage in _NO_CODE:
        return []
    frames = [frame for frame in report.frames if frame.project] or list(report.frames)
    return frames[: -_MAX_FRAMES - 1 : -1]


def shown_path(path: str) -> str:
    """Relative to the working directory when it is under it."""
    try:
        relative = os.path.relpath(path)
    except ValueError:  # another drive
        return visible(path, _MAX_LINE)
    return visible(path if relative.startswith("..") else relative, _MAX_LINE)


def call(frame: Frame) -> Message:
    place = {"file": shown_path(frame.file), "line": frame.line}
    return place | {"function": visible(frame.function, _MAX_LINE), "text": _line(frame.text)}


def _line(text: str) -> str:
    return visible(text.expandtabs(4), _MAX_LINE)


def _text(text: str) -> str:
    """Several lines stay several lines."""
    return "\n".join(visible(line, _MAX_LINE) for line in text[:_MAX_TEXT].splitlines())


def encode(message: Message) -> bytes:
    """One server-sent event. JSON escapes line ends, so the data is one line."""
    data = json.dumps(message, separators=(",", ":"))
    number = f"id: {message['id']}\n" if "id" in message else ""
    return f"{number}data: {data}\n\n".encode()
