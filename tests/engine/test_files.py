"""Odd source files: encodings, line ends, long ones; names that come, go and move."""

from __future__ import annotations

from pathlib import Path

import pytest

from fh_dash.engine.sources import EMPTY, read
from tests.support.project import Project

ODD = {
    "BOM": (b"\xef\xbb\xbfX = 'bom'\n", "bom"),
    "CRLF": (b"if True:\r\n    X = 'crlf'\r\n", "crlf"),
    "CR": (b"Y = 1\rX = 'cr'\r", "cr"),
    "mixed line ends": (b"Y = 1\r\nZ = 2\nX = 'mixed'\r\n", "mixed"),
    "coding cookie": ("# -*- coding: latin-1 -*-\nX = '\xe9'\n".encode("latin-1"), "\xe9"),
    "cookie in the second line": ("#!/usr/bin/python\n# coding: cp1252\nX = '\u20ac'\n".encode("cp1252"), "\u20ac"),
    "BOM and cookie": (b"\xef\xbb\xbf# coding: utf-8\nX = '\xc3\xa9'\n", "\xe9"),
    "no last newline": (b"X = 'end'", "end"),
    "form feed": (b"\x0cX = 'feed'\n", "feed"),
    "tabs": (b"if True:\n\tX = 'tab'\n", "tab"),
    "a name beyond ASCII": ("\u03c0 = 3\nX = \u03c0\n".encode(), 3),
    "a line continued at the end": (b"X = \\\n  'continued'\n", "continued"),
    "emoji": ("X = '\U0001f600'\n".encode(), "\U0001f600"),
    "long": (b"".join(b"def f%d(): return %d\n" % (n, n) for n in range(1000)) + b"X = f999()\n", 999),
}


@pytest.mark.parametrize(("data", "value"), ODD.values(), ids=ODD)
class TestOdd:
    def test_first(self, project: Project, data: bytes, value: object) -> None:
        """It loads."""
        project.load({"app.py": "from odd import X\n", "odd.py": data})
        project.expect("app.X", value)

    def test_edited(self, project: Project, data: bytes, value: object) -> None:
        """It comes in the place of an ordinary file, and goes again."""
        project.load({"app.py": "from odd import X\n", "odd.py": "X = 0\n"})
        project.save({"odd.py": data})
        project.expect("app.X", value)
        project.save({"odd.py": "X = 0\n"})
        project.expect("app.X", 0)

    def test_bad_after_it(self, project: Project, data: bytes, value: object) -> None:
        """It stays what it is through a bad save."""
        project.load({"app.py": "from odd import X\n", "odd.py": data})
        project.bad_save({"odd.py": data + b"\n1 / 0\n"})
        assert value == project["app"].X
        assert project.save({"odd.py": data}).told == []


def test_emptied_at_this_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that is read between its truncation and its new content is not taken for an empty one."""
    parts = iter([b"", b"", b"X = 2\n", b""])
    monkeypatch.setattr(Path, "read_bytes", lambda path: next(parts))

    assert read(Path("app.py"), "of what was there") == b"X = 2\n"
    assert read(Path("app.py"), EMPTY) == b""


DEEP = {
    "a sum": "X = " + " + ".join(["1"] * 1200) + "\n",
    "an elif chain": "def f(x):\n    if x: pass\n" + "".join(f"    elif x == {n}: pass\n" for n in range(600)),
    "a chain of calls": "class A:\n    def f(self): return self\nX = A()" + ".f()" * 600 + "\n",
}


@pytest.mark.parametrize("source", DEEP.values(), ids=DEEP)
def test_deep(project: Project, source: str) -> None:
    """What Python compiles, the engine loads, however deep its syntax tree is."""
    try:
        project.load({"app.py": source})
    except RecursionError as error:
        pytest.fail(str(error), pytrace=False)  # its traceback would take seconds to show


class TestSameSize:
    def test_in_one_second(self, project: Project) -> None:
        """Saves of equal size within a second are all seen: contents are compared, not times."""
        project.load({"app.py": "X = 0\n"})
        for number in range(1, 9):
            project.save({"app.py": f"X = {number}\n"})
            assert number == project["app"].X

    def test_no_cached_code(self, project: Project) -> None:
        """No `.pyc` is written or believed."""
        project.load({"app.py": "import lib\nX = lib.X\n", "lib.py": "X = 1\n"})
        assert not list(project.root.rglob("*.pyc"))


class TestNames:
    def test_module_becomes_package_and_back(self, project: Project) -> None:
        """The module object, its users and its submodules follow."""
        project.load({"app.py": "import lib\ndef f(): return lib.X\n", "lib.py": "X = 1\n"})
        module = project["lib"]
        project.save({"lib.py": None, "lib/__init__.py": "from lib.inner import X\n", "lib/inner.py": "X = 2\n"})
        project.expect("app.f()", 2)
        assert project["lib"] is module
        project.save({"lib/__init__.py": None, "lib/inner.py": None, "lib.py": "X = 3\n"})
        project.expect("app.f()", 3)
        project.expect("hasattr(app.lib, '__path__')", False)
        assert "lib.inner" not in project.modules()

    def test_renamed(self, project: Project) -> None:
        """A module under another name, with the edit of its user in the same save."""
        project.load({"app.py": "from old import X\nLIST = [X]\n", "old.py": "X = 1\n"})
        project.save({"old.py": None, "new.py": "X = 1\n", "app.py": "from new import X\nLIST = [X]\n"})
        assert set(project.modules()) == {"app", "new"}

    def test_folder_moved(self, project: Project) -> None:
        """A package is moved; the watcher tells of folders only."""
        project.load({"app.py": "import a.b\nX = a.b.X\n", "a/__init__.py": "", "a/b.py": "X = 1\n"})
        project.write({"a": None, "c/__init__.py": "", "c/b.py": "X = 2\n", "app.py": "import c.b\nX = c.b.X\n"})
        project.touch("a", "c", "app.py")
        project.expect("app.X", 2)
        assert set(project.modules()) == {"app", "c", "c.b"}

    def test_shadowed(self, project: Project) -> None:
        """A file that takes the place of a module found further down the path."""
        project.load(
            {
                "app.py": "import sys\nsys.path.append(__file__[:-6] + 'more')\nimport lib\nX = lib.X\n",
                "more/lib.py": "X = 1\n",
            }
        )
        project.save({"lib.py": "X = 2\n"})
        project.expect("app.X", 2)
        project.save({"lib.py": None})
        project.expect("app.X", 1)

    def test_path_of_its_own(self, project: Project) -> None:
        """Modules on a path that the entry adds are the project's, and the path is not added twice."""
        add = "import os, sys\nsys.path.insert(0, os.path.join(os.path.dirname(__file__), 'lib'))\n"
        project.load({"app.py": add + "import inner\nX = inner.Y\n", "lib/inner.py": "Y = 1\n"})
        project.save({"lib/inner.py": "Y = 2\n"})
        project.expect("app.X", 2)
        project.save({"app.py": add + "import inner\nX = inner.Y + 1\n"})
        project.expect("app.X", 3)
        project.expect(f"__import__('sys').path.count({str(project.root / 'lib')!r})", 1)

    def test_irrelevant(self, project: Project) -> None:
        """Files that nobody imports or read ask for nothing."""
        project.load({"app.py": "X = 1\n"})
        saved = project.save({"other.py": "1 / 0\n", "notes.txt": "x", ".app.py.swp": "", "app.py~": "", "4913": ""})
        assert saved.plan.empty
        assert "other" not in project.modules()

    def test_environment_inside(self, project: Project) -> None:
        """An environment in the project folder is not the project."""
        project.load(
            {"app.py": "X = 1\n", "env/pyvenv.cfg": "", "env/lib/x.py": "", ".venv/y.py": "", "node_modules/z.py": ""}
        )
        inside = ["env/lib/x.py", ".venv/y.py", "node_modules/z.py", "app.py", "new/deep.py"]
        found = [project.engine.is_project_file(project.root / name) for name in inside]
        assert found == [False, False, False, True, True]
