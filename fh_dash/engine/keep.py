"""What `no_reload` and `no_reload_cache` keep while modules re-run, found again by module and name.

When a module re-runs, its decorators get back the objects of the last run. If the definition has changed
since, the object is *stale*: it serves on until it is cleared, which adopts the newest definition.

Standard library only, and nothing of the engine: importing this is cheap.
"""

from __future__ import annotations

import sys
import threading
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType, FunctionType
from typing import Any, TypeVar, cast

from fh_dash.engine.entries import CacheEntry, Entry, KeptEntry, Undo, same_kind
from fh_dash.engine.fingerprint import underlying
from fh_dash.events import CacheChange, CacheState
from fh_dash.memo import Memo, memo_of

F = TypeVar("F")

_SERVER = "fh_dash.host."


@dataclass(frozen=True, slots=True)
class Snapshot:
    entries: dict[str, Entry]
    undo: tuple[Undo, ...]


class Registry:
    """All that is kept in this process. Thread-safe; no lock is held while the person's code runs."""

    def __init__(self) -> None:
        self.active = False
        """Set by the runtime in dev mode; `fh_utils` looks at it."""
        self._lock = threading.RLock()
        self._entries: dict[str, Entry] = {}
        self._spare: dict[str, Entry] = {}  # made by a load that failed; its next try need not compute again
        self._counts: Counter[str] = Counter()
        self._defined: set[str] = set()
        self._local = threading.local()

    # ------------------------------------------------------------------------------------- decorators

    def cache(self, func: Callable[..., Any]) -> Any:
        """`no_reload_cache` in dev mode: a cache that the next run of the module finds again."""
        memo = memo_of(func)
        runner = self._runner(func)
        return memo.wrapper if runner is None else self._define(func, CacheEntry(runner, memo))

    def keep(self, obj: F) -> F:
        """`no_reload` in dev mode: the object that the first run of the module made."""
        runner = self._runner(obj)
        return obj if runner is None else cast(F, self._define(obj, KeptEntry(runner, obj)))

    def _runner(self, obj: object) -> str | None:
        """None for what has no name, or is defined while no module runs, e.g. once per request."""
        if not all(isinstance(getattr(obj, name, None), str) for name in ("__module__", "__qualname__")):
            return None
        return getattr(self._local, "runner", None) or _running_module(sys._getframe(2))

    def memo(self, key: str) -> Memo | None:
        """What the cache named `CacheState.key` holds; None when it is none, or gone."""
        entry = self._entries.get(key)
        return entry.memo if isinstance(entry, CacheEntry) else None

    def _define(self, obj: Any, made: Entry) -> Any:
        with self._lock:
            made.key = self._key(obj.__module__, obj.__qualname__, made.runner)
            entry = self._known(made)
            if entry is None:
                entry = made
            else:
                entry.redefine(obj)
            self._entries[made.key] = entry
            self._defined.add(made.key)
            return entry.returned

    def _key(self, module: str, name: str, runner: str) -> str:
        key = f"{module}:{name}" if runner == module else f"{module}:{name} in {runner}"
        self._counts[key] += 1
        return key if self._counts[key] == 1 else f"{key} #{self._counts[key]}"

    def _known(self, made: Entry) -> Entry | None:
        """The entry of an earlier run that goes on in the place of `made`."""
        if (known := self._entries.get(made.key)) is not None:
            return known if same_kind(known, made) else None
        spare = self._spare.pop(made.key, None)
        usable = spare is not None and same_kind(spare, made) and not spare.difference(made.serving)
        return spare if usable else None

    @contextmanager
    def defining(self, runner: str) -> Iterator[None]:
        """What this thread defines inside, though no module runs, belongs to `runner`: for app factories."""
        before = getattr(self._local, "runner", None)
        self._local.runner = runner
        try:
            yield
        finally:
            self._local.runner = before

    # ----------------------------------------------------------------------------------------- engine

    def snapshot(self) -> Snapshot:
        """To be taken before modules re-run: it also starts counting anew which functions share a name."""
        with self._lock:
            self._counts.clear()
            self._defined.clear()
            return Snapshot(dict(self._entries), tuple(e.save() for e in self._entries.values()))

    def restore(self, snapshot: object) -> None:
        """As it was at `snapshot`, except that values computed since by the same definitions stay."""
        assert isinstance(snapshot, Snapshot)
        with self._lock:
            self._spare |= {k: e for k, e in self._entries.items() if snapshot.entries.get(k) is not e}
            self._entries = dict(snapshot.entries)
            self._counts.clear()
            self._defined.clear()
        for undo in snapshot.undo:
            undo()

    def settle(self, snapshot: object, ran: Collection[str]) -> tuple[CacheChange, ...]:
        """After a good run of the modules named `ran`: drop what they no longer define; the changes."""
        assert isinstance(snapshot, Snapshot)
        with self._lock:
            self._spare.clear()
            changes = []
            for key, entry in snapshot.entries.items():
                if entry.runner not in ran:
                    continue
                if key not in self._defined:
                    self._entries.pop(key, None)
                    changes.append(CacheChange(key, "dropped", "no longer defined"))
                elif self._entries.get(key) is not entry:
                    changes.append(CacheChange(key, "dropped", "defined as another kind"))
                else:
                    changes.append(CacheChange(key, "stale" if entry.reason else "kept", entry.reason))
            return tuple(changes)

    def functions(self) -> Iterator[FunctionType]:
        """The functions that kept objects serve and that are not stale."""
        with self._lock:
            serving = [entry.serving for entry in self._entries.values() if not entry.reason]
        return (found for thing in serving if isinstance(found := underlying(thing), FunctionType))

    def is_pinned(self, obj: object) -> bool:
        """True for a function or class that a kept object serves: it must not be changed in place."""
        with self._lock:
            serving = [e.serving for e in self._entries.values()]
        return any(s is obj or underlying(s) is obj for s in serving)

    # -------------------------------------------------------------------------------------- dashboard

    def states(self) -> tuple[CacheState, ...]:
        with self._lock:
            entries = list(self._entries.values())
        return tuple(e.state() for e in entries)

    def clear(self, key: str) -> bool:
        """Forget the values and adopt the newest definition; False when there is no such key."""
        with self._lock:
            entry = self._entries.get(key)
        if entry is not None:
            entry.clear()
        return entry is not None

    def clear_all(self) -> int:
        """How many had something to clear."""
        with self._lock:
            entries = list(self._entries.values())
        return sum(e.clear() for e in entries)


def _running_module(frame: FrameType | None) -> str | None:
    """The module whose top level runs now.

    Below the server no module counts: that may be the script that called `serve`, which never ends.
    """
    while frame is not None:
        name = str(frame.f_globals.get("__name__"))
        if name.startswith(_SERVER):
            return None
        if frame.f_code.co_name == "<module>" and name != "__main__" and _is_module(name, frame.f_globals):
            return name
        frame = frame.f_back
    return None


def _is_module(name: str, namespace: object) -> bool:
    return getattr(sys.modules.get(name), "__dict__", None) is namespace


registry = Registry()
