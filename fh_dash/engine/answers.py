"""Which functions of the project read which files while the app answers, so that their caches are dropped with these.

What a module reads while it is imported is in its record (`reads`); a page that a cached function reads from a file on
the first request is read by nobody any more. Seen through the audit hook (`fh_dash.audit`).
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Collection, Iterator
from inspect import CO_OPTIMIZED
from types import CodeType, FrameType
from typing import Any

_MOST = 4096
"""Files that are remembered."""

_readers: dict[str, set[CodeType]] = {}
"""File or folder -> functions of the project that were running when it was read, the newest at the end."""
_lock = threading.Lock()


_followed: list[Callable[[str], bool]] = []


def follow(is_project: Callable[[str], bool]) -> None:
    """From now on reads of files of this project are noted."""
    _followed[:] = [is_project]


def note(path: Any) -> None:
    """The current thread reads a file or lists a folder; whoever of the project is on its stack may keep the answer."""
    name = os.path.abspath(os.fsdecode(path))
    if not any(is_project(name) for is_project in _followed):
        return
    functions = {code for code in _stack() if code.co_flags & CO_OPTIMIZED and _followed[0](code.co_filename)}
    if functions:
        with _lock:
            _readers[name] = _readers.pop(name, set()) | functions
            if len(_readers) > _MOST:
                del _readers[next(iter(_readers))]


def _stack() -> Iterator[CodeType]:
    frame: FrameType | None = sys._getframe(3)
    while frame is not None:
        yield frame.f_code
        frame = frame.f_back


def readers(files: Collection[str]) -> dict[tuple[str, str], str]:
    """File and qualified name of the functions that read one of these, or the folder that one is in -> which."""
    with _lock:
        known = {name: set(codes) for name, codes in _readers.items()}
    found: dict[tuple[str, str], str] = {}
    for file in files:
        for place in (file, os.path.dirname(file)):
            for code in known.get(place, ()):
                found.setdefault((code.co_filename, code.co_qualname), place)
    return found
