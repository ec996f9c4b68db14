"""Project code that hangs while it is re-run: where it stands can be seen, and it can be ended."""

from __future__ import annotations

import ctypes
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from fh_dash.engine import Transaction
from tests.support.picture import Picture
from tests.support.project import Project

HANGS = """
import story_gate


def wait():
    while not story_gate.open.wait(0.001):
        pass  # here


wait()
X = 2
"""


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    module: Any = ModuleType("story_gate")
    sys.modules["story_gate"] = module
    module.open = threading.Event()
    yield module.open
    module.open.set()
    del sys.modules["story_gate"]


class Executing:
    """A plan that is carried out on a thread of its own."""

    def __init__(self, project: Project, files: dict[str, str]) -> None:
        self.project, plan = project, project.engine.plan(project.write(files))
        self.done: list[Transaction] = []
        self.thread = threading.Thread(target=lambda: self.done.append(project.engine.execute(plan)))
        self.thread.start()

    def until(self, lines: tuple[int, ...], deadline: float = 10.0) -> tuple[str, int]:
        end = time.monotonic() + deadline
        while (place := self.project.engine.running()) is None or place[1] not in lines:
            assert time.monotonic() < end, place
        return place

    def end(self) -> Transaction:
        self.thread.join(10)
        return self.done[0]


def test_line(project: Project, gate: threading.Event) -> None:
    """`running` names the file and line where it stands, and nothing before and after."""
    project.load({"app.py": "import lib\n", "lib.py": "X = 1\n"})
    assert project.engine.running() is None
    executing = Executing(project, {"lib.py": HANGS})
    file, line = executing.until((5, 6))
    assert (Path(file).name, line in (5, 6)) == ("lib.py", True)
    gate.set()
    assert executing.end().error is None
    assert project.engine.running() is None
    assert project["lib"].X == 2


def test_below_a_library(project: Project, gate: threading.Event) -> None:
    """When it hangs in a library, the project's line that called it is named."""
    project.load({"app.py": "X = 1\n"})
    executing = Executing(
        project, {"app.py": "import functools, story_gate\nX = functools.partial(\n    story_gate.open.wait, 10)()\n"}
    )
    assert executing.until((2, 3))[0] == str(project.root / "app.py")
    gate.set()
    executing.end()


def test_interrupted(project: Project, gate: threading.Event) -> None:
    """An exception raised in it ends it, and everything is as before; the next save is taken in."""
    project.load({"app.py": "import lib\nX = lib.X\n", "lib.py": "X = 1\n"})
    picture = Picture(project)
    executing = Executing(project, {"lib.py": HANGS})
    executing.until((5, 6))
    thread = ctypes.c_ulong(executing.thread.ident or 0)
    ctypes.pythonapi.PyThreadState_SetAsyncExc(thread, ctypes.py_object(KeyboardInterrupt))
    transaction = executing.end()
    assert isinstance(transaction.error, KeyboardInterrupt)
    assert not picture.changes()
    report = project.engine.report(transaction.error, "reload")
    assert report.file == str(project.root / "lib.py")
    project.save({"lib.py": "X = 3\n"})
    project.expect("app.X", 3)


def test_planning_meanwhile(project: Project, gate: threading.Event) -> None:
    """While code hangs, `running` and `is_project_file` answer at once."""
    project.load({"app.py": "import lib\n", "lib.py": "X = 1\n"})
    executing = Executing(project, {"lib.py": HANGS})
    executing.until((5, 6))
    since = time.monotonic()
    assert project.engine.is_project_file(project.root / "lib.py")
    assert project.engine.running() is not None
    assert time.monotonic() - since < 1
    gate.set()
    executing.end()
