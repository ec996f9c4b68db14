"""A project under the reload engine, in this interpreter: write files, tell the engine, take the account."""

from __future__ import annotations

import importlib
import linecache
import os
import shutil
import sys
import warnings
from collections import Counter
from collections.abc import Collection
from pathlib import Path
from types import TracebackType

from fh_dash.engine import Engine
from fh_dash.engine.transaction import Transaction
from tests.random_reload.executions import executions
from tests.random_reload.observe import Account, observe, project_modules
from tests.random_reload.world import Files, changed

ENTRY = "app"


class Live:
    """One project folder and the engine on it; use as a context manager."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.files: Files = {}
        self.engine = Engine([root], ENTRY)
        self.executed: Counter[str] = Counter()
        self.reports: list[str] = []
        self._failed = ""
        """The error of the last save that was not healed yet: what has nothing to do with it leaves it as it is."""

    def __enter__(self) -> Live:
        self._warnings = warnings.catch_warnings()
        self._warnings.__enter__()
        warnings.simplefilter("ignore")
        self._path = list(sys.path)
        self._written = sys.dont_write_bytecode
        sys.dont_write_bytecode = True
        sys.path.insert(0, str(self.root))
        self.engine.install()
        executions().root = str(self.root)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._warnings.__exit__(None, None, None)
        executions().root = ""
        self.engine.uninstall()
        for name in project_modules(str(self.root)):
            del sys.modules[name]
        sys.path[:] = self._path
        sys.dont_write_bytecode = self._written
        for place in [p for p in sys.path_importer_cache if p.startswith(str(self.root))]:
            del sys.path_importer_cache[place]
        for file in [f for f in linecache.cache if f.startswith(str(self.root))]:
            del linecache.cache[file]
        shutil.rmtree(self.root, ignore_errors=True)

    def write(self, files: Files) -> list[Path]:
        """Bring the folder to this state; the paths that a watcher would tell of."""
        paths = changed(self.files, files)
        for path in paths:
            target = self.root / path
            if path in files:
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_text(files[path], newline="")
            else:
                target.unlink()
                _remove_empty(target.parent, self.root)
        self.files = dict(files)
        return [self.root / path for path in paths]

    def reload(self, paths: list[Path]) -> str:
        """Plan and carry out; the error, empty when all went well."""
        counter = executions()
        counter.counts.clear()
        self.reports = []
        plan = self.engine.plan(paths)
        if plan.error is not None:
            self._failed = f"{plan.error.type}: {plan.error.message}"
            return self._failed
        if plan.empty:
            self.executed = Counter(counter.counts)
            return self._failed
        importlib.invalidate_caches()
        transaction = self.engine.execute(plan)
        self.executed = Counter(counter.counts)
        return self._settle(transaction)

    def load(self) -> str:
        return self._settle(self.engine.execute(self.engine.plan_load()))

    def _settle(self, transaction: Transaction) -> str:
        self.reports = [f"{r.name} {r.outcome} ({r.reason}) {' '.join(r.names)}" for r in transaction.reports]
        error = transaction.error
        self._failed = f"{type(error).__name__}: {error}" if error is not None else ""
        if error is None:
            transaction.commit()
        return self._failed

    def account(self, names: Collection[str]) -> Account:
        return observe(str(self.root), names)

    def loaded(self) -> set[str]:
        """The files of the loaded modules, relative to the folder."""
        places = [getattr(module, "__file__", None) for module in project_modules(str(self.root)).values()]
        return {os.path.relpath(place, self.root) for place in places if place}


def _remove_empty(folder: Path, root: Path) -> None:
    while folder != root and not any(folder.iterdir()):
        folder.rmdir()
        folder = folder.parent
