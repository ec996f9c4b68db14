"""The engine's public face: watch what is loaded, plan a save, carry it out."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterable, Sequence
from pathlib import Path
from types import ModuleType

from fh_dash import events
from fh_dash.engine import routes as routing
from fh_dash.engine.handlers import use_objects
from fh_dash.engine.importer import ProjectFinder
from fh_dash.engine.plan import Plan, Planner
from fh_dash.engine.program import Program
from fh_dash.engine.reports import report
from fh_dash.engine.routes import Route
from fh_dash.engine.runner import Runner
from fh_dash.engine.transaction import Transaction
from fh_dash.frames import stands_at


class Engine:
    """Hot reload for the modules under `roots`, of which `entry` (a dotted name) is the one that all starts from.

    Use: `install()`, then `execute(plan_load())` to import the entry; after a save `plan(paths)`, `execute(plan)`, and
    `commit()` or `rollback()` on the transaction. `plan` may run on any thread; `execute` runs the project's code
    and belongs on the thread that imported it. `post` gets import events from whichever thread imports.
    """

    def __init__(
        self,
        roots: Sequence[Path],
        entry: str,
        *,
        post: Callable[[events.Event], object] = lambda event: None,
    ) -> None:
        self._program = Program(roots, entry)
        self._runner = Runner(self._program, post)
        self._finder = ProjectFinder(self._program, self._runner, post)
        self._planner = Planner(self._program, self._finder)
        self._thread: int | None = None

    def install(self) -> None:
        """Put the import hook in place; to be done before any project module is imported."""
        self._finder.install()

    def uninstall(self) -> None:
        self._finder.uninstall()

    @property
    def loaded(self) -> bool:
        """True once the entry has been imported without an error."""
        return self._program.entry in self._program.records

    def plan_load(self) -> Plan:
        return self._planner.load()

    def plan(self, changed: Collection[Path], *, force: bool = False) -> Plan:
        """What a save of these files asks for; any path may be named, what does not matter is passed over.

        With `force`, all loaded project modules run again. Paths of earlier plans that failed are looked at too.
        Never raises for faults in the project's files: they are in `Plan.error`.
        """
        with self._program.lock:
            plan = self._planner.make(changed, force=force)
        return self._planner.import_ahead(plan)

    def execute(self, plan: Plan) -> Transaction:
        """Carry a plan out. When project code raises, all is put back and `Transaction.error` is set."""
        transaction = Transaction(self._program, self._runner, self._finder, plan, self._planner.settled)
        self._thread = threading.get_ident()
        try:
            transaction.run()
        finally:
            self._thread = None
        return transaction

    def report(self, error: BaseException, stage: events.Stage) -> events.ErrorReport:
        return report(error, stage, self._program.is_project_path)

    def running(self) -> tuple[str, int] | None:
        """File and line where project code stands while `execute` is at work; None otherwise."""
        return stands_at(self._thread, self._program.is_project_path)

    def is_project_file(self, path: Path) -> bool:
        return self._program.is_project_path(path)

    def modules(self) -> dict[str, ModuleType]:
        """The loaded project modules by name."""
        return {name: record.module for name, record in self._program.records.items()}

    def importers(self) -> dict[str, tuple[str, ...]]:
        """For each loaded project module the loaded ones that import it, anywhere in them, by name."""
        loaded, graph = self.modules(), self._program.graph
        return {name: tuple(sorted(graph.importers(name) & loaded.keys())) for name in loaded}

    def use_objects(self, handlers: Iterable[object]) -> bool:
        """Whether start-up or shutdown code uses objects that outlive one start: see `engine.handlers`."""
        return use_objects(self._program, handlers)

    def routes(self, app: object) -> tuple[Route, ...]:
        return routing.routes_of(app)
