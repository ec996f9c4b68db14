"""An exception of the app, turned into something that can be shown: place, excerpt, frames."""

from __future__ import annotations

import linecache
import os
import traceback
from collections.abc import Callable
from types import TracebackType

from fh_dash.engine.sources import file_of
from fh_dash.events import ErrorReport, Frame, SourceLine, Stage

_OWN = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
_HIDDEN = ("<frozen importlib", _OWN)
_MOST_FRAMES = 60


def report(error: BaseException, stage: Stage, is_project: Callable[[str], bool]) -> ErrorReport:
    """Describe `error`. The place is that of the innermost project frame, for a SyntaxError that of the text itself."""
    if isinstance(error, SyntaxError) and error.filename:
        return _syntax(error, stage, _frames(error.__traceback__, is_project))
    frames = _frames(error.__traceback__, is_project)
    file = file_of(error)  # the frames are those of Python's own parser then
    place = next((f for f in reversed(frames) if f.project), frames[-1] if frames and not file else None)
    return ErrorReport(
        stage=stage,
        type=_name(error),
        message=_message(error),
        file=place.file if place else file,
        line=place.line if place else None,
        column=_column(error.__traceback__, place) if place else None,
        excerpt=excerpt(place.file, place.line) if place else (),
        frames=frames,
    )


def _syntax(error: SyntaxError, stage: Stage, frames: tuple[Frame, ...]) -> ErrorReport:
    assert error.filename is not None
    linecache.checkcache(error.filename)
    lines = excerpt(error.filename, error.lineno) if error.lineno else ()
    return ErrorReport(
        stage,
        _name(error),
        error.msg or str(error),
        error.filename,
        error.lineno,
        error.offset,
        lines,
        frames,
    )


def _name(error: BaseException) -> str:
    return type(error).__qualname__


def _message(error: BaseException) -> str:
    try:
        text = str(error)
    except Exception as fault:
        text = f"<its text cannot be made: {type(fault).__name__}>"
    if isinstance(error, SystemExit):
        text = f"the module called sys.exit({error.code!r})"
    notes = getattr(error, "__notes__", ())
    return "\n".join([text, *map(str, notes)]) if notes else text


def _frames(trace: TracebackType | None, is_project: Callable[[str], bool]) -> tuple[Frame, ...]:
    found = []
    for frame, line in traceback.walk_tb(trace):
        code = frame.f_code
        if not code.co_filename.startswith(_HIDDEN):
            linecache.checkcache(code.co_filename)
            text = linecache.getline(code.co_filename, line, frame.f_globals).strip()
            found.append(Frame(code.co_filename, line, code.co_qualname, text, is_project(code.co_filename)))
    if len(found) > _MOST_FRAMES:  # endless recursion: both ends tell the story
        half = _MOST_FRAMES // 2
        found = [*found[:half], *found[-half:]]
    return tuple(found)


def _column(trace: TracebackType | None, place: Frame) -> int | None:
    column = None
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == place.file and trace.tb_lineno == place.line:
            positions = list(trace.tb_frame.f_code.co_positions())[trace.tb_lasti // 2]
            column = positions[2] + 1 if positions[2] is not None else None
        trace = trace.tb_next
    return column


def excerpt(file: str, line: int) -> tuple[SourceLine, ...]:
    """Three lines before and one after, as they are on disk now."""
    lines = linecache.getlines(file)
    first, last = max(line - 3, 1), min(line + 1, len(lines))
    return tuple(SourceLine(number, lines[number - 1].rstrip("\r\n")) for number in range(first, last + 1))
