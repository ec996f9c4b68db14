"""Every project module: what it is, when it last ran, what that cost."""

from __future__ import annotations

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
        for report in event.modules:
            self._touched(report, event)

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
            runs=old.runs + (report.outcome == "re-run" or (ran and not old.runs)),
            milliseconds=report.milliseconds if ran else old.milliseconds,
            failed=False,
        )
