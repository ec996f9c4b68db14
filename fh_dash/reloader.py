"""The reload thread: a batch of saves becomes a plan, the plan a change, the change a result."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from fh_dash.events import ErrorReport, Event, Phases, ReloadResult, ReloadStarted
from fh_dash.host.host import Host
from fh_dash.host.target import Target
from fh_dash.host.work import Stopped
from fh_dash.settings import Settings
from fh_dash.watch import Filters, Watcher, watching
from fh_dash.watch.filters import outermost

if TYPE_CHECKING:
    from fh_dash.live import LiveHub

log = logging.getLogger("fh_dash")

Paths = frozenset[Path]


class Owner(Protocol):
    """What of the runtime is used here."""

    settings: Settings
    post: Callable[[Event], object]
    live: LiveHub | None

    def restart(self) -> None: ...


class Nothing:
    """Stands in for the watcher with `--reload no`: only what is asked for by hand happens."""

    def __init__(self) -> None:
        self._woken = threading.Event()
        self._stopped = False

    def __iter__(self) -> Iterator[Paths]:
        while not self._stopped:
            self._woken.wait()
            self._woken.clear()
            yield frozenset()

    def wake(self) -> None:
        self._woken.set()

    def stop(self) -> None:
        self._stopped = True
        self._woken.set()


class Reloader:
    """`run` on one thread; `force` and `stop` from any."""

    def __init__(self, owner: Owner, engine: Any, host: Host, target: Target) -> None:
        self._owner, self._engine, self._host, self._target = owner, engine, host, target
        settings = owner.settings
        self._filters = Filters(settings.reload_includes, settings.reload_excludes)
        self._changes: Watcher | Nothing | None = None
        self.watching = threading.Event()
        """From now on no change is missed."""
        self._force = False
        self._stopped = False
        self._broken = False
        """The last save was refused, or the app never started."""

    def run(self) -> None:
        mode = self._owner.settings.reload
        roots = outermost([*self._target.roots, *self._filters.folders])
        self._changes = Nothing() if mode == "no" else watching(roots, self._filters)
        if self._stopped:
            self._changes.stop()
        self.watching.set()
        if self._force:
            self._changes.wake()  # it was asked for before there was anything to wake
        self._host.settled.wait()
        if isinstance(self._changes, Watcher):
            self._changes.catch_up(self._host.began)  # saves that came before there was a watcher
        for batch in self._changes:
            if self._stopped:
                return
            forced, self._force = self._force, False
            if batch or forced:
                self._guarded(batch, forced)

    def force(self) -> None:
        """Run all project modules again, as soon as what is under way is done."""
        self._force = True
        if self._changes is not None:
            self._changes.wake()

    def stop(self) -> None:
        self._stopped = True
        self._host.settled.set()
        if self._changes is not None:
            self._changes.stop()

    # --------------------------------------------------------------------------------------------- a batch

    def _guarded(self, batch: Paths, forced: bool) -> None:
        """A fault of ours is shown like any other, and the next save is taken up."""
        try:
            if self._owner.settings.reload == "full":
                self._fully(batch, forced)
            elif self._engine.loaded:
                self._quickly(batch, forced)
            else:
                self._from_scratch(batch)
        except Stopped:
            self._stopped = True
        except Exception as error:
            log.exception("the reload failed")
            self._refused((), self._engine.report(error, "reload"), 0.0, 0.0, batch)

    def _quickly(self, batch: Paths, forced: bool) -> None:
        plan = self._engine.plan(batch, force=forced)
        if plan.error is not None:
            self._refused(plan.changed, plan.error, plan.scan, plan.plan, batch)
        elif not _asks_for_something(plan):
            self._nothing_to_run(batch, plan)
        else:
            self._owner.post(ReloadStarted(time.time(), plan.changed, plan.forced))
            self._finished(self._host.apply(plan), batch)

    def _from_scratch(self, batch: Paths) -> None:
        """The app never started: each save is another try."""
        plan = self._engine.plan(batch)
        if self._owner.live is not None:
            self._owner.live.assets(self._assets(batch))
        if not plan.empty or plan.error is not None:
            self._host.load_again(plan)

    def _fully(self, batch: Paths, forced: bool) -> None:
        """A fresh process, unless it would only find out that a file does not compile."""
        plan = self._engine.plan(batch, force=forced)
        if plan.error is not None and self._engine.loaded:
            self._refused(plan.changed, plan.error, plan.scan, plan.plan, batch)
        elif _asks_for_something(plan) or any(self._filters.included(path) and path.suffix != ".py" for path in batch):
            self._owner.restart()
        else:
            self._nothing_to_run(batch, plan)

    def _nothing_to_run(self, batch: Paths, plan: Any) -> None:
        """Only files that pages show, or an edit that was taken back: that alone mends what was broken."""
        if self._broken and not plan.empty:
            self._broken = False
            self._owner.post(ReloadResult(self._host.number, time.time(), plan.changed, phases=_phases(plan)))
            if self._owner.live is not None:
                self._owner.live.mended()
        if self._owner.live is not None:
            self._owner.live.assets(self._assets(batch))

    def _refused(self, changed: tuple[str, ...], error: ErrorReport, scan: float, plan: float, batch: Paths) -> None:
        phases = Phases(scan=scan, plan=plan)
        self._finished(ReloadResult(self._host.number, time.time(), changed, phases=phases, error=error), batch)

    def _finished(self, result: ReloadResult, batch: Paths) -> None:
        self._broken = not result.ok
        if self._owner.live is not None:
            self._owner.live.publish(result, self._assets(batch))
        self._owner.post(result)

    def _assets(self, batch: Paths) -> list[Path]:
        """What pages show without any Python."""
        return [path for path in batch if self._filters.kind(path) == "asset"]


def _asks_for_something(plan: Any) -> bool:
    """An edit that was taken back makes a plan, since it is news, but nothing has to run."""
    return not plan.empty and bool(plan.sources or plan.reruns or plan.gone or plan.caches or plan.load)


def _phases(plan: Any) -> Phases:
    return Phases(scan=plan.scan, plan=plan.plan)
