"""Which functions read which files while the app answers."""

from __future__ import annotations

import threading
from functools import lru_cache
from pathlib import Path

import pytest

from fh_dash.engine import answers
from tests.support.project import Project

APP = """
    from functools import lru_cache
    from pathlib import Path

    FOLDER = Path(__file__).parent

    @lru_cache
    def text():
        return (FOLDER / "a.txt").read_text()

    @lru_cache
    def names():
        return sorted(path.name for path in FOLDER.glob("*.txt"))

    @lru_cache
    def other():
        return 4
    """


@pytest.fixture
def app(project: Project) -> Project:
    project.load({"app.py": APP, "a.txt": "one"})
    return project


def test_a_file_changes(app: Project) -> None:
    """The cache over it is dropped, with its reason; nothing runs, the others stay."""
    app.expect("app.text(), app.names(), app.other()", ("one", ["a.txt"], 4))
    saved = app.save({"a.txt": "two"})

    assert saved.caches == ["app:text dropped: reads a.txt"]
    assert not saved.told
    assert app["app"].other.cache_info().currsize == 1
    app.expect("app.text()", "two")


def test_a_new_file(app: Project) -> None:
    """Who listed its folder lists it again; who read another file in it need not."""
    app.expect("app.text(), app.names()", ("one", ["a.txt"]))
    assert app.save({"b.txt": "new"}).caches == ["app:names dropped: reads ."]
    app.expect("app.names()", ["a.txt", "b.txt"])


def test_nobody_read_it(app: Project) -> None:
    """A cache that was never asked has nothing to drop."""
    app.expect("app.other()", 4)
    app.write({"a.txt": "two"})
    assert app.engine.plan([app.root / "a.txt"]).empty


def test_on_another_thread(app: Project) -> None:
    """A handler that runs in a pool."""
    reader = threading.Thread(target=lambda: app["app"].text())
    reader.start()
    reader.join(10)
    app.save({"a.txt": "two"})
    app.expect("app.text()", "two")


def test_strangers_are_not_noted(app: Project, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Files outside of the project, and functions outside of it that read one inside."""

    @lru_cache
    def outside() -> str:
        return (app.root / "a.txt").read_text()

    elsewhere: Path = tmp_path_factory.mktemp("elsewhere") / "b.txt"
    elsewhere.write_text("b")
    outside()
    elsewhere.read_text()
    assert answers.readers([str(app.root / "a.txt"), str(elsewhere)]) == {}
