"""Signals while the server runs on the main thread: once means stop, twice means now, SIGHUP means anew."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

EXIT = [signal.SIGINT, signal.SIGTERM]
if sys.platform == "win32":
    EXIT.append(signal.SIGBREAK)


class Signals:
    """`stop(again, frame)` is called for a signal that ends the server, `anew(frame)` for SIGHUP.

    Both run between two steps of whatever the main thread runs, which is `frame`; what they raise is raised there.
    After the second SIGINT the next one kills the process.
    """

    def __init__(
        self,
        stop: Callable[[bool, FrameType | None], None],
        anew: Callable[[FrameType | None], None],
        poked: Callable[[FrameType | None], None] = lambda frame: None,
    ) -> None:
        self.caught: list[int] = []
        self._stop, self._anew, self._poked = stop, anew, poked
        self._poking = False
        self._terminal = _has_terminal()

    @contextmanager
    def captured(self) -> Iterator[None]:
        """Handlers in place within; nothing happens off the main thread, where Python has no signals."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before: dict[int, Any] = {number: signal.signal(number, self._on_exit) for number in EXIT}
        hangup = getattr(signal, "SIGHUP", None)
        if hangup is not None and signal.getsignal(hangup) != signal.SIG_IGN:  # nohup wins
            before[hangup] = signal.signal(hangup, self._on_hangup)
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def poke(self) -> bool:
        """Have `poked(frame)` called on the main thread, even if it waits in C, in `time.sleep` for one. False when the
        signals are not ours (off the main thread, or the app has handlers of its own)."""
        main = threading.main_thread().ident
        if main is None or sys.platform == "win32" or signal.getsignal(signal.SIGTERM) != self._on_exit:
            return False
        self._poking = True
        signal.pthread_kill(main, signal.SIGTERM)
        return True

    def _on_exit(self, number: int, frame: FrameType | None) -> None:
        if self._poking and number == signal.SIGTERM:
            self._poking = False
            self._poked(frame)
            return
        again = bool(self.caught)
        self.caught.append(number)
        if again and number == signal.SIGINT:
            signal.signal(signal.SIGINT, signal.SIG_DFL)
        self._stop(again, frame)

    def _on_hangup(self, number: int, frame: FrameType | None) -> None:
        """A terminal that was closed means stop; `kill -HUP` means a fresh process."""
        if self._terminal and not _has_terminal():
            self._on_exit(number, frame)
        else:
            self._anew(frame)


def _has_terminal() -> bool:
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY))
    except OSError:
        return False
    return True
