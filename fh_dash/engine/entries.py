"""The two kinds of things that are kept, each with the definition that serves and the newest one."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from types import FunctionType
from typing import Any, TypeAlias

from fh_dash.engine.fingerprint import difference, fingerprint, underlying
from fh_dash.events import CacheState
from fh_dash.memo import Memo

Undo: TypeAlias = Callable[[], None]


class CacheEntry:
    """A `no_reload_cache` function: its memo holds the definition that serves and the one that waits."""

    def __init__(self, runner: str, memo: Memo) -> None:
        self.key, self.runner, self.memo = "", runner, memo
        # As they were defined: default arguments may be changed by what runs.
        self._fingerprints = {memo.func: fingerprint(memo.func)}
        self._reason = ""

    @property
    def returned(self) -> Any:
        return self.memo.wrapper

    @property
    def serving(self) -> Any:
        return self.memo.func

    @property
    def reason(self) -> str:
        return self._reason if self.memo.successor is not None else ""

    def difference(self, other: object) -> str:
        return difference(self._fingerprints[self.memo.func], fingerprint(other))

    def redefine(self, new: Callable[..., Any]) -> None:
        """Its module ran again and defined it as `new`."""
        memo = self.memo
        with memo.lock:
            current, fresh = self._fingerprints[memo.func], fingerprint(new)
            self._fingerprints = {memo.func: current, new: fresh}
            aspect = difference(current, fresh)
            if aspect and (memo.values or memo.flights):
                memo.successor, self._reason = new, f"{aspect} changed"
            else:  # nothing is held that the old definition made, or it is the same with today's lines
                memo.adopt(new)

    def clear(self) -> bool:
        """True when there was something to clear."""
        full = bool(self.memo.values or self.memo.successor)
        self.memo.clear()
        return full

    def state(self) -> CacheState:
        memo = self.memo
        with memo.lock:
            file, line = _place(memo.successor or memo.func)
            return CacheState(
                key=self.key,
                file=file,
                line=line,
                hits=memo.hits,
                misses=memo.misses,
                entries=len(memo.values),
                seconds_computing=memo.seconds,
                seconds_saved=memo.hits * memo.seconds / memo.misses if memo.misses else 0.0,
                since=memo.since,
                stale=memo.successor is not None,
                reason=self.reason,
            )

    def save(self) -> Undo:
        memo = self.memo
        func, successor, reason = memo.func, memo.successor, self._reason
        fingerprints, values = self._fingerprints, memo.values
        counts = memo.hits, memo.misses, memo.seconds, memo.since

        def undo() -> None:
            with memo.lock:
                other = bool(difference(fingerprints[func], self._fingerprints[memo.func]))
                self._fingerprints, self._reason = fingerprints, reason
                memo.adopt(func)
                memo.successor = successor
                if memo.values is not values:  # it was cleared since
                    memo.values, memo.flights = values, {}
                    memo.hits, memo.misses, memo.seconds, memo.since = counts
                elif other:  # it was empty, and what is there now was made by the definition that failed
                    memo.forget()

        return undo


class KeptEntry:
    """A `no_reload` function or class."""

    def __init__(self, runner: str, definition: Any) -> None:
        self.key, self.runner = "", runner
        self.returned = self._newest = definition
        self._fingerprint = fingerprint(definition)
        self.reason, self._since = "", time.time()

    @property
    def serving(self) -> Any:
        return self.returned

    def difference(self, other: object) -> str:
        return difference(self._fingerprint, fingerprint(other))

    def redefine(self, new: Any) -> None:
        self._newest = new
        aspect = self.difference(new)
        self.reason = f"{aspect} changed" if aspect else ""
        if not aspect and isinstance(new, FunctionType) and isinstance(self.returned, FunctionType):
            self.returned.__code__ = new.__code__  # the same code with today's line numbers

    def clear(self) -> bool:
        if not self.reason:
            return False
        self._fingerprint = fingerprint(self._newest)
        if not _become(self.returned, self._newest):
            _rebind(self.returned, self._newest)
            self.returned = self._newest
        self.reason, self._since = "", time.time()
        return True

    def state(self) -> CacheState:
        file, line = _place(self._newest)
        return CacheState(
            key=self.key,
            file=file,
            line=line,
            hits=0,
            misses=0,
            entries=0,
            seconds_computing=0.0,
            seconds_saved=0.0,
            since=self._since,
            stale=bool(self.reason),
            reason=self.reason,
            kind="kept",
        )

    def save(self) -> Undo:
        newest, reason, code = self._newest, self.reason, getattr(self.returned, "__code__", None)

        def undo() -> None:
            self._newest, self.reason = newest, reason
            if isinstance(self.returned, FunctionType) and code is not None:
                self.returned.__code__ = code

        return undo


Entry: TypeAlias = CacheEntry | KeptEntry


def same_kind(a: Entry, b: Entry) -> bool:
    if isinstance(a, CacheEntry) and isinstance(b, CacheEntry):
        return type(a.memo) is type(b.memo)
    return type(a) is type(b) and type(a.returned) is type(b.returned)


def _place(definition: Any) -> tuple[str, int]:
    """File and line; before Python 3.13 a class is placed at its first method."""
    if not isinstance(definition, type):
        code = getattr(underlying(definition), "__code__", None)
        return (code.co_filename, code.co_firstlineno) if code is not None else ("", 0)
    file = str(getattr(sys.modules.get(definition.__module__), "__file__", None) or "")
    codes = [getattr(underlying(member), "__code__", None) for member in vars(definition).values()]
    first = next((c.co_firstlineno for c in codes if c is not None and c.co_filename == file), 0)
    return file, int(vars(definition).get("__firstlineno__", first))


def _become(old: Any, new: Any) -> bool:
    """Give the function `old` everything of `new`; False when Python does not allow it."""
    if not (isinstance(old, FunctionType) and isinstance(new, FunctionType)):
        return False
    cells, fresh = old.__closure__ or (), new.__closure__ or ()
    if old.__code__.co_freevars != new.__code__.co_freevars:
        return False
    old.__code__, old.__defaults__, old.__kwdefaults__ = new.__code__, new.__defaults__, new.__kwdefaults__
    old.__doc__, old.__annotations__ = new.__doc__, new.__annotations__
    old.__dict__.clear()
    old.__dict__.update(new.__dict__)
    for cell, other in zip(cells, fresh, strict=True):
        try:
            cell.cell_contents = other.cell_contents
        except ValueError:  # not filled yet
            pass
    return True


def _rebind(old: object, new: object) -> None:
    for module in list(sys.modules.values()):
        namespace = getattr(module, "__dict__", {})
        for name in [n for n, value in list(namespace.items()) if value is old]:
            namespace[name] = new
