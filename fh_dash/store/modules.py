"""Every project module: what it is, when it last ran, what that cost."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from fh_dash.events import ImportFinished, ImportStarted, ModuleReport, ReloadResult


@dataclass(frozen=True, slots=True)
class ModuleState:
    name: str
    file: str = ""
    outcome: str = "loaded"
    """Of the last reload that touched it."""
    reason: str = ""
    time: float = 0.0
    """When that was."""
    generation: int = 0
    runs: int = 0
    """How many times it was executed, the first import included."""
    milliseconds: float = 0.0
    """Of its last execution."""
    parent: str = ""
    """The module that imported it first."""
    failed: bool = False
    importers: tuple[str, ...] = ()
    """The project modules with an import of it."""

    @property
    def reruns(self) -> int:
        return max(0, self.runs - 1)


class Modules:
    def __init__(self) -> None:
        self._states: dict[str, ModuleState] = {}
        self.version = 0
        """Counts changes."""
        self._stack: list[tuple[str, float]] = []

    @property
    def rows(self) -> list[ModuleState]:
        """The last touched first, then by name."""
        return sorted(self._states.values(), key=lambda state: (-state.time, state.name))

    def __len__(self) -> int:
        return len(self._states)

    def named(self, name: str) -> ModuleState | None:
        return self._states.get(name)

    def imported_by(self, name: str) -> list[str]:
        """The modules whose import was the first to bring `name` in, from near to far."""
        chain: list[str] = []
        state = self._states.get(name)
        while state and state.parent and state.parent not in chain:
            chain.append(state.parent)
            state = self._states.get(state.parent)
        return chain

    def import_started(self, event: ImportStarted) -> None:
        del self._stack[event.depth :]
        self._stack.append((event.module, event.time))

    def import_finished(self, event: ImportFinished) -> None:
        started = self._stack[event.depth][1] if event.depth < len(self._stack) else 0.0
        parent = self._stack[event.depth - 1][0] if 0 < event.depth <= len(self._stack) else ""
        del self._stack[event.depth :]
        if not event.project:
            return
        self.version += 1
        old = self._states.get(event.module) or ModuleState(event.module)
        self._states[event.module] = replace(
            old,
            runs=old.runs + 1,
            milliseconds=event.milliseconds,
            time=started + event.milliseconds / 1000,
            parent=old.parent or parent,
            failed=not event.ok,
        )

    def reloaded(self, event: ReloadResult) -> None:
        if not event.ok:
            return
        for state in [state for state in self._states.values() if state.failed]:
            self._states[state.name] = replace(state, failed=False)
            self.version += 1
        for report in event.modules:
            self._touched(report, event)

    def link(self, importers: Mapping[str, tuple[str, ...]]) -> None:
        """Take in who imports whom now."""
        for name, state in self._states.items():
            if (known := importers.get(name, ())) != state.importers:
                self._states[name] = replace(state, importers=known)
                self.version += 1

    def tree(self) -> Iterator[tuple[int, str, bool]]:
        """The imports from the outermost modules down: depth, name, and whether its own were shown before."""
        inside: dict[str, list[str]] = {}
        for state in self._states.values():
            for importer in state.importers:
                inside.setdefault(importer, []).append(state.name)
        shown: set[str] = set()
        outermost = sorted(name for name, state in self._states.items() if not state.importers)
        for root in (*outermost, *sorted(self._states)):  # the rest: modules of a circle that nobody else imports
            if root not in shown:
                yield from _branch(root, inside, shown)

    def _touched(self, report: ModuleReport, event: ReloadResult) -> None:
        self.version += 1
        if report.outcome == "unloaded":
            self._states.pop(report.name, None)
            return
        old = self._states.get(report.name) or ModuleState(report.name)
        ran = report.outcome in ("re-run", "loaded")
        self._states[report.name] = replace(
            old,
            file=report.file or old.file,
            outcome=report.outcome,
            reason=report.reason or ", ".join(report.names),
            time=event.time,
            generation=event.generation,
            runs=max(old.runs, ran),  # counted by the end of its import, which is an event of its own
            milliseconds=report.milliseconds if ran else old.milliseconds,
            failed=False,
        )


def _branch(root: str, inside: Mapping[str, list[str]], shown: set[str]) -> Iterator[tuple[int, str, bool]]:
    todo = [(0, root)]
    while todo:
        depth, name = todo.pop()
        below = inside.get(name, [])
        again = name in shown and bool(below)
        yield depth, name, again
        if not again:
            shown.add(name)
            todo += [(depth + 1, child) for child in sorted(below, reverse=True)]
