"""A bad save changes nothing: the whole state in reach of the project is the same, object by object, as before."""

from __future__ import annotations

import ast
import logging
import sys
from collections.abc import Iterator

import pytest

from tests.engine.shop import APP, BASE, EDITED, REPORT, SHAPES, SHOP
from tests.support.picture import Picture
from tests.support.project import Project, Saved, text


@pytest.fixture
def shop(project: Project) -> Project:
    logging.getLogger("shapes.more")
    project.load(SHOP)
    assert project["app"].model()
    return project


def unchanged(picture: Picture) -> None:
    assert len(picture) > 250
    changes = picture.changes()
    assert not changes, "\n".join(changes[:8])


def statements(source: str) -> Iterator[tuple[int, int]]:
    """Line and column of each statement that runs while the module is imported, and of the end."""
    lines = text(source).splitlines()
    yield from _of_body(ast.parse(text(source)).body)
    yield len(lines) + 1, 0


def _of_body(body: list[ast.stmt]) -> Iterator[tuple[int, int]]:
    for statement in body:
        decorators = getattr(statement, "decorator_list", [])
        yield min(node.lineno for node in (statement, *decorators)), statement.col_offset
        if not isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
            for part in ("body", "orelse", "finalbody"):
                yield from _of_body(getattr(statement, part, []))


def broken_at(source: str, place: tuple[int, int]) -> str:
    """The source with an exception before the statement at that place."""
    line, column = place
    lines = text(source).splitlines()
    lines.insert(line - 1, " " * column + "raise RuntimeError('here')")
    return "\n".join(lines) + "\n"


def named(places: Iterator[tuple[int, int]]) -> list[object]:
    return [pytest.param(place, id=f"line {place[0]}") for place in places]


class TestAnyLine:
    @pytest.mark.parametrize("place", named(statements(EDITED)))
    def test_first_module(self, shop: Project, place: tuple[int, int]) -> None:
        """An exception before any statement of an edited module that registers with everybody."""
        picture = Picture(shop)
        saved = shop.bad_save({"shapes.py": broken_at(EDITED, place)})
        assert isinstance(saved.error, RuntimeError)
        assert (saved.result.error and saved.result.error.line) == place[0]
        unchanged(picture)

    @pytest.mark.parametrize("place", named(statements(REPORT)))
    def test_second_module(self, shop: Project, place: tuple[int, int]) -> None:
        """The same in a module that runs after another one has run in full."""
        picture = Picture(shop)
        saved = shop.bad_save({"shapes.py": EDITED, "report.py": broken_at(REPORT, place)})
        assert "shapes re-run: modified" in saved.told
        assert isinstance(saved.error, RuntimeError)
        unchanged(picture)

    @pytest.mark.parametrize("place", named(statements(BASE)))
    def test_what_all_build_on(self, shop: Project, place: tuple[int, int]) -> None:
        """The same in the module that holds the tables of the others."""
        picture = Picture(shop)
        shop.bad_save({"base.py": broken_at(BASE.replace("MODE", "MODUS"), place)})
        unchanged(picture)

    @pytest.mark.parametrize("place", named(statements(APP)))
    def test_entry(self, shop: Project, place: tuple[int, int]) -> None:
        """The same in the entry, which makes a new app."""
        picture = Picture(shop)
        shop.bad_save({"app.py": broken_at(APP.replace("index", "home"), place)})
        unchanged(picture)


FAULTS = {
    "sys.exit": ("import sys\nsys.exit(3)", SystemExit),
    "exit": ("raise SystemExit", SystemExit),
    "Ctrl-C": ("raise KeyboardInterrupt", KeyboardInterrupt),
    "endless recursion": ("def f(): return f()\nf()", RecursionError),
    "an endless chain": ("class A:\n    def __repr__(self): return repr(self)\nrepr(A())", RecursionError),
    "memory": ("raise MemoryError", MemoryError),
    "a generator's end": ("raise GeneratorExit", GeneratorExit),
    "a cancelled task": ("import asyncio\nraise asyncio.CancelledError", BaseException),
    "an own BaseException": ("class E(BaseException): pass\nraise E", BaseException),
    "a group": ("raise ExceptionGroup('two', [ValueError(1), KeyError(2)])", ExceptionGroup),
    "an assertion": ("assert SIZE == 1", AssertionError),
    "no such name": ("undefined", NameError),
    "no such module": ("import nowhere", ModuleNotFoundError),
    "no such name in a module": ("from base import nowhere", ImportError),
    "a module that does not compile": ("import broken", SyntaxError),
    "a module that raises": ("import raising", ZeroDivisionError),
    "an exception whose text fails": (
        "class E(Exception):\n    def __str__(self): raise ValueError\nraise E",
        Exception,
    ),
    "an own app": (
        "from fasthtml.common import FastHTML\nimport app as a\na.app = FastHTML()\n1 / 0",
        ZeroDivisionError,
    ),
    "sys.path": ("sys.path.clear()\n1 / 0", ZeroDivisionError),
    "the environment": ("import os\nos.environ['X_STORY'] = '1'\n1 / 0", ZeroDivisionError),
    "a class of others": ("base.Shape.__len__ = lambda self: 1\ndel Shape.known\n1 / 0", ZeroDivisionError),
    "a function of others": ("base.register.__wrapped__ = 1\nbase.option = 1\n1 / 0", ZeroDivisionError),
}


class TestAnyFault:
    @pytest.mark.parametrize(("code", "kind"), FAULTS.values(), ids=FAULTS)
    def test_at_the_end(self, shop: Project, code: str, kind: type[BaseException]) -> None:
        """Whatever ends a module, after all that it did before."""
        picture = Picture(shop)
        saved = shop.bad_save({"shapes.py": f"{EDITED}\n{code}\n", "broken.py": "(\n", "raising.py": "1 / 0\n"})
        assert isinstance(saved.error, kind)
        assert saved.result.error is not None
        unchanged(picture)

    @pytest.mark.parametrize(
        "code",
        [
            pytest.param("sys.modules.pop('base')", id="a module thrown out"),
            pytest.param("sys.modules['base'] = sys", id="a module exchanged"),
            pytest.param("sys.meta_path.append(sys)", id="an import hook"),
        ],
    )
    def test_import_system(self, shop: Project, code: str) -> None:
        """What a module did to the import system before it failed."""
        picture = Picture(shop)
        shop.bad_save({"shapes.py": f"{EDITED}\n{code}\n1 / 0\n"})
        unchanged(picture)

    @pytest.mark.parametrize(
        "code", ["(", "def", "x = = 1", "return 1", "await x", "'\\N{nope}'", "if 1:\nx", "# coding: nope", "\0"]
    )
    def test_does_not_compile(self, shop: Project, code: str) -> None:
        """A file that does not compile, in any way; nothing is run then."""
        picture = Picture(shop)
        saved = shop.bad_save({"base.py": BASE + "MORE = 1\n", "shapes.py": code + "\n"})
        assert saved.transaction is None
        assert shop.runs("base") == 1
        unchanged(picture)

    def test_no_text(self, shop: Project) -> None:
        """Bytes that are no text."""
        picture = Picture(shop)
        saved = shop.bad_save({"shapes.py": b"X = '\xff'\n"})
        assert saved.result.error is not None
        assert saved.result.error.file == str(shop.root / "shapes.py")
        unchanged(picture)


class TestAfterGoodRuns:
    """The code ran, but the app that it made does not start: the host rolls back."""

    @pytest.mark.parametrize(
        "files",
        [
            {"shapes.py": EDITED},
            {"report.py": REPORT + "\nX = 1\n"},
            {"base.py": BASE + "\nX = 1\n"},
            {"app.py": APP + "\nX = 1\n"},
            {"app.py": APP.replace("import report", "report = app").replace("report.LINES", "1")},
            {"app.py": APP.replace("import shapes\nimport report", "import report\nimport shapes")},
            {"base.py": "# more\n" + BASE},
            {"shapes.py": None, "shapes/__init__.py": SHAPES},
        ],
        ids=["registers", "computes", "base", "entry", "unloads", "order", "comment", "package"],
    )
    def test_rollback(self, shop: Project, files: dict[str, str | None]) -> None:
        """Everything is put back, twice in a row as well."""
        picture = Picture(shop)
        for _ in range(2):
            saved = shop.failed_start(files)
            assert saved.told
            unchanged(picture)

    def test_rollback_after_commit(self, shop: Project) -> None:
        """What was committed stays: a late rollback does nothing."""
        saved = shop.save({"shapes.py": EDITED})
        picture = Picture(shop)
        assert saved.transaction is not None
        saved.transaction.rollback()
        unchanged(picture)

    def test_app_is_gone(self, shop: Project) -> None:
        """The engine takes no offence at a missing app attribute: the host looks for it, and rolls back."""

        def look() -> None:
            if not hasattr(shop["app"], "app"):
                raise RuntimeError("no app")

        picture = Picture(shop)
        plan = shop.engine.plan(shop.write({"app.py": "import base\n"}))
        saved = shop.carry_out(plan, look)
        assert str(saved.error) == "no app"
        unchanged(picture)


class TestFiles:
    def test_deleted(self, shop: Project) -> None:
        """A module that others need is deleted."""
        picture = Picture(shop)
        saved = shop.bad_save({"base.py": None})
        assert isinstance(saved.error, ModuleNotFoundError)
        unchanged(picture)

    def test_deleted_lazily(self, project: Project) -> None:
        """The same for one that a function imports, which is called at import."""
        project.load({"app.py": "def f():\n    import lib\n    return lib.X\nY = f()\n", "lib.py": "X = 1\n"})
        picture = Picture(project)
        assert isinstance(project.try_save({"lib.py": None}).error, ModuleNotFoundError)
        assert not picture.changes()

    def test_data(self, project: Project) -> None:
        """A data file that its reader does not like."""
        source = (
            "import json, pathlib\nLIST = []\nX = json.loads(pathlib.Path(__file__).with_name('d.json').read_text())\n"
        )
        project.load({"app.py": source, "d.json": "[1]"})
        picture = Picture(project)
        project.bad_save({"d.json": "[1"})
        assert not picture.changes()
        project.save({"d.json": "[2]"})
        project.expect("app.X", [2])


METAL = "class Base(metaclass=Meta): pass\n"
MADE = "        cls = super().__new__(mcs, name, *rest)\n        if name != 'A': return cls\n"


class TestSubclasses:
    """What base classes know of their subclasses."""

    @pytest.mark.parametrize(
        "base",
        [
            "",
            "(ABC)",
            "(Protocol)",
            "(Exception)",
            "(Generic[T])",
            "(tuple)",
        ],
    )
    @pytest.mark.parametrize("good", [True, False], ids=["good", "bad"])
    def test_edited(self, project: Project, base: str, good: bool) -> None:
        """An edited subclass is known once, after good and bad saves."""
        head = "from abc import ABC\nfrom typing import Generic, Protocol, TypeVar\nT = TypeVar('T')\n"
        user = "from lib import Base\nclass A(Base):\n    x = {}\n"
        project.load(
            {"app.py": "import user\n", "lib.py": f"{head}class Base{base}: pass\n", "user.py": user.format(1)}
        )
        known = project["lib"].Base.__subclasses__
        assert known() == [project["user"].A]
        for number in (2, 3):
            project.save({"user.py": user.format(number)}) if good else project.bad_save(
                {"user.py": user.format("1\n1/0")}
            )
            assert known() == [project["user"].A]

    def test_new(self, project: Project) -> None:
        """A new subclass in a save that fails is not known afterwards."""
        user = "from lib import Base\n"
        project.load({"app.py": "import user\n", "lib.py": "class Base: pass\n", "user.py": user})
        project.bad_save({"user.py": user + "class A(Base): pass\n1/0\n"})
        assert project["lib"].Base.__subclasses__() == []

    @pytest.mark.parametrize(
        "base",
        [
            "class Base:\n    def __init_subclass__(cls): 1 / 0\n",
            f"class Meta(type):\n    def __init__(cls, name, *rest): name == 'A' and 1 / 0\n{METAL}",
            f"class Meta(type):\n    def __new__(mcs, name, *rest):\n{MADE}        1 / 0\n{METAL}",
            "class Field:\n    def __set_name__(self, owner, name): 1 / 0\nclass Base: pass\n",
        ],
        ids=["__init_subclass__", "metaclass __init__", "metaclass __new__", "__set_name__"],
    )
    def test_half_made(self, project: Project, base: str) -> None:
        """A class in the making of which the error is raised is not known afterwards."""
        user = "from lib import *\n"
        project.load({"app.py": "import user\n", "lib.py": base, "user.py": user})
        body = "f = Field()" if "Field" in base else "pass"
        project.bad_save({"user.py": user + f"class A(Base): {body}\n"})
        assert project["lib"].Base.__subclasses__() == []

    def test_dropped(self, project: Project) -> None:
        """A subclass that the source no longer has is not known afterwards, but comes back when the save fails."""
        user = "from lib import Base\nclass A(Base): pass\n"
        project.load({"app.py": "import user\n", "lib.py": "class Base: pass\n", "user.py": user})
        before = project["user"].A
        project.failed_start({"user.py": "from lib import Base\n"})
        assert project["lib"].Base.__subclasses__() == [before]
        project.save({"user.py": "from lib import Base\n"})
        assert project["lib"].Base.__subclasses__() == []


@pytest.mark.parametrize(
    "files",
    [{"shapes.py": EDITED + "\n1/0\n"}, {"shapes.py": "(\n"}, {"app.py": "1/0\n"}],
    ids=["raises", "syntax", "entry"],
)
def test_goes_on_answering(shop: Project, files: dict[str, str]) -> None:
    """After a bad save the app answers as before, handlers and all."""
    paths = ["/", "/shapes", "/last"]
    before = [shop.get(path) for path in paths]
    shop.bad_save(files)
    assert [shop.get(path) for path in paths] == before
    assert not [answer for answer in before if answer[:4] in ("404 ", "500 ")]


def last(saved: Saved) -> str:
    assert saved.result.error is not None
    return f"{saved.result.error.type} {saved.result.error.line}"


def test_many_bad_saves(shop: Project) -> None:
    """Fifty bad saves in a row leave as little as one."""
    picture, limit = Picture(shop), sys.getrecursionlimit()
    places = list(statements(EDITED))
    for number in range(50):
        assert last(shop.bad_save({"shapes.py": broken_at(EDITED, places[number % len(places)])})).startswith(
            "RuntimeError"
        )
    unchanged(picture)
    assert sys.getrecursionlimit() == limit


def test_new_module_registers_and_fails(project: Project) -> None:
    """What a module had put somewhere before it failed, loaded for the first time, is taken back."""
    shop = (
        "class Router:\n    def __init__(self):\n        self.paths = []\n"
        "    def get(self, path):\n        def put(fn):\n            self.paths.append(path)\n        return put\n"
        "router = Router()\ndef other(a=1):\n    return a\n"
    )
    views = "from shop import *\n@router.get('/new')\ndef new():\n    pass\n1 / 0\n"
    start = {"app.py": "from shop import other\n", "shop.py": shop, "admin.py": "import inner.views\n"}
    project.load({**start, "inner/views/__init__.py": views})
    project.bad_save({"app.py": "from shop import other\nfrom admin import nothing\n"})
    assert project["shop"].router.paths == []
