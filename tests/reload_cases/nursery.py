"""Cold starts, cheap: a process that has imported nothing but libraries forks a child for each, which goes on as cold.py.

What an app sees is a fresh interpreter, save that its libraries are loaded already: four fifths of a cold start's time.
`serve` reads a line of JSON per start, [folder, entry, app, paths], and answers with one: {"answers": {path: [status,
body]}} or {"error": text}.
"""

from __future__ import annotations

import asyncio
import gc
import importlib
import json
import os
import signal
import subprocess
import sys
import threading
import traceback
from pathlib import Path
from typing import Any

from tests.reload_cases import cold
from tests.reload_cases.run import Answer, Case, Cold

_LIBRARIES = ("fasthtml.common", "starlette.applications", "starlette.responses", "starlette.routing")
_PROGRAM = "import sys; sys.path.insert(0, sys.argv[1]); from tests.reload_cases.nursery import serve; serve()"
_SECONDS = 120
"""A start that takes longer is ended."""


class Nursery(Cold):
    """As `Cold`, in children of one process."""

    def __init__(self, python: str) -> None:
        super().__init__(python)
        self._one_at_a_time = threading.Lock()
        self._process = subprocess.Popen(
            [python, "-P", "-c", _PROGRAM, str(Path(__file__).parents[2])],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )

    def start(self, folder: Path, case: Case, name: str) -> dict[str, Answer]:
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        with self._one_at_a_time:
            process.stdin.write(json.dumps([str(folder), case.entry, name, case.asked]).encode() + b"\n")
            process.stdin.flush()
            reply = json.loads(process.stdout.readline())
        if "error" in reply:
            raise RuntimeError(f"a cold start fails:\n{reply['error'][-1500:]}")
        return {path: (status, body) for path, (status, body) in reply["answers"].items()}

    def close(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(10)
        self._process.stdout.close()


def _reply(folder: str, entry: str, name: str, paths: list[str]) -> dict[str, Any]:
    """What the child has to say; whatever the app does ends here."""
    signal.alarm(_SECONDS)
    os.chdir(folder)
    del sys.path[0]
    for module in [name for name in sys.modules if name.partition(".")[0] == "tests"]:
        del sys.modules[module]
    sys.argv = ["cold.py", folder, entry, name, *paths]
    try:
        return {"answers": asyncio.run(cold.main(cold.load(Path(folder), entry, name), paths))}
    except BaseException:
        return {"error": traceback.format_exc()}


def serve() -> None:
    """Answer for each start asked for on standard input, until it is closed."""
    for name in _LIBRARIES:
        importlib.import_module(name)
    out = os.dup(1)
    os.dup2(2, 1)  # what apps print is no answer
    gc.freeze()
    for line in sys.stdin.buffer:
        child = os.fork()
        if not child:
            _write(out, _reply(*json.loads(line)))
            os._exit(0)
        _, status = os.waitpid(child, 0)
        if status:
            _write(out, {"error": f"the process ended with status {status}"})


def _write(descriptor: int, reply: dict[str, Any]) -> None:
    data = json.dumps(reply).encode() + b"\n"
    while data:
        data = data[os.write(descriptor, data) :]
