"""The import that is running, and what each import cost."""

from __future__ import annotations

from dataclasses import dataclass

from fh_dash.events import ImportFinished, ImportStarted

_KEEP = 5_000


@dataclass(frozen=True, slots=True)
class Running:
    module: str
    since: float
    project: bool


@dataclass(frozen=True, slots=True)
class Imported:
    module: str
    milliseconds: float
    """With everything that it imported itself."""
    own: float
    """Without that."""
    project: bool
    depth: int
    parent: str
    """The module whose import was running around it; empty for the outermost."""
    ok: bool = True


class Imports:
    def __init__(self) -> None:
        self.stack: list[Running] = []
        """What is being imported now, outermost first."""
        self._done: dict[str, Imported] = {}
        self.since = 0.0
        """When the outermost import began; 0.0 before."""
        self._children: list[float] = []

    @property
    def done(self) -> list[Imported]:
        """The first import of each module: what a reload runs again is not one."""
        return list(self._done.values())

    @property
    def count(self) -> int:
        return len(self._done)

    def started(self, event: ImportStarted) -> None:
        # An import that was torn down by an exception may have left no end: the depth says where we are.
        self._unwind(event.depth)
        if not self.stack:
            self.since = event.time
        self.stack.append(Running(event.module, event.time, event.project))
        self._children.append(0.0)

    def finished(self, event: ImportFinished) -> None:
        inside = self._children[event.depth] if event.depth < len(self._children) else 0.0
        self._unwind(event.depth)
        parent = self.stack[-1].module if self.stack else ""
        own = max(0.0, event.milliseconds - inside)
        done = Imported(event.module, event.milliseconds, own, event.project, event.depth, parent, event.ok)
        if self._children:
            self._children[-1] += event.milliseconds
        known = self._done.get(event.module)
        if (known is None and self.count < _KEEP) or (known is not None and not known.ok):
            self._done[event.module] = done

    def slowest(self, count: int) -> list[Imported]:
        """By the time that was their own, the costliest first."""
        return sorted(self._done.values(), key=lambda item: item.own, reverse=True)[:count]

    def stop(self) -> None:
        self._unwind(0)

    def _unwind(self, depth: int) -> None:
        del self.stack[depth:]
        del self._children[depth:]
