"""Batches of changed paths, as an iterator that blocks."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from fh_dash.watch.backend import Backend, Raw, choose
from fh_dash.watch.filters import Filters
from fh_dash.watch.settle import Settle
from fh_dash.watch.tree import grow

CLOCK = 0.02
"""Seconds that a file system's clock may be behind."""


class Watcher:
    """Watches the folders and all below them, but for what the filters leave out.

    Iterating gives batches of absolute paths, as soon as they are settled: files that were written, made or
    deleted, and folders that are gone. An empty batch means that `wake` was called. One thread iterates;
    `wake` and `stop` come from any. From the return of the constructor on, no change is missed.
    """

    def __init__(self, roots: Sequence[Path], filters: Filters, *, backend: Backend | None = None) -> None:
        self.roots = tuple(os.path.abspath(root) for root in roots)
        self._filters = filters
        self._backend = backend or choose()
        self._settle = Settle()
        self._stopped = False
        for entry in grow(self.roots, filters, self._backend.watch):
            self._settle.sizes[entry.path] = _size(entry) if entry.name.endswith(".py") else -1

    def __iter__(self) -> Iterator[frozenset[Path]]:
        try:
            while not self._stopped:
                yield self._next()
        finally:
            self._backend.close()

    def catch_up(self, since: float) -> None:
        """Count Python files that changed since a time (epoch seconds) as changed, for who was late to watch.

        To be called by the thread that iterates, before it does.
        """
        for path in list(self._settle.sizes):
            if path.endswith(".py") and _changed(path) >= since - CLOCK:
                self._settle.add(path, "written", time.monotonic())

    def wake(self) -> None:
        """The iterator gives what it has, which may be nothing."""
        self._backend.wake()

    def stop(self) -> None:
        """The iterator ends."""
        self._stopped = True
        self._backend.wake()

    def _next(self) -> frozenset[Path]:
        while not self._settle and not self._stopped:
            events = self._backend.read(None)
            if not events:  # woken
                break
            self._take_in(events)
        while self._settle and not self._stopped:
            left = self._settle.due(time.monotonic())
            if left <= 0:
                break
            self._take_in(self._backend.read(left))
        return frozenset(map(Path, self._settle.take()))

    def _take_in(self, events: Sequence[Raw]) -> None:
        for path, what in events:
            if what == "overflow":
                self._look_everywhere()
            elif what == "folder-gone":
                self._folder_gone(path)
            elif what != "gone" and os.path.isdir(path):
                self._folder(path)
            elif self._filters.kind(Path(path)) is not None:
                self._settle.add(path, "gone" if what == "folder" else what, time.monotonic())

    def _folder(self, path: str) -> None:
        """A new one: watched from now on, and whatever is in it already counts as written."""
        if self._filters.prunes(path):
            return
        for entry in grow([path], self._filters, self._backend.watch):
            if self._filters.kind(Path(entry.path)) is not None:
                self._settle.add(entry.path, "written", time.monotonic())

    def _folder_gone(self, path: str) -> None:
        self._backend.unwatch(path)
        if not self._filters.prunes(path):
            for file in self._settle.below(path):
                self._settle.add(file, "gone", time.monotonic())
            self._settle.add(path, "folder-gone", time.monotonic())

    def _look_everywhere(self) -> None:
        """Events were lost. The reader compares contents, so all that may have changed is named."""
        for file in list(self._settle.sizes):
            self._settle.add(file, "written", time.monotonic())
        for root in self.roots:
            self._folder(root)


def watching(roots: Sequence[Path], filters: Filters) -> Watcher:
    """A watcher with the best backend here; when the system's watches are used up, one that polls."""
    try:
        return Watcher(roots, filters)
    except OSError as error:
        from fh_dash.watch.notify import Notify  # 8 ms that nobody else needs on Linux

        logging.getLogger("fh_dash").warning("%s: files are polled", error)
        return Watcher(roots, filters, backend=Notify(polling=True))


def _changed(path: str) -> float:
    try:
        return os.stat(path).st_ctime
    except OSError:
        return 0.0


def _size(entry: os.DirEntry[str]) -> int:
    try:
        return entry.stat().st_size
    except OSError:
        return 0
