"""The first load: what it reports, what it keeps when it fails, and what makes it try again."""

from __future__ import annotations

import sys
import threading
from pathlib import Path

import pytest

from fh_dash.events import ImportFinished, ImportStarted
from tests.support.project import Project


class TestEvents:
    def test_nesting(self, project: Project) -> None:
        """Imports are announced and finished, with their depth, in the order in which they nest."""
        project.load({"app.py": "import a\nimport b\n", "a.py": "import b\n", "b.py": ""})
        told = [
            (type(event) is ImportStarted, event.module, event.depth)
            for event in project.events
            if isinstance(event, ImportStarted | ImportFinished) and event.project
        ]
        assert told == [
            (True, "app", 0),
            (True, "a", 1),
            (True, "b", 2),
            (False, "b", 2),
            (False, "a", 1),
            (False, "app", 0),
        ]

    def test_failure(self, project: Project) -> None:
        """A failed import is finished, too, and says so."""
        project.failed_load({"app.py": "import bad\n", "bad.py": "1 / 0\n"})
        ended = [(e.module, e.ok) for e in project.events if isinstance(e, ImportFinished)]
        assert ended == [("bad", False), ("app", False)]

    def test_foreign(self, project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Foreign packages are timed, and are not the project's."""
        foreign(tmp_path, monkeypatch, story_lib="X = 1\n")
        project.load({"app.py": "import story_lib\n"})
        found = [e.project for e in project.events if isinstance(e, ImportFinished) and e.module == "story_lib"]
        assert found == [False]


def foreign(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, **modules: str) -> None:
    """Modules outside the project's folder, forgotten after the test."""
    folder = tmp_path / "site"
    folder.mkdir()
    for name, source in modules.items():
        (folder / f"{name}.py").write_text(source)
        monkeypatch.setitem(sys.modules, name, None)
        del sys.modules[name]
    monkeypatch.syspath_prepend(str(folder))


class TestFailedLoad:
    def test_keeps_what_was_imported(self, project: Project) -> None:
        """Modules that were imported in full stay for the next try: nobody wants the slow one twice."""
        saved = project.failed_load({"app.py": "import slow\nimport bad\n", "slow.py": "X = []\n", "bad.py": "1 / 0\n"})
        assert saved.result.error is not None
        assert (saved.result.error.file, saved.result.error.line) == (str(project.root / "bad.py"), 1)
        slow = project["slow"]
        assert set(project.modules()) == {"slow"}
        assert not project.engine.loaded
        project.bad_save({"bad.py": "undefined\n"})
        project.save({"bad.py": "X = 1\n"})
        assert project.engine.loaded
        assert project["slow"] is slow
        assert project.runs("slow") == 1

    @pytest.mark.parametrize(
        "bad", ["(\n", "1 / 0\n", "raise SystemExit(2)\n", "raise KeyboardInterrupt\n", b"\0", "import nowhere\n"]
    )
    def test_any_fault(self, project: Project, bad: str | bytes) -> None:
        """Whatever it was, the entry is there after the next good save."""
        project.failed_load({"app.py": bad})
        assert "app" not in sys.modules
        project.save({"app.py": "X = 1\n"})
        project.expect("app.X", 1)

    def test_no_entry(self, project: Project) -> None:
        """Not even the file was there."""
        saved = project.failed_load({"other.py": ""})
        assert isinstance(saved.error, ModuleNotFoundError)
        project.save({"app.py": "X = 1\n"})
        project.expect("app.X", 1)

    def test_edit_of_an_imported_module(self, project: Project) -> None:
        """Edited since: it is imported anew, and with it who imports it."""
        project.failed_load(
            {"app.py": "import a, c\n1 / 0\n", "a.py": "import b\nX = b.X\n", "b.py": "X = 1\n", "c.py": ""}
        )
        project.bad_save({"b.py": "X = 2\n"})
        project.save({"app.py": "import a, c\n"})
        project.expect("app.a.X", 2)
        assert [project.runs(name) for name in ("a", "b", "c")] == [2, 2, 1]

    def test_data_file(self, project: Project) -> None:
        """A file that the failed module read, or missed, is a reason to try again; others are not."""
        project.failed_load(
            {"app.py": "from pathlib import Path\nX = int(Path(__file__).with_name('d.txt').read_text())\n"}
        )
        assert project.save({"e.txt": "1"}).plan.empty
        project.bad_save({"d.txt": "one"})
        project.save({"d.txt": "1"})
        project.expect("app.X", 1)

    def test_files_written_by_the_failure(self, project: Project) -> None:
        """A module that writes a log while it fails is not tried for ever."""
        project.failed_load(
            {"app.py": "from pathlib import Path\nPath(__file__).with_name('log.txt').write_text('x')\n1 / 0\n"}
        )
        assert project.touch("log.txt").plan.empty

    def test_module_it_missed(self, project: Project) -> None:
        """A module that could not be found appears."""
        project.failed_load({"app.py": "from pkg.extra import X\n", "pkg/__init__.py": ""})
        project.save({"pkg/extra.py": "X = 1\n"})
        project.expect("app.X", 1)

    def test_registrations(self, project: Project) -> None:
        """What the failed entry had put into modules that stay is taken back before the next try."""
        project.failed_load(
            {"app.py": "import lib\nlib.LIST.append('app')\nlib.FLAG = 1\n1 / 0\n", "lib.py": "LIST = []\nFLAG = 0\n"}
        )
        assert (project["lib"].LIST, project["lib"].FLAG) == ([], 0)
        project.save({"app.py": "import lib\nlib.LIST.append('app')\n"})
        project.expect("(app.lib.LIST, app.lib.FLAG)", (["app"], 0))

    def test_failed_start(self, project: Project) -> None:
        """Loaded, but the app does not start: the entry is imported again, the rest stays."""
        project.write({"app.py": "import lib\nX = 1\n", "lib.py": ""})
        transaction = project.engine.execute(project.engine.plan_load())
        assert transaction.error is None
        transaction.rollback()
        assert not project.engine.loaded
        project.save({"app.py": "import lib\nX = 2\n"})
        project.expect("app.X", 2)
        assert project.runs("lib") == 1


class TestForeignModules:
    def test_ahead(self, project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Newly imported foreign modules are imported while the plan is made, project modules are not."""
        foreign(tmp_path, monkeypatch, story_slow="import threading\nWHO = threading.current_thread().name\n")
        project.load({"app.py": "X = 1\n", "inner.py": "import story_slow\n"})
        plans = []
        paths = project.write({"app.py": "import inner\nX = inner.story_slow.WHO\n"})
        thread = threading.Thread(target=lambda: plans.append(project.engine.plan(paths)), name="planner")
        thread.start()
        thread.join(10)
        assert "story_slow" in sys.modules
        assert "inner" not in sys.modules
        project.carry_out(plans[0])
        assert project["app"].X == "planner"

    @pytest.mark.parametrize(
        "code",
        [
            "import story_bad\n",
            "from story_bad import x\n",
        ],
    )
    def test_faults_come_later(
        self, project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str
    ) -> None:
        """A foreign module that fails is reported where the project imports it, or handled there."""
        foreign(tmp_path, monkeypatch, story_bad="raise SystemExit\n")
        project.load({"app.py": "X = 1\n"})
        saved = project.bad_save({"app.py": code})
        assert (saved.result.error and saved.result.error.line) == 1
        project.save({"app.py": f"try:\n    {code}except SystemExit:\n    X = 2\n"})
        assert project["app"].X == 2

    @pytest.mark.parametrize(
        "code", ["def f():\n    import story_lazy\n", "if TYPE_CHECKING:\n    import story_lazy\n"]
    )
    def test_not_needed(self, project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str) -> None:
        """What the import of the project does not import is not imported ahead."""
        foreign(tmp_path, monkeypatch, story_lazy="")
        project.load({"app.py": "X = 1\n"})
        project.save({"app.py": "TYPE_CHECKING = False\n" + code})
        assert "story_lazy" not in sys.modules

    def test_missing_submodule(self, project: Project) -> None:
        """A module that does not exist is looked for without importing the project's package around it."""
        project.load({"app.py": "X = 1\n", "lib/__init__.py": "", "admin.py": "import lib.missing\n"})
        project.bad_save({"app.py": "import admin\n"})
        assert "lib" not in sys.modules

    def test_bad_save(self, project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """A save that does not compile imports nothing."""
        foreign(tmp_path, monkeypatch, story_lib="")
        project.load({"app.py": "X = 1\n"})
        project.bad_save({"app.py": "import story_lib\n("})
        assert "story_lib" not in sys.modules


class TestLazyImports:
    def test_inside_a_handler(self, project: Project) -> None:
        """A module that a function imports when it runs belongs to the project, and follows edits."""
        project.load({"app.py": "def f():\n    from lib import X\n    return X\n", "lib.py": "X = 1\n"})
        assert "lib" not in sys.modules
        project.expect("app.f()", 1)
        project.save({"lib.py": "X = 2\n"})
        project.expect("app.f()", 2)

    def test_by_name_at_run_time(self, project: Project) -> None:
        """One that was loaded by name, by whatever code, stays loaded over edits of others, and follows its own."""
        project.load(
            {"app.py": "import importlib\ndef f(): return importlib.import_module('lib').X\n", "lib.py": "X = 1\n"}
        )
        assert project["app"].f() == 1
        project.save({"app.py": "import importlib\ndef f(): return importlib.import_module('lib').X + 10\n"})
        project.save({"lib.py": "X = 2\n"})
        project.expect("app.f()", 12)

    def test_on_another_thread(self, project: Project) -> None:
        """Two threads that import lazily at once load one module."""
        project.load({"app.py": "def f():\n    import lib\n    return lib.X\n", "lib.py": "X = []\n"})
        found: list[object] = []
        threads = [threading.Thread(target=lambda: found.append(project["app"].f())) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(10)
        assert len(found) == 4
        assert all(one is found[0] for one in found)
        assert project.runs("lib") == 1
