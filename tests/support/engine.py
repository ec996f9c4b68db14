"""An engine without files: a plan is a function that is run, and one that takes it back."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

from fh_dash.events import ErrorReport, ModuleReport, Phases, ReloadResult, Stage


@dataclass
class FakePlan:
    act: Callable[[], None] = lambda: None
    undo: Callable[[], None] = lambda: None
    error: ErrorReport | None = None
    changed: tuple[str, ...] = ("app.py",)


@dataclass
class FakeTransaction:
    plan: FakePlan
    module: ModuleType
    error: BaseException | None = None
    reports: list[ModuleReport] = field(default_factory=list)
    ended: str = ""

    def commit(self) -> None:
        self.ended = "committed"

    def rollback(self) -> None:
        if not self.ended:
            self.ended = "rolled back"
            self.plan.undo()

    def result(self, *, generation: int, time: float, wait: float, swap: float, **how: Any) -> ReloadResult:
        phases = Phases(wait=wait, swap=swap)
        return ReloadResult(generation, time, self.plan.changed, phases=phases, error=how["error"])


class FakeEngine:
    """`load` fills the module, at the first load and after each failed one."""

    def __init__(self, load: Callable[[ModuleType], None]) -> None:
        self.module = ModuleType("app")
        self.load = load
        self.transactions: list[FakeTransaction] = []
        self.shared = False
        """What `use_objects` says."""

    def plan_load(self) -> FakePlan:
        return FakePlan(lambda: self.load(self.module))

    def execute(self, plan: FakePlan) -> FakeTransaction:
        transaction = FakeTransaction(plan, self.module)
        self.transactions.append(transaction)
        try:
            plan.act()
        except BaseException as error:
            transaction.error = error
            transaction.rollback()
        return transaction

    def report(self, error: BaseException, stage: Stage) -> ErrorReport:
        return ErrorReport(stage, type(error).__name__, str(error))

    def use_objects(self, handlers: Iterable[object]) -> bool:
        return self.shared

    def is_project_file(self, path: Path) -> bool:
        return False

    def routes(self, app: object) -> tuple[Any, ...]:
        return ()
