"""The folders that are watched: found by our own walk, so that `.git`, environments and the like cost nothing."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from fh_dash.watch.filters import Filters

Watch = Callable[[Sequence[str]], object]


def grow(folders: Sequence[str], filters: Filters, watch: Watch) -> Iterator[os.DirEntry[str]]:
    """Watch the folders and all below them; yields the files that are there.

    Each folder is watched *before* it is listed: a file that appears in between is seen twice, never missed.
    """
    level = [f for f in folders if os.path.isdir(f)]
    while level:
        watch(level)
        deeper: list[str] = []
        for folder in level:
            for entry in _entries(folder):
                if not _is_folder(entry):
                    yield entry
                elif not filters.prunes(entry.path) and not _is_loop(entry):
                    deeper.append(entry.path)
        level = deeper


def _entries(folder: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except OSError:  # gone meanwhile, or not ours to read
        return []


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False


def _is_loop(entry: os.DirEntry[str]) -> bool:
    """A link to one of the folders that it lies in."""
    if not entry.is_symlink():
        return False
    target = Path(os.path.realpath(entry.path))
    place = Path(os.path.realpath(os.path.dirname(entry.path)))
    return target == place or target in place.parents
