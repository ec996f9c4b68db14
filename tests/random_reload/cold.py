"""Cold starts, fast: a pristine process forks a child per project, which imports it afresh, accounts for it, and ends.

`Cold` is the client. The server is this module run as a program: it reads a line of JSON per project from standard
input and answers with a line of JSON: the account, or the error that the import ended with.
"""

from __future__ import annotations

import importlib
import os
import signal
import sys
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from tests.random_reload.executions import executions
from tests.random_reload.observe import Account, observe
from tests.support import forks

_SECONDS = 5
"""Longer than any sane project takes; one that does not end is no valid project."""
_PRELOADED = "abc asyncio collections dataclasses enum functools importlib pkgutil pickle typing types".split()


@dataclass(frozen=True)
class Outcome:
    """What a cold start came to."""

    account: Account
    error: str = ""
    """Empty when the entry was imported; else the exception's type and message."""
    endless: bool = False
    """It took too long, be it only to look at it: no valid project."""
    twice: bool = False
    """A module was imported a second time, after its first import had failed and somebody had handled that."""


class Cold:
    """A pristine process that is asked for cold starts."""

    def __init__(self) -> None:
        environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), "PYTHONDONTWRITEBYTECODE": "1"}
        self._forks = forks.Forks([sys.executable, "-m", "tests.random_reload.cold"], env=environment)

    def start(self, root: Path, entry: str) -> Outcome:
        return Outcome(**{"account": {}, **self._forks.ask([str(root), entry])})

    def close(self) -> None:
        self._forks.close()

    def __enter__(self) -> Cold:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _answer(root: str, entry: str) -> dict[str, Any]:
    signal.alarm(_SECONDS)
    sys.path.insert(0, root)
    executed = executions()
    executed.root = root
    try:
        importlib.import_module(entry)
    except BaseException as error:
        return {"error": f"{type(error).__name__}: {error}", "twice": _twice(executed.counts)}
    return {"account": observe(root), "twice": _twice(executed.counts)}


def _twice(counts: Mapping[str, int]) -> bool:
    return any(times > 1 for times in counts.values())


def _failed(status: int) -> dict[str, Any]:
    if status == signal.SIGALRM:
        return {"error": "did not end", "endless": True}
    return {"error": f"ended with status {status}"}


def _serve() -> None:
    for name in _PRELOADED:
        importlib.import_module(name)
    warnings.simplefilter("ignore")
    forks.serve(_answer, _failed)


if __name__ == "__main__":
    _serve()
