from __future__ import annotations

import os
import shutil
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from queue import Empty, Queue

import pytest

from fh_dash.watch import Filters, Watcher
from fh_dash.watch.backend import Backend
from fh_dash.watch.notify import Notify

BACKENDS: list[Callable[[], Backend]] = [Notify]
if sys.platform == "linux":
    from fh_dash.watch.inotify import Inotify

    BACKENDS.append(Inotify)


class Watching:
    """A watcher in its thread, with the batches in a queue."""

    def __init__(self, watcher: Watcher) -> None:
        self.watcher = watcher
        self.batches: Queue[frozenset[Path]] = Queue()
        self.thread = threading.Thread(target=self._run)
        self.thread.start()

    def _run(self) -> None:
        for batch in self.watcher:
            self.batches.put(batch)

    def seen(self, *expected: Path, patience: float = 3.0) -> list[frozenset[Path]]:
        """The batches up to the one that completes the expected paths."""
        batches: list[frozenset[Path]] = []
        deadline = time.monotonic() + patience
        missing = set(expected)
        while missing:
            try:
                batches.append(self.batches.get(timeout=max(0.0, deadline - time.monotonic())))
            except Empty:
                raise AssertionError(f"never reported: {missing}, reported: {batches}") from None
            missing -= batches[-1]
        return batches

    def stop(self) -> None:
        self.watcher.stop()
        self.thread.join(3)
        assert not self.thread.is_alive()


Start = Callable[..., Watching]


@pytest.fixture(params=BACKENDS, ids=lambda backend: backend.__name__)
def start(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Start]:
    running: list[Watching] = []

    def make(*roots: Path) -> Watching:
        watcher = Watcher(roots or [tmp_path], Filters(cwd=tmp_path), backend=request.param())
        running.append(Watching(watcher))
        return running[-1]

    yield make
    for watching in running:
        watching.stop()


def test_each_way_of_saving_is_one_batch_with_the_file(tmp_path: Path, start: Start) -> None:
    """In place, by rename, and by delete and write: the file is reported, temporary ones are not."""
    file = tmp_path / "app.py"
    file.write_text("x = 1")
    watching = start()

    file.write_text("x = 2")
    assert watching.seen(file) == [{file}]

    temporary = tmp_path / ".app.py.swp~"
    temporary.write_text("x = 3")
    os.replace(temporary, file)
    assert watching.seen(file) == [{file}]

    file.unlink()
    file.write_text("x = 4")
    assert watching.seen(file) == [{file}]


def test_truncate_then_write_is_one_batch(tmp_path: Path, start: Start) -> None:
    """A file that was emptied and gets its content a little later is reported with its content."""
    file = tmp_path / "app.py"
    file.write_text("x = 1")
    watching = start()

    file.write_text("")
    threading.Timer(0.02, file.write_text, ["x = 2"]).start()

    assert watching.seen(file) == [{file}]
    assert file.read_text() == "x = 2"


def test_a_burst_is_one_batch(tmp_path: Path, start: Start) -> None:
    """A branch switch with 500 files comes in one batch, or very few."""
    files = [tmp_path / f"m{n}.py" for n in range(500)]
    for file in files:
        file.write_text("x = 1")
    watching = start()

    for file in files:
        file.write_text("x = 2")

    assert len(watching.seen(*files)) <= 2


def test_a_new_folder_is_watched_with_all_that_is_in_it(tmp_path: Path, start: Start) -> None:
    """Files made together with their folders, and later edits in them, are reported."""
    watching = start()

    deep = tmp_path / "pkg" / "inner"
    deep.mkdir(parents=True)
    (deep / "mod.py").write_text("x = 1")
    watching.seen(deep / "mod.py")

    (deep / "mod.py").write_text("x = 2")
    watching.seen(deep / "mod.py")


def test_a_folder_that_moves_is_gone_there_and_new_here(tmp_path: Path, start: Start) -> None:
    """A renamed package reports the old files as changed and the new ones too, and is watched in its new place."""
    old, new = tmp_path / "old", tmp_path / "new"
    old.mkdir()
    (old / "mod.py").write_text("x = 1")
    watching = start()

    old.rename(new)
    watching.seen(old / "mod.py", new / "mod.py")

    (new / "mod.py").write_text("x = 2")
    watching.seen(new / "mod.py")


def test_a_deleted_folder_reports_its_files(tmp_path: Path, start: Start) -> None:
    """All files of a deleted folder are reported, and a new folder of that name is watched again."""
    folder = tmp_path / "pkg"
    folder.mkdir()
    (folder / "mod.py").write_text("x = 1")
    watching = start()

    shutil.rmtree(folder)
    watching.seen(folder / "mod.py")

    folder.mkdir()
    (folder / "mod.py").write_text("x = 2")
    watching.seen(folder / "mod.py")


def test_pruned_folders_and_litter_are_silent(tmp_path: Path, start: Start) -> None:
    """Nothing in hidden folders, environments and caches is reported, also when they are new."""
    (tmp_path / ".git").mkdir()
    watching = start()

    (tmp_path / ".git" / "hook.py").write_text("x")
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / "__pycache__" / "app.cpython-311.pyc").write_text("x")
    (tmp_path / "node_modules").mkdir()
    (tmp_path / "node_modules" / "tool.py").write_text("x")
    (tmp_path / "app.py").write_text("x = 1")

    assert watching.seen(tmp_path / "app.py") == [{tmp_path / "app.py"}]


def test_a_linked_folder_is_followed_and_a_loop_is_not(tmp_path: Path, start: Start) -> None:
    """Edits behind a link to a folder elsewhere are reported under the link's path."""
    elsewhere, root = tmp_path / "elsewhere", tmp_path / "root"
    elsewhere.mkdir()
    root.mkdir()
    (elsewhere / "mod.py").write_text("x = 1")
    (root / "link").symlink_to(elsewhere)
    (root / "loop").symlink_to(root)
    watching = start(root)

    (elsewhere / "mod.py").write_text("x = 2")

    watching.seen(root / "link" / "mod.py")


def test_who_is_late_to_watch_can_catch_up(tmp_path: Path) -> None:
    """Python files that changed since a given time are in the first batch."""
    (tmp_path / "app.py").write_text("x = 1")
    watcher = Watcher([tmp_path], Filters(cwd=tmp_path))
    watcher.catch_up(time.time() - 60)
    batches = iter(watcher)

    assert next(batches) == {tmp_path / "app.py"}

    watcher.catch_up(time.time() + 60)
    watcher.wake()

    assert next(batches) == frozenset()
    watcher.stop()
    assert list(batches) == []


def test_wake_gives_an_empty_batch(start: Start) -> None:
    """Another thread can end the wait without a change."""
    watching = start()

    watching.watcher.wake()

    assert watching.batches.get(timeout=3) == frozenset()


@pytest.mark.skipif(sys.platform != "linux", reason="the way of Linux")
def test_a_plain_save_is_reported_within_milliseconds(tmp_path: Path) -> None:
    """From the end of the save to the batch it takes a few milliseconds (the best of ten: machines are noisy)."""
    file = tmp_path / "app.py"
    file.write_text("x = 0")
    watching = Watching(Watcher([tmp_path], Filters(cwd=tmp_path)))
    times = []
    try:
        for number in range(10):
            file.write_text(f"x = {number + 1}")
            saved = time.perf_counter()
            watching.seen(file)
            times.append(time.perf_counter() - saved)
    finally:
        watching.stop()

    assert min(times) < 0.010
