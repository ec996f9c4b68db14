"""Brings generations of the app up and down behind the gate, on the server's loop."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable
from contextvars import Context, copy_context
from dataclasses import dataclass, field, replace
from pathlib import Path
from time import perf_counter
from typing import Any

from fh_dash.errors import UsageError
from fh_dash.events import ErrorReport, Event, LoadFailed, ReloadResult, Serving, Stage
from fh_dash.host import lookup
from fh_dash.host.asgi import ASGIApp
from fh_dash.host.gate import Gate
from fh_dash.host.generation import Generation
from fh_dash.host.interrupt import Ended, Stretch
from fh_dash.host.lifespan import Lifespan, handlers
from fh_dash.host.main_thread import explained
from fh_dash.host.needs import Engine, Transaction
from fh_dash.host.target import Target
from fh_dash.host.variables import NONE, apply, changed
from fh_dash.host.work import Work
from fh_dash.settings import Settings

log = logging.getLogger("fh_dash")

OLD_REQUESTS = 30.0
"""Seconds that the shutdown of a replaced app waits for its last short requests."""


@dataclass(slots=True)
class _Change:
    """What became of one plan."""

    time: float
    old: Generation | None
    transaction: Transaction | None = None
    generation: Generation | None = None
    error: ErrorReport | None = None
    wait: float = 0.0
    swap: float = 0.0
    running: int = 0
    ended: bool = False
    """The shutdown of the old generation was run before the new one's start-up."""
    context: Context = field(default_factory=copy_context)
    """Before anything of the project ran."""

    @property
    def carried_out(self) -> Transaction:
        assert self.transaction is not None
        return self.transaction


class Host:
    """`load` and the coroutines run on the server's loop; `apply` and `load_again` are called by the reload thread."""

    def __init__(self, settings: Settings, target: Target, engine: Engine, post: Callable[[Event], object]) -> None:
        self.gate = Gate()
        self.stretch = Stretch()
        self.settled = threading.Event()
        """The first load was tried, or the server ended before that."""
        self.began = 0.0
        """When the first load began, in epoch seconds."""
        self._settings, self._target, self._engine, self._post = settings, target, engine, post
        self._work = Work()

    @property
    def app(self) -> object | None:
        """The app object that serves now."""
        generation = self.gate.generation
        return generation.found if generation else None

    @property
    def number(self) -> int:
        """Of the generation that serves; 0 while there is none."""
        generation = self.gate.generation
        return generation.number if generation else 0

    def routes(self) -> tuple[Any, ...]:
        """Of the app that serves now; empty while there is none."""
        app = self.app
        return self._engine.routes(app) if app is not None else ()

    # ------------------------------------------------------------------------------- on the server's loop

    def start(self) -> None:
        """Begin to load the app; requests wait at the gate."""
        self._work.begin()
        self.began = time.time()
        self._work.spawn(self._first_load())

    def closing(self) -> None:
        """The server takes no more requests: those at the gate are refused, a change under way is given up."""
        if not self.gate.stopping:
            self.gate.stopping = True
            self._work.cancel()

    async def finish(self) -> None:
        """After the last request: the app's shutdown, and the end of everything that waits for us."""
        self.closing()
        await self._work.wait(self._settings.shutdown_wait)
        if (generation := self.gate.generation) is not None:
            await self._shut_down(generation)
        self._work.end()
        self.settled.set()

    # ------------------------------------------------------------------------------- for the reload thread

    def apply(self, plan: Any) -> ReloadResult:
        """Exchange the code; blocks until the new or, after an error, the old generation serves."""
        before = self.routes()
        change = self._work.call(self._apply(plan))
        return self._result(change, before)  # here, not on the loop: the requests that waited come first

    def load_again(self, plan: Any) -> ReloadResult | None:
        """Try a load that failed before; None when it failed again (`LoadFailed` was posted)."""
        change = self._work.call(self._load(plan))
        return self._result(change, ()) if change.generation is not None else None

    # ------------------------------------------------------------------------------------------- loading

    async def _first_load(self) -> None:
        try:
            await self._load(self._engine.plan_load())
        except Exception as error:  # a fault of ours: shown, and the next save tries again
            log.exception("loading failed")
            self._load_failed(self._engine.report(error, "import"))
        finally:
            self.settled.set()

    async def _load(self, plan: Any) -> _Change:
        since = perf_counter()
        change = await self._change(plan, None, "import")
        if change.error is not None:
            self._load_failed(change.error)
        elif (generation := change.generation) is not None:
            self.gate.error = None
            took = (perf_counter() - since) * 1000
            name = f"{self._target.module}:{generation.name}"
            self._post(Serving(generation.number, time.time(), took, name))
        return change

    def _load_failed(self, error: ErrorReport) -> None:
        self.gate.error = error
        self.gate.open()
        self._post(LoadFailed(error, time.time()))

    # ----------------------------------------------------------------------------------------- exchanging

    async def _apply(self, plan: Any) -> _Change:
        old = self.gate.generation
        change = await self._change(plan, old, "reload")
        new = change.generation
        if old is not None and new is not None and new.lifespan is not old.lifespan:
            self._work.spawn(self._retire(old))
        return change

    def _result(self, change: _Change, before: tuple[Any, ...]) -> ReloadResult:
        serving = change.generation or change.old
        result = change.carried_out.result(
            generation=serving.number if serving else 0,
            time=change.time,
            wait=change.wait,
            swap=change.swap,
            old_routes=before,
            new_routes=self.routes(),
            error=change.error,
        )
        return replace(result, running=change.running)

    async def _change(self, plan: Any, old: Generation | None, stage: Stage) -> _Change:
        """Close, execute, start up, commit, open; after any error the old generation serves on."""
        apply(old.variables if old else NONE)
        change = _Change(time.time(), old, error=plan.error)
        if change.error is not None:
            return change
        change.wait = await self.gate.close(self._settings.gate_wait)
        try:
            change.transaction = self.stretch.run(lambda: self._engine.execute(plan))
            executed = perf_counter()
            if change.transaction.error is not None:
                change.error = self._report(change.transaction.error, stage)
            else:
                await self._exchange(change, plan, stage)
            change.swap = (perf_counter() - executed) * 1000
        finally:
            self.gate.open()
        return change

    async def _exchange(self, change: _Change, plan: Any, stage: Stage) -> None:
        """The gate gets the new generation, or the transaction is rolled back."""
        committed = False
        tasks = self._tasks_of_the_app()
        try:
            generation, change.error = await self._bring_up(change, plan, stage)
            if change.error is None:
                change.carried_out.commit()
                committed = True
                change.generation = self.gate.generation = generation
                change.running = self.gate.older() + sum(not task.done() for task in tasks)
        finally:
            if not committed:
                change.carried_out.rollback()
                if change.ended and not self.gate.stopping:
                    await self._start_again(change)

    def _tasks_of_the_app(self) -> list[asyncio.Task[Any]]:
        """That its own code began with `create_task`; nobody but the app ends them."""
        code = {task: getattr(task.get_coro(), "cr_code", None) for task in asyncio.all_tasks()}
        return [task for task, one in code.items() if one and self._engine.is_project_file(Path(one.co_filename))]

    async def _bring_up(self, change: _Change, plan: Any, stage: Stage) -> tuple[Generation | None, ErrorReport | None]:
        """The next generation; for a new app object its start-up is run."""
        old, options = change.old, self._settings.uvicorn
        try:
            found = self._found(change.carried_out, old)
            name = lookup.attribute_name(change.carried_out.module, self._target)
            app = lookup.as_asgi(found, name, options.get("interface") or "auto")
        except UsageError as error:
            return None, self._no_app(error)
        except BaseException as error:  # a factory's own
            return None, self._report(error, stage)
        variables = changed(change.context, copy_context(), old.variables if old else NONE)
        if old is not None and found is old.found:
            return old.renewed(app, variables), None
        if old is not None and old.exclusive and not change.ended:
            failed = await self._end_first(change, old, plan, stage)
            return (None, failed) if failed is not None else await self._bring_up(change, plan, stage)
        lifespan, failure = await self._start(app)
        if failure is not None:
            return None, self._report(failure, "startup")
        exclusive = self._engine.use_objects(handlers(found))
        number = old.number + 1 if old else 1
        return Generation(number, name, found, app, lifespan, exclusive, variables), None

    async def _start(self, app: ASGIApp) -> tuple[Lifespan, BaseException | None]:
        lifespan = Lifespan(app, self._settings.uvicorn.get("lifespan") or "auto")
        return lifespan, await lifespan.startup(self._settings.startup_wait)

    async def _end_first(self, change: _Change, old: Generation, plan: Any, stage: Stage) -> ErrorReport | None:
        """Both apps use the same objects: the old one ends, in the state that it knows, before the new one starts.

        So the plan is carried out a second time. The new app was seen to load; if it does not start, the old one does.
        """
        change.carried_out.rollback()
        await self.gate.drained(old, self._settings.shutdown_wait)
        await self._shut_down(old)
        change.ended = True
        change.transaction = self.stretch.run(lambda: self._engine.execute(plan))
        error = change.carried_out.error
        return self._report(error, stage) if error is not None else None

    async def _start_again(self, change: _Change) -> None:
        """The old generation serves on, after its shutdown."""
        assert change.old is not None
        lifespan, failure = await self._start(change.old.app)
        if failure is not None:
            log.error("the app that serves on did not start again", exc_info=failure)
        change.old = self.gate.generation = replace(change.old, lifespan=lifespan)

    def _report(self, error: BaseException, stage: Stage) -> ErrorReport:
        return explained(self._engine.report(error, stage), error, self._settings.target)

    def _found(self, transaction: Transaction, old: Generation | None) -> object:
        """The app object. A factory is called again after each reload that ran or bound anything."""
        if old is not None and self._target.factory and _only_lines(transaction):
            return old.found
        return self.stretch.run(lambda: lookup.find(transaction.module, self._target))

    def _no_app(self, error: UsageError) -> ErrorReport:
        return ErrorReport("target", "UsageError", str(error), file=str(self._target.file))

    # ------------------------------------------------------------------------------------------- retiring

    async def _retire(self, old: Generation) -> None:
        """The shutdown of a replaced app, after its last short request, at most once."""
        try:
            await self.gate.drained(old, OLD_REQUESTS)
        finally:
            await self._shut_down(old)

    async def _shut_down(self, generation: Generation) -> None:
        failure = await generation.lifespan.shutdown(self._settings.shutdown_wait)
        if isinstance(failure, Ended):
            log.error("the app's shutdown was interrupted, since it blocked the server")
        elif failure is not None:
            log.error("the app's shutdown failed", exc_info=failure)


def _only_lines(transaction: Transaction) -> bool:
    return bool(transaction.reports) and all(r.outcome == "refreshed" for r in transaction.reports)
