"""Where another thread stands in the code of the project."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TypeAlias

Place: TypeAlias = tuple[str, int]
"""File and line."""


def stands_at(thread: int | None, is_project: Callable[[str], bool]) -> Place | None:
    """The innermost place in the project's code that runs in the thread, or has called what runs there."""
    frame = sys._current_frames().get(thread) if thread is not None else None
    while frame is not None:
        if is_project(frame.f_code.co_filename):
            return frame.f_code.co_filename, frame.f_lineno
        frame = frame.f_back
    return None
