from __future__ import annotations

import subprocess
import sys
import threading

import pytest

from fh_dash.host.interrupt import Interrupted, Stretch, raise_at

PATIENCE = 5.0


def _here(file: str) -> bool:
    """The code of this file plays the project's."""
    return file == __file__


def test_code_that_hangs_is_ended() -> None:
    """Although it catches every `Exception`."""
    stretch, running = Stretch(), threading.Event()
    ended: list[BaseException] = []

    def hangs() -> None:
        running.set()
        while True:
            try:
                len("")
            except Exception:
                pass

    def run() -> None:
        try:
            stretch.run(hangs)
        except Interrupted as error:
            ended.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    assert running.wait(PATIENCE)

    assert stretch.interrupt(_here)

    thread.join(PATIENCE)

    assert len(ended) == 1
    assert not stretch.running


def test_nothing_runs_nothing_is_interrupted() -> None:
    """Before, and after."""
    stretch = Stretch()
    assert not stretch.interrupt(_here)
    assert stretch.run(lambda: 5) == 5

    assert not stretch.interrupt(_here)


def test_it_is_repeated_until_the_code_ends() -> None:
    """Code that catches it goes on for a while only."""
    stretch, running = Stretch(), threading.Event()
    caught: list[int] = []

    def stubborn() -> None:
        running.set()
        while len(caught) < 3:
            try:
                while True:
                    pass
            except Interrupted:
                caught.append(1)

    thread = threading.Thread(target=stretch.run, args=[stubborn])
    thread.start()
    assert running.wait(PATIENCE)
    stretch.interrupt(_here)
    thread.join(PATIENCE)

    assert len(caught) == 3


def test_an_interrupt_never_hits_what_comes_after() -> None:
    """However late it comes, it ends the stretch or nothing."""
    stretch, over = Stretch(), threading.Event()
    hit: list[int] = []

    def run() -> None:
        try:
            for _ in range(300):
                try:
                    stretch.run(lambda: sum(n for n in range(2000)))
                except Interrupted:
                    pass
            sum(range(100_000))
        except Interrupted:
            hit.append(1)
        finally:
            over.set()

    thread = threading.Thread(target=run)
    thread.start()
    while not over.is_set():
        stretch.interrupt(_here)
        over.wait(0.001)
    thread.join(PATIENCE)

    assert hit == []


PROFILED = """
import cProfile
from fh_dash.host.interrupt import Stretch
with cProfile.Profile():
    Stretch().run(lambda: None)
    (lambda: None)()
"""


def test_a_stretch_leaves_nothing_behind_in_the_interpreter() -> None:
    """Before Python 3.13 an exception that is taken back makes each call slower, and never end under a profiler."""
    assert subprocess.run([sys.executable, "-c", PROFILED], timeout=50).returncode == 0


def test_the_works_own_exception_passes() -> None:
    """And the stretch is over."""
    stretch = Stretch()
    with pytest.raises(ZeroDivisionError):
        stretch.run(lambda: 1 // 0)

    assert not stretch.running


def test_only_where_the_thread_was_seen() -> None:
    """A thread that went on meanwhile is left alone, and one that has ended."""
    ended: list[str] = []

    def outer() -> None:
        try:
            inner()
        except Interrupted:
            ended.append("interrupted")

    def inner() -> None:
        while True:
            pass

    thread = threading.Thread(target=outer, daemon=True)
    thread.start()
    number = thread.ident or 0
    while (frame := sys._current_frames()[number]).f_code is not inner.__code__:
        pass
    assert frame.f_back is not None
    assert not raise_at(number, frame.f_back, Interrupted)
    assert thread.is_alive()

    assert raise_at(number, frame, Interrupted)
    thread.join(PATIENCE)
    assert ended == ["interrupted"]
    assert not raise_at(number, frame, Interrupted)
