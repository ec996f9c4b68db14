"""Files and folders that a module read while it was imported run it again when they change."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from tests.support.project import Project

HERE = "import json, os\nfrom pathlib import Path\nHERE = Path(__file__).parent\n"


def reads(project: Project, code: str, **files: str | None) -> None:
    """A project whose entry sets X by that code."""
    project.load({**files, "app.py": HERE + code})


class TestFiles:
    @pytest.mark.parametrize(
        "code",
        [
            "X = (HERE / 'd.txt').read_text()",
            "with open(HERE / 'd.txt', encoding='utf-8') as file: X = file.read()",
            "with open(str(HERE / 'd.txt').encode(), 'rb') as file: X = file.read().decode()",
            "fd = os.open(HERE / 'd.txt', os.O_RDONLY)\nX = os.read(fd, 9).decode()\nos.close(fd)",
            "def f():\n    with (HERE / 'd.txt').open() as file: return file.read()\nX = f()",
            "class A:\n    x = (HERE / 'd.txt').read_text()\nX = A.x",
            "import linecache\nlinecache.clearcache()\nX = linecache.getline(str(HERE / 'd.txt'), 1)",
        ],
    )
    def test_ways_to_read(self, project: Project, code: str) -> None:
        """Whatever way it was read."""
        reads(project, code, **{"d.txt": "1"})
        assert project.save({"d.txt": "2"}).told == ["app re-run: reads d.txt"]
        assert project["app"].X.strip() == "2"

    def test_by_a_library(self, project: Project) -> None:
        """Reads made by a library for the module count as the module's, by a project function as its caller's."""
        code = "import configparser, lib\nC = configparser.ConfigParser()\nC.read(HERE / 'd.ini')\nX = C['a']['b'] + lib.read(HERE)\n"
        lib = "def read(folder): return (folder / 'e.txt').read_text()\n"
        reads(project, code, **{"d.ini": "[a]\nb = 1\n", "e.txt": "x", "lib.py": lib})
        assert project.save({"d.ini": "[a]\nb = 2\n"}).told == ["app re-run: reads d.ini"]
        assert project.save({"e.txt": "y"}).told == ["app re-run: reads e.txt"]
        project.expect("app.X", "2y")

    def test_dependents(self, project: Project) -> None:
        """The users of what was read follow."""
        project.load(
            {
                "app.py": "from conf import X\nY = X * 2\n",
                "conf.py": HERE + "X = (HERE / 'd.txt').read_text()\n",
                "d.txt": "a",
            }
        )
        assert project.save({"d.txt": "b"}).told == [
            "conf re-run: reads d.txt",
            "app re-run: uses X of conf at import time, line 2",
        ]
        project.expect("app.Y", "bb")

    def test_same_content(self, project: Project) -> None:
        """A file that was only touched runs nothing."""
        reads(project, "X = (HERE / 'd.txt').read_text()", **{"d.txt": "1"})
        os.utime(project.root / "d.txt", (1, 1))
        assert project.save({"d.txt": "1"}).plan.empty

    def test_no_longer_read(self, project: Project) -> None:
        """Only the last run counts."""
        reads(project, "X = (HERE / 'd.txt').read_text()", **{"d.txt": "1"})
        project.save({"app.py": "X = 1\n"})
        assert project.save({"d.txt": "2"}).plan.empty

    def test_read_later(self, project: Project) -> None:
        """What only a request reads is none of the engine's business."""
        reads(project, "def f(): return (HERE / 'd.txt').read_text()", **{"d.txt": "1"})
        assert project["app"].f() == "1"
        assert project.save({"d.txt": "2"}).plan.empty

    def test_on_another_thread(self, project: Project) -> None:
        """Reads of other threads, while a module is imported, are not its own."""
        go, done = threading.Event(), threading.Event()

        def other() -> None:
            go.wait(5)
            (project.root / "d.txt").read_text()
            done.set()

        thread = threading.Thread(target=other)
        thread.start()
        os.environ_events = (go, done)  # type: ignore[attr-defined]
        try:
            reads(project, "go, done = os.environ_events\ngo.set()\nassert done.wait(5)", **{"d.txt": "1"})
        finally:
            del os.environ_events  # type: ignore[attr-defined]
            thread.join()
        assert project.save({"d.txt": "2"}).plan.empty

    def test_missing_file_appears(self, project: Project) -> None:
        """A file that was looked for and missed: it appears, changes and goes again."""
        reads(project, "try: X = (HERE / 'd.txt').read_text()\nexcept OSError: X = 'none'")
        for content, value in (("1", "1"), ("2", "2"), (None, "none"), ("3", "3")):
            assert project.save({"d.txt": content}).told == ["app re-run: reads d.txt"]
            project.expect("app.X", value)

    def test_asked_for_file_appears(self, project: Project) -> None:
        """A file that was only asked for appears."""
        reads(project, "F = HERE / 'd.txt'\nX = F.read_text() if F.exists() else 'none'")
        project.save({"d.txt": "1"})
        project.expect("app.X", "1")

    def test_relative_paths(self, project: Project, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        """Paths relative to the working directory of that time."""
        (project.root / "data").mkdir()
        monkeypatch.chdir(project.root / "data")
        reads(
            project, "X = Path('d.txt').read_text() if os.path.exists('d.txt') else 'elsewhere'", **{"data/d.txt": "1"}
        )
        monkeypatch.chdir(tmp_path)
        assert project.save({"data/d.txt": "2"}).told == ["app re-run: reads data/d.txt"]

    def test_through_a_link(self, project: Project) -> None:
        """A file that was reached by way of a symbolic link."""
        project.write({"real/d.txt": "1"})
        (project.root / "link").symlink_to("real")
        reads(project, "X = (HERE / 'link' / 'd.txt').read_text()")
        assert project.save({"real/d.txt": "2"}).told[0].startswith("app re-run: reads ")
        project.expect("app.X", "2")

    def test_source_as_data(self, project: Project) -> None:
        """A Python file that is shown, not imported."""
        reads(project, "X = (HERE / 'snippet.py').read_text()", **{"snippet.py": "1"})
        project.save({"snippet.py": "2"})
        project.expect("app.X", "2")

    def test_large_files(self, project: Project) -> None:
        """Files of some megabytes are told apart by size and time."""
        reads(
            project,
            "X = (HERE / 'd.bin').stat().st_size, (HERE / 'd.bin').read_bytes()[:1]",
            **{"d.bin": "x" * 5_000_000},
        )
        assert project.touch("d.bin").plan.empty
        assert project.save({"d.bin": "y" * 5_000_000}).told == ["app re-run: reads d.bin"]

    def test_outside(self, project: Project, tmp_path: Path) -> None:
        """Files outside the watched folders do not count."""
        outside = tmp_path / "outside.txt"
        outside.write_text("1")
        reads(project, f"X = Path({str(outside)!r}).read_text()")
        outside.write_text("2")
        assert project.carry_out(project.engine.plan([outside])).plan.empty


class TestFolders:
    LISTING = "X = sorted(name for name in os.listdir(HERE / 'up') if name != '__pycache__')"

    @pytest.mark.parametrize(
        "code",
        [
            LISTING,
            "X = sorted(path.name for path in (HERE / 'up').iterdir())",
            "X = sorted(path.name for path in (HERE / 'up').glob('*'))",
            "with os.scandir(HERE / 'up') as found: X = sorted(entry.name for entry in found)",
            "X = sorted(name for _, _, names in os.walk(HERE / 'up') for name in names)",
        ],
    )
    def test_names_come_and_go(self, project: Project, code: str) -> None:
        """A listed folder counts by its names."""
        reads(project, code, **{"up/a.txt": "1"})
        assert project.save({"up/b.txt": ""}).told == ["app re-run: reads up"]
        project.expect("app.X", ["a.txt", "b.txt"])
        assert project.save({"up/a.txt": None}).told == ["app re-run: reads up"]
        project.expect("app.X", ["b.txt"])

    def test_contents(self, project: Project) -> None:
        """Another content of a file in it does not count."""
        reads(project, self.LISTING, **{"up/a.txt": "1"})
        assert project.save({"up/a.txt": "2"}).plan.empty

    def test_noise(self, project: Project) -> None:
        """Hidden files, backups of editors and caches do not count."""
        reads(project, self.LISTING, **{"up/a.txt": "1"})
        assert project.save({"up/.a.txt.swp": "", "up/a.txt~": "", "up/__pycache__/x.pyc": ""}).plan.empty

    def test_appears(self, project: Project) -> None:
        """A folder that was missed appears."""
        reads(project, f"try:\n    {self.LISTING}\nexcept OSError: X = None")
        project.write({"up/a.txt": "1"})
        assert project.touch("up", "up/a.txt").told == ["app re-run: reads up"]
        project.expect("app.X", ["a.txt"])

    def test_new_folder_inside(self, project: Project) -> None:
        """A file in a new folder inside a listed one."""
        reads(project, "X = sorted(path.name for path in (HERE / 'up').rglob('*.txt'))", **{"up/a.txt": "1"})
        project.save({"up/more/b.txt": ""})
        project.expect("app.X", ["a.txt", "b.txt"])

    def test_plugins(self, project: Project) -> None:
        """A folder of plugins that are found by listing it and imported by name."""
        code = """
            import importlib, pkgutil
            import plugins
            FOUND = {}
            for info in pkgutil.iter_modules(plugins.__path__):
                FOUND[info.name] = importlib.import_module(f"plugins.{info.name}").X
            """
        project.load({"app.py": code, "plugins/__init__.py": "", "plugins/a.py": "X = 1\n"})
        project.save({"plugins/b.py": "X = 2\n"})
        project.expect("app.FOUND", {"a": 1, "b": 2})
        project.save({"plugins/a.py": None})
        project.expect("app.FOUND", {"b": 2})


class TestOwnWrites:
    WRITER = HERE + "def save(text, name='d.txt'):\n    (HERE / name).write_text(text)\n"

    def test_known(self, project: Project) -> None:
        """What the app writes itself is no news to it; the next foreign edit is."""
        project.load({"app.py": self.WRITER + "X = (HERE / 'd.txt').read_text()\n", "d.txt": "1"})
        project["app"].save("2")
        assert project.touch("d.txt").plan.empty
        assert project["app"].X == "1"
        assert project.save({"d.txt": "3"}).told == ["app re-run: reads d.txt"]

    def test_by_renaming(self, project: Project) -> None:
        """A file that the app replaces by another one."""
        code = (
            "def save(text):\n    (HERE / 'd.new').write_text(text)\n    os.replace(HERE / 'd.new', HERE / 'd.txt')\n"
        )
        project.load({"app.py": HERE + code + "X = (HERE / 'd.txt').read_text()\n", "d.txt": "1"})
        project["app"].save("2")
        assert project.touch("d.txt", "d.new").plan.empty

    def test_other_module_reads(self, project: Project) -> None:
        """Written by one module, read at import by another one."""
        project.load(
            {
                "app.py": self.WRITER + "import conf\n",
                "conf.py": HERE + "X = (HERE / 'd.txt').read_text()\n",
                "d.txt": "1",
            }
        )
        project["app"].save("2")
        assert project.touch("d.txt").plan.empty

    def test_two_readers(self, project: Project) -> None:
        """Two modules read what the app writes."""
        read = HERE + "X = (HERE / 'd.txt').read_text()\n"
        project.load({"app.py": self.WRITER + "import a, b\n", "a.py": read, "b.py": read, "d.txt": "1"})
        project["app"].save("2")
        assert project.touch("d.txt").plan.empty

    def test_in_a_listed_folder(self, project: Project) -> None:
        """An upload into a folder that was listed at import."""
        project.load({"app.py": self.WRITER + "X = os.listdir(HERE / 'up')\n", "up/a.txt": ""})
        project["app"].save("2", "up/b.txt")
        assert project.touch("up/b.txt").plan.empty

    def test_while_imported(self, project: Project) -> None:
        """A module that writes the file which it then reads does not run for ever."""
        code = (
            HERE
            + "F = HERE / 'd.txt'\nF.write_text(F.read_text() + 'x' if os.path.exists(F) else '')\nX = F.read_text()\n"
        )
        project.load({"app.py": code})
        for _ in range(3):
            assert project.touch("d.txt").plan.empty

    def test_code_without_a_file(self, project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
        """Code that came from no file is not the project's, even when the working directory is the project's folder."""
        project.load({"app.py": self.WRITER + "X = (HERE / 'd.txt').read_text()\n", "d.txt": "1"})
        monkeypatch.chdir(project.root)
        exec(compile("path.write_text('2')", "<string>", "exec"), {"path": project.root / "d.txt"})
        assert project.touch("d.txt").told == ["app re-run: reads d.txt"]

    def test_somebody_else(self, project: Project) -> None:
        """Writes of code that is not the project's count."""
        project.load({"app.py": self.WRITER + "X = (HERE / 'd.txt').read_text()\n", "d.txt": "1"})
        (project.root / "d.txt").write_text("2")
        assert project.touch("d.txt").told == ["app re-run: reads d.txt"]
