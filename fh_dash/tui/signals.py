"""SIGINT, SIGTERM and SIGHUP end the dashboard the same way as `q`, with the usual exit status."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from types import FrameType

NAMES = ("SIGINT", "SIGTERM", "SIGHUP")


class Asked:
    """Called with the status for each signal: the first means stop, the second without waiting for anybody, the third
    at once. `q` is the first, too; while the screen is up nothing happens at once, since the terminal must be restored.
    """

    def __init__(
        self, end: Callable[[int], object], hurry: Callable[[], object], leave: Callable[[int], object]
    ) -> None:
        self._end, self._hurry, self._leave = end, hurry, leave
        self.signals = 0
        self._times = 0
        self._screen = True

    def screen_left(self) -> None:
        self._screen = False
        self._times = max(self._times, 1)

    def __call__(self, status: int) -> None:
        self.signals += 1
        self._times += 1
        if self._screen:
            self._end(status)
        if self._times == 2:
            self._hurry()
        elif self._times > 2 and not self._screen:
            self._leave(status)


@contextlib.contextmanager
def handled(asked: Callable[[int], object]) -> Iterator[None]:
    """`asked(128 + n)` is called on the main thread, between two bytecodes; elsewhere nothing is installed.

    Plain handlers, not the loop's: those would run what arrived during a hold once the hold is over.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def arrived(number: int, frame: FrameType | None) -> None:
        asked(128 + number)

    before = {}
    for name in NAMES:
        if number := getattr(signal, name, None):
            before[number] = signal.signal(number, arrived)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
