"""A project under the reload engine in this interpreter: files before, an edit, the exact result.

`expect` asks twice: the running project, and one that is imported from scratch beside it. So a story cannot
claim what a restart would not give.
"""

from __future__ import annotations

import asyncio
import importlib
import linecache
import logging
import os
import shutil
import sys
import textwrap
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any, TypeAlias

from fh_dash.engine import Engine, Plan, Route, Transaction
from fh_dash.engine.keep import registry
from fh_dash.events import Event, ImportStarted, Phases, ReloadResult

Files: TypeAlias = Mapping[str, str | bytes | None]
"""Name -> text (dedented, without its first empty line), bytes (as they are), or None (no such file any more)."""


@dataclass(frozen=True)
class Saved:
    """What became of one save."""

    plan: Plan
    result: ReloadResult
    transaction: Transaction | None = None
    error: BaseException | None = None
    """What project code raised; a file that does not compile is in `result.error` only."""

    @property
    def told(self) -> list[str]:
        """The module reports, one line each: `shop re-run: modified`, `app rebound: PRICE, TAX`."""
        return [f"{m.name} {m.outcome}: {m.reason or ', '.join(m.names)}" for m in self.result.modules]

    @property
    def routes(self) -> list[str]:
        return [f"{r.change} {r.methods} {r.path} {r.handler}" for r in self.result.routes]

    @property
    def caches(self) -> list[str]:
        return [f"{c.key} {c.change}: {c.reason}".rstrip(": ") for c in self.result.caches]


@dataclass
class Project:
    """A folder, and the engine on it; `entry` is its dotted name."""

    root: Path
    entry: str = "app"
    events: list[Event] = field(default_factory=list)
    generation: int = 0
    path: list[str] = field(default_factory=list)
    """`sys.path` before anything was loaded."""

    def __post_init__(self) -> None:
        self.engine = Engine([self.root], self.entry, post=self.events.append)

    # ------------------------------------------------------------------------------------------- files

    def write(self, files: Files) -> list[Path]:
        """The paths that a watcher would tell of."""
        for name, content in files.items():
            path = self.root / name
            if content is None:
                shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else text(content).encode())
        return [self.root / name for name in files]

    # ----------------------------------------------------------------------------------------- reloading

    def load(self, files: Files) -> Saved:
        """Write the files and import the entry."""
        self.write(files)
        return self._good(self.carry_out(self.engine.plan_load()))

    def failed_load(self, files: Files) -> Saved:
        self.write(files)
        return self._bad(self.carry_out(self.engine.plan_load()))

    def save(self, files: Files, *, force: bool = False) -> Saved:
        """A save that must be taken in; what project code raises is raised here."""
        return self._good(self.try_save(files, force=force))

    def bad_save(self, files: Files) -> Saved:
        """A save that must be refused."""
        return self._bad(self.try_save(files))

    def touch(self, *names: str) -> Saved:
        """Tell the engine of files that something else wrote."""
        return self._good(self.carry_out(self.engine.plan([self.root / name for name in names])))

    def failed_start(self, files: Files) -> Saved:
        """A save whose code runs, but whose app then fails to start: the host rolls back."""
        return self._bad(self.carry_out(self.engine.plan(self.write(files)), start=_fail))

    def try_save(self, files: Files, *, force: bool = False) -> Saved:
        return self.carry_out(self.engine.plan(self.write(files), force=force))

    def carry_out(self, plan: Plan, start: Callable[[], object] = lambda: None) -> Saved:
        if plan.error is not None or plan.empty:
            phases = Phases(plan.scan, plan.plan)
            return Saved(
                plan, ReloadResult(self.generation, time.time(), plan.changed, phases=phases, error=plan.error)
            )
        before = self.routes()
        transaction = self.engine.execute(plan)
        error = transaction.error or _raised_by(start)
        if error is None:
            transaction.commit()
            self.generation += 1
        else:
            transaction.rollback()
        result = transaction.result(
            generation=self.generation,
            time=time.time(),
            wait=0.0,
            swap=0.0,
            old_routes=before,
            new_routes=self.routes(),
            error=self.engine.report(error, "reload") if error else None,
        )
        return Saved(plan, result, transaction, error)

    def _good(self, saved: Saved) -> Saved:
        if saved.error is not None:
            raise saved.error
        assert saved.result.error is None, saved.result.error
        return saved

    def _bad(self, saved: Saved) -> Saved:
        assert saved.result.error is not None, f"taken in: {saved.told}"
        return saved

    # ------------------------------------------------------------------------------------------- looking

    def __getitem__(self, name: str) -> Any:
        """The loaded module."""
        return sys.modules[name]

    def routes(self) -> tuple[Route, ...]:
        app = getattr(sys.modules.get(self.entry), "app", None)
        return self.engine.routes(app) if app is not None else ()

    def runs(self, name: str) -> int:
        """How often the module was started, by the engine's events."""
        return sum(isinstance(event, ImportStarted) and event.module == name for event in self.events)

    def value(self, expression: str) -> Any:
        """The expression's value; top-level modules of the project are its names."""
        tops = {name: module for name, module in self.modules().items() if "." not in name}
        return eval(expression, dict(tops))

    def expect(self, expression: str, wanted: object) -> None:
        """That is its value, here and after a restart."""
        found = self.value(expression)
        with self.restarted():
            fresh = self.value(expression)
        assert fresh == wanted, f"after a restart: {expression} = {fresh!r}"
        assert found == wanted, f"{expression} = {found!r}, after a restart {fresh!r}"

    def modules(self) -> dict[str, ModuleType]:
        return {name: module for name, module in list(sys.modules.items()) if self._is_own(module)}

    def _is_own(self, module: ModuleType) -> bool:
        places = [getattr(module, "__file__", None), *(getattr(module, "__path__", None) or ())]
        return any(str(place).startswith(str(self.root) + os.sep) for place in places if place)

    @contextmanager
    def restarted(self) -> Iterator[None]:
        """Meanwhile the modules are those of a fresh import, without the engine."""
        kept = self.modules()
        with _outside(self.forget), logging_as_it_was():
            self.forget()
            self.engine.uninstall()
            sys.path[:] = self.path
            hooks = list(sys.meta_path)
            sys.meta_path[:] = [hook for hook in hooks if type(hook).__module__ not in kept]
            active, registry.active = registry.active, False
            try:
                importlib.invalidate_caches()
                importlib.import_module(self.entry)
                yield
            finally:
                registry.active = active
                sys.meta_path[:] = hooks
                self.engine.install()
        sys.modules.update(kept)

    def forget(self) -> None:
        """Leave nothing of the project in the interpreter."""
        for name in {*self.modules(), *self.engine.modules()}:
            sys.modules.pop(name, None)

    def get(self, path: str, method: str = "GET") -> str:
        """What the entry's app answers; a status other than 200 comes first."""
        return ask(getattr(sys.modules[self.entry], "app"), path, method)  # noqa: B009


@contextmanager
def project_at(root: Path, entry: str = "app") -> Iterator[Project]:
    """A project in an empty folder; afterwards the interpreter is as it was."""
    project = Project(root, entry)
    kept = registry.snapshot()
    registry.active = True
    with _outside(project.forget), logging_as_it_was():
        sys.path.insert(0, str(root))
        project.path = list(sys.path)
        project.engine.install()
        try:
            yield project
        finally:
            project.engine.uninstall()
            registry.restore(kept)
            registry.settle(registry.snapshot(), ())
            registry.active = False
            for place in [p for p in sys.path_importer_cache if p.startswith(str(root))]:
                del sys.path_importer_cache[place]
            for file in [f for f in linecache.cache if f.startswith(str(root))]:
                del linecache.cache[file]


@contextmanager
def _outside(forget: Callable[[], None]) -> Iterator[None]:
    path, hooks, bytecode = list(sys.path), list(sys.meta_path), sys.dont_write_bytecode
    sys.dont_write_bytecode = True
    try:
        yield
    finally:
        forget()
        sys.path[:], sys.meta_path[:], sys.dont_write_bytecode = path, hooks, bytecode


@contextmanager
def logging_as_it_was() -> Iterator[None]:
    before = {id(logger): list(logger.handlers) for logger in loggers()}
    try:
        yield
    finally:
        for logger in loggers():
            logger.handlers[:] = before.get(id(logger), [])


def loggers() -> Collection[logging.Logger]:
    found = logging.root.manager.loggerDict.values()
    return [logging.root, *(logger for logger in found if isinstance(logger, logging.Logger))]


def text(content: str) -> str:
    return textwrap.dedent(content.removeprefix("\n"))


def _fail() -> None:
    raise RuntimeError("the start-up failed")


def _raised_by(start: Callable[[], object]) -> BaseException | None:
    try:
        start()
    except RuntimeError as error:
        return error
    return None


def ask(app: Any, path: str, method: str = "GET") -> str:
    """One ASGI request without a server."""
    return asyncio.run(_ask(app, path, method))


async def _ask(app: Any, path: str, method: str) -> str:
    sent: list[Any] = []
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": b"",
        "headers": [(b"host", b"localhost"), (b"hx-request", b"1")],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
        "state": {},
    }

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    await app(scope, receive, send)
    status = next(m["status"] for m in sent if m["type"] == "http.response.start")
    body = b"".join(m.get("body", b"") for m in sent if m["type"] == "http.response.body").decode()
    return body if status == 200 else f"{status} {body}"
