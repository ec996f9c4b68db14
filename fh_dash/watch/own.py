"""Files that the app itself writes. A page that counts its visits in a file would load itself afresh for ever.

Seen through the audit hook (`fh_dash.audit`), which sees what libraries and C code do, too. What a child process writes
(a style sheet's compiler) is not the app's own.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any, Final

from fh_dash.audit import listen

_GRACE: Final = 1.0
"""Seconds from the opening of a file to the last change of it that counts as the same write."""
_MOST: Final = 1024
_WRITES: Final = os.O_WRONLY | os.O_RDWR
_CHANGES: Final = {"os.rename": 1, "os.remove": 0}
"""Events to the place of the path in their arguments."""

_times: dict[str, float] = {}
"""Files to the moment at which this process last opened them for writing, the newest at the end."""


def follow_writes() -> None:
    """From now on writes are noted."""
    listen({"open", *_CHANGES}, _notice)


def wrote(path: Path) -> bool:
    """Whether the last change of the file was made by this process."""
    moment = _times.get(os.path.realpath(path))
    if moment is None:
        return False
    try:
        changed = os.stat(path).st_ctime  # unlike the time of modification it cannot be set back
    except OSError:
        changed = time.time()
    return changed <= moment + _GRACE


def _notice(event: str, args: tuple[Any, ...]) -> None:
    if event == "open":
        if isinstance(args[2], int) and args[2] & _WRITES:
            _note(args[0])
    else:
        _note(args[_CHANGES[event]])


def _note(path: Any) -> None:
    """An exception here would be one of the app's `open`."""
    try:
        name = os.path.realpath(os.fsdecode(path))
        _times.pop(name, None)
        _times[name] = time.time()
        if len(_times) > _MOST:
            del _times[next(iter(_times))]
    except (TypeError, ValueError, OSError, KeyError, RuntimeError, StopIteration):  # a descriptor; another thread
        pass
