"""Which files and folders a project module read while it was imported, so that a change of them runs it again.

Seen through the audit hook (`fh_dash.audit`), which also sees reads made by C code and by libraries; reads are passed
over on threads where no project module is being imported, those excepted that the module started meanwhile.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from importlib.util import source_from_cache
from types import FrameType
from typing import Any

from fh_dash.audit import listen
from fh_dash.engine import answers

_HASH_LIMIT = 4_000_000
"""Larger files are told apart by size and time, not by content."""
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_APPEND | os.O_CREAT
EXISTS = "exists"
"""Instead of a stamp of the content: nothing but that counts."""
_SOURCES = (".py", ".pyc", ".pyo", ".so", ".pyd")

_active = threading.local()
_running: list[Reads] = []
"""Of all threads, the innermost at the end."""
_followed: dict[str, Callable[[str], bool]] = {}
_own_writes: set[str] = set()
"""Files that some module read at import and that project code opened for writing since."""


class Reads:
    """The files (with a stamp of their content) that were read between `start` and `stop`; one per module run."""

    def __init__(self, wanted: Callable[[str], bool], module: str = "") -> None:
        self.module = module
        self.files: dict[str, str] = {}
        self._wanted = wanted
        self._outer: Reads | None = None
        self.threads: set[int | None] = set()
        """Those that were there before, or that modules which it imported have started."""

    def start(self) -> None:
        answers.follow(self._wanted)
        listen(_READS | _CHANGES, _notice)
        self._outer = getattr(_active, "reads", None)
        _active.reads = self
        self.threads = _threads()
        _running.append(self)

    def stop(self) -> None:
        _active.reads = self._outer
        _running.remove(self)
        if self._outer is not None:
            self._outer.threads |= _threads()

    def note(self, path: Any) -> None:
        if isinstance(path, int) or path is None:
            return
        name = os.path.abspath(os.fsdecode(path))
        if not self._wanted(name) or (name.endswith(_SOURCES) and not _is_shown(self._wanted)):
            return
        if name.endswith(".pyc"):
            name = source_from_cache(name)
        self.files[name] = stamp(name)
        _followed[name] = self._wanted
        _own_writes.discard(name)

    def note_named(self, name: str, folder: str, *, asked: bool) -> None:
        """A file that is named in the source may be asked for its existence; with `asked`, for its size or time."""
        for place in (os.path.normpath(os.path.abspath(name)), os.path.normpath(os.path.join(folder, name))):
            if self._wanted(place):
                self.files.setdefault(place, stamp(place) if asked else stamp_of_existence(place))


def stamp_of_existence(path: str) -> str:
    return EXISTS if os.path.exists(path) else ""


def stamp(path: str) -> str:
    """What changes when the content of a file, or the names in a folder, change; empty when there is nothing."""
    from fh_dash.engine.sources import fingerprint

    try:
        status = os.stat(path)
        if os.path.isdir(path):
            return fingerprint("\0".join(answers.names_in(path)).encode("utf-8", "surrogateescape"))
        if status.st_size > _HASH_LIMIT:
            return f"{status.st_size} {status.st_mtime_ns}"
        with open(path, "rb") as file:
            return fingerprint(file.read())
    except OSError:
        return ""


def _notice(event: str, args: tuple[Any, ...]) -> None:
    if event in _CHANGES:
        _note_write(args[1] if event == "os.rename" else args[0])
        return
    if event == "open" and not _is_read(args):
        _note_write(args[0])
        return
    if getattr(_active, "stamping", False) or _looks_for_a_module(event):
        return
    reads = getattr(_active, "reads", None) or _of_starter()
    _active.stamping = True  # what stamping reads is not the project's
    try:
        path = args[0] if args[0] is not None else "."
        if isinstance(path, str | bytes | os.PathLike) and not os.fsdecode(path).endswith(_SOURCES):
            answers.note(path)
        if reads is not None:
            reads.note(path)
    except (OSError, ValueError, TypeError):  # it would be one of the app's `open`
        pass
    finally:
        _active.stamping = False


def _threads() -> set[int | None]:
    return {thread.ident for thread in threading.enumerate()}


def _of_starter() -> Reads | None:
    """Of the module that is being imported and has started this thread: a pool that reads files."""
    innermost = next(reversed(_running), None)
    return innermost if innermost and threading.get_ident() not in innermost.threads else None


def starter() -> str:
    """Name of the module that is being imported, and has started this thread; empty when there is none."""
    reads = _of_starter()
    return reads.module if reads else ""


def _is_shown(is_project: Callable[[str], bool]) -> bool:
    """Whether a source file is read by the project's own code as any file is: shown, executed, loaded by its path."""
    frame: FrameType | None = sys._getframe(3)
    while frame is not None and not is_project(name := frame.f_code.co_filename):
        if name.startswith(_ENGINE) or frame.f_globals.get("__name__") in _TELLERS:
            return False
        frame = frame.f_back
    return frame is not None


_ENGINE = os.path.dirname(__file__)
_TELLERS = frozenset({"traceback", "warnings"})
"""Library modules that show lines of source."""


def _looks_for_a_module(event: str) -> bool:
    return event != "open" and sys._getframe(3).f_code.co_filename.startswith("<frozen importlib")


def _is_read(args: tuple[Any, ...]) -> bool:
    _, mode, flags = args
    if isinstance(mode, str):
        return not set(mode) & set("wax+")
    return not (isinstance(flags, int) and flags & _WRITES)


def _note_write(path: Any) -> None:
    if _followed and isinstance(path, str | bytes | os.PathLike):
        name = os.path.abspath(os.fsdecode(path))
        for place in (name, os.path.dirname(name)):
            if place in _followed and _under_project_code(_followed[place]):
                _own_writes.add(place)


def _under_project_code(is_project: Callable[[str], bool]) -> bool:
    frame: FrameType | None = sys._getframe(4)
    while frame is not None and not is_project(frame.f_code.co_filename):
        frame = frame.f_back
    return frame is not None


def take_own_write(path: str) -> bool:
    """Whether project code wrote to the file since it was last read or asked about."""
    if path in _own_writes:
        _own_writes.discard(path)
        return True
    return False


_READS = frozenset({"open", "os.listdir", "os.scandir"})
_CHANGES = frozenset({"os.rename", "os.remove", "os.mkdir", "os.rmdir"})
