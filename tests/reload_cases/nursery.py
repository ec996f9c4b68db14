"""Cold starts, cheap: a process that has imported nothing but libraries forks a child for each, which goes on as cold.py.

What an app sees is a fresh interpreter, save that its libraries are loaded already: four fifths of a cold start's time.
A question is [folder, entry, app, paths], the answer {"answers": {path: [status, body]}} or {"error": text}.
"""

from __future__ import annotations

import asyncio
import importlib
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
from tests.support import forks

_PROGRAM = "import sys; sys.path.insert(0, sys.argv[1]); from tests.reload_cases.nursery import serve; serve()"
_LIBRARIES = ("fasthtml.common", "starlette.applications", "starlette.responses", "starlette.routing")
_SECONDS = 120
"""A start that takes longer is ended."""


class Nursery(Cold):
    """As `Cold`, in children of one process."""

    def __init__(self, python: str) -> None:
        super().__init__(python)
        self._one_at_a_time = threading.Lock()
        self._forks = forks.Forks(
            [python, "-P", "-c", _PROGRAM, str(Path(__file__).parents[2])], stderr=subprocess.DEVNULL
        )

    def start(self, folder: Path, case: Case, name: str) -> dict[str, Answer]:
        with self._one_at_a_time:
            reply = self._forks.ask([str(folder), case.entry, name, case.asked])
        if "error" in reply:
            raise RuntimeError(f"a cold start fails:\n{reply['error'][-1500:]}")
        return {path: (status, body) for path, (status, body) in reply["answers"].items()}

    def close(self) -> None:
        self._forks.close()


def serve() -> None:
    for name in _LIBRARIES:
        importlib.import_module(name)
    forks.serve(_answer, lambda status: {"error": f"the process ended with status {status}"})


def _answer(folder: str, entry: str, name: str, paths: list[str]) -> dict[str, Any]:
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
