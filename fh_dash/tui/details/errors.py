"""An exception in full: the project's frames first, foreign ones folded."""

from __future__ import annotations

from fh_dash.events import ErrorReport, Frame
from fh_dash.tui.details.document import Context, Document
from fh_dash.tui.details.parts import heading, wrapped
from fh_dash.tui.paint import Line
from fh_dash.tui.places import place, short
from fh_dash.tui.widgets.error import excerpt, frame_line


def describe(error: ErrorReport, context: Context) -> Document:
    where = (error.file, error.line or 1) if error.file else None
    return Document(f"{error.type}", error_lines(error, context.width), traceback_text(error), where)


def error_lines(error: ErrorReport, width: int) -> list[Line]:
    lines: list[Line] = [[(error.type, "error bold"), (f"  {place(error.file, error.line)}", "text")]]
    lines += wrapped(error.message, width, "error", most=40)
    if error.excerpt:
        lines += [[], *excerpt(error)]
    if error.frames:
        lines += [*heading("Traceback", "innermost last"), *folded(error.frames)]
    return lines


def folded(frames: tuple[Frame, ...]) -> list[Line]:
    """The project's frames with their source; runs of foreign ones in one line."""
    lines: list[Line] = []
    foreign = 0
    for frame in frames:
        if frame.project:
            lines += _fold(foreign)
            foreign = 0
            lines.append(frame_line(frame))
        else:
            foreign += 1
    lines += _fold(foreign)
    if foreign and frames:
        lines.append(
            [("  at ", "muted"), (f"{short(frames[-1].file)}:{frames[-1].line}  {frames[-1].function}", "muted")]
        )
    return lines


def _fold(count: int) -> list[Line]:
    if not count:
        return []
    return [[(f"     … {count} {'frame' if count == 1 else 'frames'} of libraries", "muted")]]


def traceback_text(error: ErrorReport) -> str:
    """As Python prints it."""
    lines = ["Traceback (most recent call last):"] if error.frames else []
    for frame in error.frames:
        lines.append(f'  File "{frame.file}", line {frame.line}, in {frame.function}')
        if frame.text:
            lines.append(f"    {frame.text}")
    if not error.frames and error.file:
        lines.append(f'  File "{error.file}", line {error.line}')
    return "\n".join([*lines, f"{error.type}: {error.message}"])
