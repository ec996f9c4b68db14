"""`breakpoint()` and `input()` in the app: whoever has the terminal lends it, and gets it back afterwards."""

from __future__ import annotations

import builtins
import os
import pdb
import sys
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any, Protocol

PATIENCE = 0.5
"""Seconds after a step (`n`, `s`, `r`, …) in which the next prompt is expected; the dashboard comes back meanwhile when
it takes longer, and goes again for the prompt."""
_OURS = ("", "pdb.set_trace")


class Lender(Protocol):
    """`take` blocks until the terminal is the caller's, and raises RuntimeError when it cannot be lent."""

    def take(self) -> None: ...
    def give(self) -> None: ...


class Loan:
    """The terminal, taken at most once at a time, by one debugger session. Safe for the timer's thread too."""

    def __init__(self, lender: Lender) -> None:
        self._lender = lender
        self._lock = threading.Lock()
        self._held = False
        self._timer: threading.Timer | None = None

    def take(self) -> None:
        with self._lock:
            self._cancel()
            if not self._held:
                self._lender.take()
                self._held = True

    def give(self) -> None:
        with self._lock:
            self._give()

    def give_soon(self, seconds: float) -> None:
        """Unless it is taken again before."""
        with self._lock:
            self._cancel()
            self._timer = threading.Timer(seconds, self._expired)
            self._timer.daemon = True
            self._timer.start()

    def _expired(self) -> None:
        with self._lock:
            if self._timer is threading.current_thread():  # else it was cancelled while it waited for the lock
                self._give()

    def _give(self) -> None:
        self._cancel()
        if self._held:
            self._held = False
            self._lender.give()

    def _cancel(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


class LentPdb(pdb.Pdb):
    """Takes the terminal for each prompt, and gives it back with `c` and `q`."""

    def __init__(self, loan: Loan, patience: float = PATIENCE, header: str = "") -> None:
        # No SIGINT handler: it could not be set off the main thread, and Ctrl-C belongs to whoever lends.
        super().__init__(nosigint=True)
        self._loan, self._patience = loan, patience
        self._leaving = False
        self._header = header

    def interaction(self, *args: Any, **options: Any) -> None:
        self._leaving = False
        try:
            self._loan.take()
        except RuntimeError as refusal:
            print(f"breakpoint() is passed over: {refusal}", file=sys.stderr)
            self.set_continue()
            return
        # The streams are the terminal's only now.
        self.stdin, self.stdout = sys.stdin, sys.stdout
        if self._header:
            self.message(self._header)
            self._header = ""
        try:
            super().interaction(*args, **options)
        finally:
            if self._leaving:
                self._loan.give()
            else:
                self._loan.give_soon(self._patience)

    def set_continue(self) -> None:
        self._leaving = True
        super().set_continue()

    def set_quit(self) -> None:
        self._leaving = True
        super().set_quit()


class Debugger:
    """Installs the hooks; `restore` puts back what was there."""

    def __init__(self, lender: Lender, patience: float = PATIENCE) -> None:
        self._lender, self._patience = lender, patience
        self._input: Callable[..., str] = builtins.input
        self._before: tuple[Any, ...] | None = None
        self._told = False

    def install(self) -> None:
        self._input = builtins.input
        self._before = (sys.breakpointhook, builtins.input, pdb.set_trace)
        sys.breakpointhook = self.breakpoint
        builtins.input = self.input
        pdb.set_trace = self.set_trace

    def restore(self) -> None:
        if self._before is not None:
            sys.breakpointhook, builtins.input, pdb.set_trace = self._before
            self._before = None

    def breakpoint(self, *args: Any, **options: Any) -> None:
        """`sys.breakpointhook`. PYTHONBREAKPOINT=0 still switches it off; other debuggers are not run in here."""
        chosen = os.environ.get("PYTHONBREAKPOINT", "")
        if chosen == "0":
            return
        if chosen not in _OURS and not self._told:
            self._told = True
            print(f"PYTHONBREAKPOINT={chosen} cannot be used in the dashboard: pdb is", file=sys.stderr)
        self._stop_at(sys._getframe(1), options)

    def set_trace(self, *args: Any, **options: Any) -> None:
        """`pdb.set_trace`."""
        self._stop_at(sys._getframe(1), options)

    def _stop_at(self, frame: FrameType, options: dict[str, Any]) -> None:
        session = LentPdb(Loan(self._lender), self._patience, header=str(options.get("header") or ""))
        session.set_trace(frame)

    def input(self, prompt: object = "", /) -> str:
        """`input()`; pdb's own prompt passes through."""
        if _within_pdb(sys._getframe(1)) or threading.current_thread() is threading.main_thread():
            return self._input(prompt)
        self._lender.take()
        try:
            return self._input(prompt)
        finally:
            self._lender.give()


def _within_pdb(frame: FrameType | None) -> bool:
    return frame is not None and frame.f_globals.get("__name__") in ("cmd", "pdb")
