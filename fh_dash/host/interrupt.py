"""Ending project code that hangs: an exception raised in the thread that runs it."""

from __future__ import annotations

import ctypes
import os
import sys
import threading
import time
from collections.abc import Callable
from itertools import starmap
from operator import call, itemgetter
from types import FrameType
from typing import TypeVar

T = TypeVar("T")
IsProject = Callable[[str], bool]
"""Whether a file name is the project's."""

OURS = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
INSIST = 5.0
"""Seconds for which an interrupt is repeated: project code may catch it, and what is raised in a finalizer is lost."""
AGAIN = 0.1
CHOOSY = 0.3
"""Seconds in which only a moment is taken at which the project's own code runs, and not a library that it calls."""
LOOK = 0.005


class Interrupted(KeyboardInterrupt):
    """Raised inside project code by `Stretch.interrupt`: no `except Exception` of the project catches it."""

    def __init__(self, message: str = "interrupted while it was running") -> None:
        super().__init__(message)


class Ended(Interrupted):
    """The same when the server is to end: expected, and told already."""

    def __init__(self, message: str = "interrupted because it kept the server from ending") -> None:
        super().__init__(message)


class Stretch:
    """A stretch of time in which one thread runs project code that may hang.

    The exception reaches Python code only: a call into C that does not return, `time.sleep` included, goes on.
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()  # a signal handler may come in between
        self._thread: int | None = None
        self._number = 0

    @property
    def running(self) -> bool:
        return self._thread is not None

    def run(self, work: Callable[[], T]) -> T:
        """The result of `work`, or `Interrupted`. Not reentrant."""
        self._enter()
        try:
            return work()
        finally:
            try:
                self._leave()
            except Interrupted:  # on the way in
                self._leave()

    def interrupt(self, is_project: IsProject) -> bool:
        """Have `Interrupted` raised in the project code of this stretch, until it ends; False when none is running.

        Returns at once. Our own code is never hit, so that what it does is done in full or taken back in full.
        """
        with self._lock:
            if self._thread is None:
                return False
            work = (self._number, self._thread, is_project)
        threading.Thread(target=self._insist, args=work, name="fh-dash-interrupt", daemon=True).start()
        return True

    def _insist(self, number: int, thread: int, is_project: IsProject) -> None:
        began = time.monotonic()
        while self._is_on(number) and (waited := time.monotonic() - began) < INSIST:
            frame = sys._current_frames().get(thread)
            if frame is None or not stands_in_project(frame, is_project, innermost=waited < CHOOSY):
                time.sleep(LOOK)
                continue
            with self._lock:
                if self._is_on(number):
                    raise_at(thread, frame, Interrupted)
            time.sleep(AGAIN)

    def _is_on(self, number: int) -> bool:
        return self._thread is not None and self._number == number

    def _enter(self) -> None:
        with self._lock:
            self._number += 1
            self._thread = threading.get_ident()

    def _leave(self) -> None:
        """What was raised in the last moment is awaited here: later it would hit somebody else.

        It is not taken back, as `PyThreadState_SetAsyncExc` could do with NULL: up to Python 3.12 the interpreter then
        looks for it at each call and each turn of a loop, for ever.
        """
        while self._thread is not None:
            try:
                with self._lock:
                    self._thread = None
                _look_up()
            except Interrupted:
                pass


def _look_up() -> None:
    """Python raises at the beginning of a function what is to be raised in a thread."""


def stands_in_project(frame: FrameType | None, is_project: IsProject, *, innermost: bool = False) -> bool:
    """Whether project code runs in the frame, or has called what runs there without us in between.

    `innermost`: only the frame itself counts.
    """
    while frame is not None:
        name = frame.f_code.co_filename
        if is_project(name):
            return True
        if innermost or name.startswith(OURS):
            return False
        frame = frame.f_back
    return False


def raise_at(thread: int, frame: FrameType, error: type[BaseException]) -> bool:
    """Have `error` raised in the thread if it still stands in `frame`, its innermost one; False when it went on.

    The look and the raise are one chain of calls in C, in which no other thread gets a turn. Were they two lines of
    Python, the thread could run on meanwhile and be hit in the middle of something else: with a file just opened, or a
    change half taken back.
    """
    look = map(itemgetter(thread), map(call, (sys._current_frames,)))
    arguments = (ctypes.c_ulong(thread), ctypes.py_object(error))
    hits = zip(filter({frame}.__contains__, look), (arguments,), strict=False)
    raised = starmap(ctypes.pythonapi.PyThreadState_SetAsyncExc, map(itemgetter(1), hits))
    try:
        return bool(next(raised, 0) == 1)
    except KeyError:  # the thread has ended
        return False
