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
from pathlib import Path
from types import CodeType, FrameType
from typing import Any, TypeAlias

_MOST = 4096
"""Files that are remembered."""

Function: TypeAlias = tuple[str, str]
"""File and qualified name."""

_readers: dict[str, set[Function]] = {}
"""File or folder -> functions of the project that were running when it was read, the newest at the end."""
_listed: dict[str, frozenset[str]] = {}
"""Of folders, the names in them by then."""
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
    codes = (code for code in _stack() if code.co_flags & CO_OPTIMIZED and _followed[0](code.co_filename))
    functions = {(code.co_filename, code.co_qualname) for code in codes}
    if functions:
        with _lock:
            _readers[name] = _readers.pop(name, set()) | functions
            if os.path.isdir(name):
                _listed[name] = _names(name)
            if len(_readers) > _MOST:
                oldest = next(iter(_readers))
                del _readers[oldest]
                _listed.pop(oldest, None)


def names_in(folder: str) -> list[str]:
    """What is in a folder, sorted, without what editors put there for a moment; OSError when there is none."""
    return sorted(
        name for name in os.listdir(folder) if not name.startswith((".", "__pycache__")) and not name.endswith("~")
    )


def folders_around(files: Collection[str]) -> set[str]:
    """The folders that these are in, and those around them: a new one in between changes what a listing finds."""
    return {str(folder) for file in files for folder in Path(file).parents}


def _names(folder: str) -> frozenset[str]:
    try:
        return frozenset(names_in(folder))
    except OSError:
        return frozenset()


def _stack() -> Iterator[CodeType]:
    frame: FrameType | None = sys._getframe(3)
    while frame is not None:
        yield frame.f_code
        frame = frame.f_back


def readers(files: Collection[str]) -> dict[Function, str]:
    """The functions that read one of these files, or listed a folder that one has come to or gone from -> which."""
    with _lock:
        known, listed = {name: set(functions) for name, functions in _readers.items()}, dict(_listed)
    folders = folders_around(files) & listed.keys()
    changed = {folder for folder in folders if _names(folder) != listed[folder]}
    found: dict[Function, str] = {}
    for place in sorted({*files} - listed.keys() | changed):
        found |= {function: place for function in known.get(place, ()) if function not in found}
    return found
