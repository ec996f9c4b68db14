"""Code that needs the main thread, while the dashboard has it: known by its error, and at the call itself."""

from __future__ import annotations

import dis
import functools
import logging
import os
import re
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from types import FrameType
from typing import Any

from fh_dash.events import ErrorReport
from fh_dash.frames import Place
from fh_dash.host.interrupt import IsProject

log = logging.getLogger("fh_dash")

WAY_OUT = "`fh_utils dev {target}` gives it the main thread, which the dashboard has."
WORKER = "It ran on a worker thread, as plain `def` handlers do, also under `fh_utils dev`."

SAYS = re.compile(r"main[ _-]thread", re.IGNORECASE)
NEAR = 4
"""Lines between the question for the main thread and the `raise` that it led to."""
WORKERS = ("concurrent/futures/thread.py", "anyio/_backends/_asyncio.py")
"""Files whose function `run` is where a worker thread begins."""

CALLS = ("signal", "set_wakeup_fd")
"""Functions of `signal` that work on the main thread only; `loop.add_signal_handler` uses both."""


def explained(report: ErrorReport, error: BaseException, target: str) -> ErrorReport:
    """With the way out as the second line of the message, if the error comes from code that needs the main thread.
    To be called on the thread that serves."""
    if threading.current_thread() is threading.main_thread():
        return report
    fault = next((one for one in _chain(error) if _needs_main(one)), None)
    if fault is None:
        return report
    first, _, rest = report.message.partition("\n")
    way = WORKER if _ran_in_worker(fault) else WAY_OUT.format(target=target)
    return replace(report, message="\n".join(filter(None, (first, way, rest))))


def _chain(error: BaseException) -> list[BaseException]:
    """The error, those that it came of, and those in groups."""
    found: list[BaseException] = []
    waiting: list[BaseException | None] = [error]
    while waiting:
        one = waiting.pop(0)
        if one is not None and one not in found:
            found.append(one)
            waiting += [one.__cause__, one.__context__, *getattr(one, "exceptions", ())]
    return found


def _needs_main(error: BaseException) -> bool:
    """It says so, or was raised right after somebody asked which thread is the main one."""
    with suppress(Exception):  # an app's own class
        if SAYS.search(str(error)):
            return True
    trace = list(traceback.walk_tb(error.__traceback__))
    if not trace:
        return False
    frame, line = trace[-1]
    return any(line - NEAR <= asked <= line for asked in _asks(frame))


def _asks(frame: FrameType) -> Iterator[int]:
    """Lines of the frame's code that look `main_thread` up."""
    line = 0
    for instruction in dis.get_instructions(frame.f_code):
        line = (instruction.positions.lineno if instruction.positions else None) or line
        if instruction.argval == "main_thread":
            yield line


def _ran_in_worker(error: BaseException) -> bool:
    codes = [frame.f_code for frame, _ in traceback.walk_tb(error.__traceback__)]
    return any(code.co_name == "run" and code.co_filename.replace("\\", "/").endswith(WORKERS) for code in codes)


# ---------------------------------------------------------------------------------------------- at the call


@contextmanager
def noted(is_project: IsProject, target: str) -> Iterator[None]:
    """Such calls are told with their place, also when the app catches the error; each place once. On the thread that
    serves."""
    if threading.current_thread() is threading.main_thread():
        yield
        return
    told: set[Place] = set()
    server, folder = threading.get_ident(), os.getcwd() + os.sep

    def tell(name: str, caller: FrameType) -> None:
        file, line = place = _place(caller, is_project)
        if place not in told:
            told.add(place)
            way = WAY_OUT.format(target=target) if threading.get_ident() == server else WORKER
            log.warning("%s:%s: signal.%s needs the main thread. %s", file.removeprefix(folder), line, name, way)

    before = {name: getattr(signal, name) for name in CALLS}
    ours = {name: _telling(name, function, tell) for name, function in before.items()}
    for name, function in ours.items():
        setattr(signal, name, function)
    try:
        yield
    finally:
        for name, function in ours.items():
            if getattr(signal, name) is function:  # who replaced it meanwhile has ours inside
                setattr(signal, name, before[name])


def _telling(name: str, function: Callable[..., Any], tell: Callable[[str, FrameType], None]) -> Callable[..., Any]:
    @functools.wraps(function)
    def called(*args: Any, **kwargs: Any) -> Any:
        if threading.current_thread() is not threading.main_thread():
            tell(name, sys._getframe(1))
        return function(*args, **kwargs)

    return called


def _place(caller: FrameType, is_project: IsProject) -> Place:
    """Of the project's code that led there, if there is any."""
    frame: FrameType | None = caller
    while frame is not None and not is_project(frame.f_code.co_filename):
        frame = frame.f_back
    frame = frame or caller
    return frame.f_code.co_filename, frame.f_lineno
