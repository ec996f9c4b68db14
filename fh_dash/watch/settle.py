"""From raw events to one batch: wait while something is half done, and not a moment longer.

A plain save is handed on after `QUIET`. What is known to be unfinished is waited for: a file that was just
emptied (truncate, then write), one that was deleted (delete, then write anew), one that was only made. All of it is
bounded, and the whole batch waits, so that the pieces of one save stay together.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

from fh_dash.watch.backend import What

QUIET = ((1, 0.002), (4, 0.006), (20, 0.015))
"""(up to so many files, seconds without an event until the batch goes); more files: `QUIET_MANY`. A branch
switch of 500 files has pauses of some milliseconds, a person's save has none."""
QUIET_MANY = 0.030
LONGEST = 1.0
"""Seconds after which a batch goes, whatever still comes in."""
PATIENCE: dict[str, float] = {"opened": 0.060, "gone": 0.050, "empty": 0.080}
"""Seconds an unfinished file is waited for."""


@dataclass(slots=True)
class _Waiting:
    state: str
    since: float
    made: bool
    """It was not there before this batch."""


class Settle:
    """Collects one batch after another. Times are `time.monotonic()` seconds and are given by the caller.

    `sizes`: the files known so far with their sizes (-1: not looked up); the owner fills it at the start,
    `take` keeps it right.
    """

    def __init__(self) -> None:
        self.sizes: dict[str, int] = {}
        self._waiting: dict[str, _Waiting] = {}
        self._first = self._last = 0.0

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def add(self, path: str, what: What, now: float) -> None:
        before = self._waiting.get(path)
        made = before.made if before else path not in self.sizes
        if what == "gone" and made:  # a temporary file on its way through
            self._waiting.pop(path, None)
            return
        if not self._waiting:
            self._first = now
        self._last = now
        state = self._state(path, what)
        since = before.since if before and before.state == state else now
        self._waiting[path] = _Waiting(state, since, made)

    def due(self, now: float) -> float:
        """Seconds until the batch can go; 0.0 or less: `take` it."""
        ready = self._last + self._quiet()
        for waiting in self._waiting.values():
            if waiting.state in PATIENCE:
                ready = max(ready, waiting.since + PATIENCE[waiting.state])
        return min(ready, self._first + LONGEST) - now

    def take(self) -> list[str]:
        """The batch. Files that came and went within it are left out."""
        batch = []
        for path, waiting in self._waiting.items():
            size = _size(path)
            if size is None:
                self.sizes.pop(path, None)
            else:
                self.sizes[path] = size
            if size is not None or not waiting.made:
                batch.append(path)
        self._waiting = {}
        return batch

    def below(self, folder: str) -> list[str]:
        """The known files in a folder and its subfolders."""
        inside = folder + os.sep
        return [path for path in self.sizes if path.startswith(inside)]

    def _state(self, path: str, what: What) -> str:
        if what == "written" and self._emptied(path):
            return "empty"
        return what

    def _emptied(self, path: str) -> bool:
        """Empty: `__init__.py` alone may begin so, all others get their content soon, or had some."""
        return _size(path) == 0 and (not path.endswith("__init__.py") or bool(self.sizes.get(path)))

    def _quiet(self) -> float:
        count = len(self._waiting)
        return next((seconds for most, seconds in QUIET if count <= most), QUIET_MANY)


def _size(path: str) -> int | None:
    try:
        return os.stat(path).st_size
    except OSError:
        return None
