"""SIGINT, SIGTERM and SIGHUP end the dashboard the same way as `q`, with the usual exit status."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from types import FrameType

NAMES = ("SIGINT", "SIGTERM", "SIGHUP")


@contextlib.contextmanager
def handled(ask: Callable[[int], object]) -> Iterator[None]:
    """`ask(128 + n)` is called on the main thread, between two bytecodes; elsewhere nothing is installed.

    Plain handlers, not the loop's: those would run what arrived during a hold once the hold is over.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def arrived(number: int, frame: FrameType | None) -> None:
        ask(128 + number)

    before = {}
    for name in NAMES:
        if number := getattr(signal, name, None):
            before[number] = signal.signal(number, arrived)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
