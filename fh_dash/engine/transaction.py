"""Carry a plan out, all or nothing: attempts (`attempt`) until one gets through, then `commit` or `rollback`."""

from __future__ import annotations

import gc
from collections.abc import Callable, Sequence
from time import perf_counter
from types import ModuleType

from fh_dash import events
from fh_dash.engine import abcs
from fh_dash.engine.attempt import Attempt
from fh_dash.engine.detach import has_twin
from fh_dash.engine.importer import ProjectFinder
from fh_dash.engine.instances import move_instances
from fh_dash.engine.keep import registry
from fh_dash.engine.lines import refresh_closures, refresh_lines
from fh_dash.engine.plan import Plan
from fh_dash.engine.program import Program
from fh_dash.engine.routes import Route, difference
from fh_dash.engine.runner import Runner
from fh_dash.engine.successors import classes
from fh_dash.errors import ReloadError

_NEVER = 1 << 30
"""Threshold of the garbage collector for objects that are not the youngest ones: until the end none get old."""


class Transaction:
    """One plan being carried out; `commit` or `rollback` ends it."""

    def __init__(
        self, program: Program, runner: Runner, finder: ProjectFinder, plan: Plan, settled: Callable[[Plan], None]
    ) -> None:
        self.plan = plan
        self.error: BaseException | None = None
        self.reports: list[events.ModuleReport] = []
        self.caches: tuple[events.CacheChange, ...] = ()
        self.milliseconds = 0.0
        self._program, self._settled = program, settled
        self._attempt: Attempt | None = None
        self._new_attempt: Callable[[], Attempt] = lambda: Attempt(program, runner, finder, self.plan)
        self._kept = registry.snapshot()
        self._thresholds = gc.get_threshold()

    def run(self) -> None:
        began = perf_counter()
        young, _, old = self._thresholds = gc.get_threshold()
        gc.set_threshold(young, _NEVER, old)
        try:
            self.reports = self._carry_out().steps.reports
        except BaseException as error:
            self.reports = self._attempt.steps.reports if self._attempt else []
            self.rollback()
            self.error = error
        self.milliseconds = (perf_counter() - began) * 1000

    def _carry_out(self) -> Attempt:
        attempt = self._attempt = self._new_attempt()
        while (again := attempt.run()) is not None:
            if not again.is_new(self.plan):
                raise ReloadError(f"{again.module} asks to run again without end; a full reload is the way out")
            attempt.undo()
            registry.restore(self._kept)
            self._kept = registry.snapshot()
            self.plan = again.amend(self.plan)
            attempt = self._attempt = self._new_attempt()
        return attempt

    def rollback(self) -> None:
        """Put everything back as it was before `run`; of a first load, what was imported in full stays."""
        if self._attempt is None:
            return
        self._attempt.undo()
        registry.restore(self._kept)
        self._end(self._attempt)

    def commit(self) -> None:
        attempt = self._attempt
        if attempt is None:
            return
        facts = attempt.facts
        self._program.stacks.settle()
        caches, lazies, touched = attempt.steps.caches, attempt.steps.lazies, facts.touched()
        caches.clear(touched, facts.ran, asked=self._program.asked())
        caches.put_back(self._program.asked())
        lazies.drop(touched)
        self.caches = (*registry.settle(self._kept, facts.ran), *caches.dropped, *lazies.dropped)
        move_instances(attempt.steps.successors.replaced)
        refresh_closures(attempt.steps.reran, self._program.namespaces_of_modules())
        kept, namespaces = [*registry.functions()], self._program.namespaces_of_modules()
        refresh_lines(attempt.steps.moved, list(self.plan.sources.values()), kept, namespaces)
        self._end(attempt)
        self._settled(self.plan)

    def _end(self, attempt: Attempt) -> None:
        """Forget what is of the last run, so that its objects can go, and what was found out with them."""
        if attempt.steps.successors.adopted:
            abcs.reset_caches(thing for record in self._program.records.values() for thing in classes(record))
        attempt.steps.effects.forget_dispatch()
        self._program.let_go()
        self._attempt = None
        gc.set_threshold(*self._thresholds)
        records, ran = self._program.records, attempt.facts.ran
        made = (cls for name in ran & records.keys() for cls in classes(records[name]))
        if any(has_twin(cls, self._program.is_project_module) for cls in made):
            gc.collect(1)  # what has been made since the beginning, and no more

    def result(
        self,
        *,
        generation: int,
        time: float,
        wait: float,
        swap: float,
        old_routes: Sequence[Route],
        new_routes: Sequence[Route],
        error: events.ErrorReport | None = None,
    ) -> events.ReloadResult:
        """What happened, for people; to be called after `commit` or `rollback`. `wait` and `swap` in milliseconds."""
        plan = self.plan
        return events.ReloadResult(
            generation=generation,
            time=time,
            changed=plan.changed,
            modules=tuple(self.reports),
            routes=() if error else difference(old_routes, new_routes),
            caches=self.caches,
            phases=events.Phases(plan.scan, plan.plan, wait, self.milliseconds, swap),
            error=error,
            forced=plan.forced,
        )

    @property
    def module(self) -> ModuleType:
        return self._program.records[self._program.entry].module
