"""Cold starts, fast: a pristine process forks a child per project, which imports it afresh, accounts for it, and ends.

`Cold` is the client. The server is this module run as a program: it reads a line of JSON per project from standard
input and answers with a line of JSON: the account, or the error that the import ended with.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import signal
import subprocess
import sys
import warnings
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from tests.random_reload.executions import executions
from tests.random_reload.observe import Account, observe

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
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.random_reload.cold"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
        )

    def start(self, root: Path, entry: str) -> Outcome:
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps([str(root), entry]).encode() + b"\n")
        process.stdin.flush()
        answer = json.loads(process.stdout.readline())
        return Outcome(**{"account": {}, **answer})

    def close(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(10)
        self._process.stdout.close()

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
        return {"error": f"{type(error).__name__}: {error}"}
    twice = any(times > 1 for times in executed.counts.values())
    return {"account": observe(root), "twice": twice}


def _serve() -> None:
    for name in _PRELOADED:
        importlib.import_module(name)
    warnings.simplefilter("ignore")
    out = os.dup(1)
    os.dup2(2, 1)  # what projects print is no answer
    gc.freeze()
    for line in sys.stdin.buffer:
        child = os.fork()
        if not child:
            gc.disable()
            _write(out, json.dumps(_answer(*json.loads(line))).encode() + b"\n")
            os._exit(0)
        _, status = os.waitpid(child, 0)
        if status == signal.SIGALRM:
            _write(out, json.dumps({"error": "did not end", "endless": True}).encode() + b"\n")
        elif status:
            _write(out, json.dumps({"error": f"ended with status {status}"}).encode() + b"\n")


def _write(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]


if __name__ == "__main__":
    _serve()
