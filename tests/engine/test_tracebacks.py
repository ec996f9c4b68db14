"""File, line and source text of a traceback are those on disk, after any number of reloads."""

from __future__ import annotations

import inspect
import traceback
from collections.abc import Callable
from types import TracebackType
from typing import Any

import pytest

from tests.support.project import Project, text

LIB = """
    import contextlib
    import functools
    import lines


    def plain():
        raise ValueError  # here: plain


    def outer():
        return inner()  # here: outer


    def inner():
        return next(map(fail, (1,)))  # here: inner


    def fail(x):
        raise ValueError(  # here: fail
            x,
            {v},
        )


    def make():
        before = 1

        def closure():
            def deepest():
                return before / 0  # here: deepest

            return deepest()  # here: closure

        return closure


    @lines.decorated
    def handler():
        raise ValueError  # here: handler


    @functools.cache
    def cached():
        raise ValueError  # here: cached


    def generator():
        yield 1
        raise ValueError  # here: generator


    async def coroutine():
        raise ValueError  # here: coroutine


    @contextlib.contextmanager
    def manager():
        if {v} >= 0:
            raise ValueError  # here: manager
        yield


    class A:
        def method(self):
            return self.other()  # here: method

        def other(self):
            raise ValueError  # here: other

        @property
        def prop(self):
            raise ValueError  # here: prop

        @functools.cached_property
        def cached_prop(self):
            raise ValueError  # here: cached_prop

        @classmethod
        def of_class(cls):
            raise ValueError  # here: of_class

        @staticmethod
        def static():
            raise ValueError  # here: static

        @lines.decorated
        def wrapped(self):
            raise ValueError  # here: wrapped

        class Inner:
            def deep(self):
                raise ValueError  # here: deep


    class B(A):
        def method(self):
            return super().method()  # here: of B


    def in_a_lambda():
        return (lambda: 1 / 0)()  # here: in_a_lambda
    """
LINES = """
    import functools


    def decorated(function):
        @functools.wraps(function)
        def wrapper(*args):
            return function(*args)  # here: wrapper

        return wrapper
    """
# what to call -> the marks that its traceback must show, outermost first
CALLS: dict[str, tuple[Callable[[Any], Any], str]] = {
    "plain": (lambda lib: lib.plain(), "plain"),
    "outer": (lambda lib: lib.outer(), "outer inner fail"),
    "closure": (lambda lib: lib.make()(), "closure deepest"),
    "held closure": (lambda lib: lib.held(), "closure deepest"),
    "handler": (lambda lib: lib.handler(), "wrapper handler"),
    "cached": (lambda lib: lib.cached(), "cached"),
    "generator": (lambda lib: list(lib.generator()), "generator"),
    "coroutine": (lambda lib: lib.coroutine().send(None), "coroutine"),
    "manager": (lambda lib: lib.manager().__enter__(), "manager"),
    "method": (lambda lib: lib.A().method(), "method other"),
    "old instance": (lambda lib: lib.old.method(), "of B method other"),
    "property": (lambda lib: lib.A().prop, "prop"),
    "cached property": (lambda lib: lib.A().cached_prop, "cached_prop"),
    "class method": (lambda lib: lib.A.of_class(), "of_class"),
    "static method": (lambda lib: lib.A.static(), "static"),
    "wrapped method": (lambda lib: lib.A().wrapped(), "wrapper wrapped"),
    "inner class": (lambda lib: lib.A.Inner().deep(), "deep"),
    "super": (lambda lib: lib.B().method(), "of B method other"),
    "a lambda in a function": (lambda lib: lib.in_a_lambda(), "in_a_lambda in_a_lambda"),
}
HELD = ("held closure", "old instance")


def shown(project: Project, call: Callable[[], object]) -> list[str]:
    """The marks on the project's lines in the traceback; each line is checked against the disk."""
    try:
        call()
    except Exception as error:
        return list(map(mark, on_disk(project, error.__traceback__)))
    raise AssertionError("nothing was raised")


def on_disk(project: Project, trace: TracebackType | None) -> list[str]:
    found = []
    for frame in traceback.extract_tb(trace):
        if frame.filename.startswith(str(project.root)):
            with open(frame.filename, encoding="utf-8") as file:
                line = file.read().splitlines()[(frame.lineno or 0) - 1]
            assert frame.line == line.strip()
            found.append(line)
    return found


def mark(line: str) -> str:
    return line.partition("# here: ")[2]


def true(project: Project, calls: tuple[str, ...] = tuple(CALLS)) -> None:
    for name in calls:
        call, marks = CALLS[name]
        assert " ".join(shown(project, lambda call=call: call(project["lib"]))) == marks, name  # type: ignore[misc]


@pytest.fixture
def lib(project: Project) -> Project:
    project.load({"app.py": "import lib\n", "lib.py": source(0), "lines.py": LINES})
    hold(project)
    return project


def source(version: int, *, before: int = 0, between: int = 0) -> str:
    """The library with that many comment lines at its head and before each second definition."""
    lines = text(LIB).replace("{v}", str(version)).split("\n\n\n")
    gap = "\n\n\n" + "# a comment\n" * between
    return "# a comment\n" * before + gap.join(lines)


def hold(project: Project) -> None:
    """What somebody keeps over the edits."""
    project["lib"].held = project["lib"].make()
    project["lib"].old = project["lib"].B()


class TestReloads:
    @pytest.mark.parametrize("times", [0, 1, 2, 20])
    def test_comments(self, lib: Project, times: int) -> None:
        """Edits that only move lines: all functions, made by whatever definition and held by whomever, follow."""
        for number in range(1, times + 1):
            saved = lib.save({"lib.py": source(0, before=number % 7, between=number % 3)})
            assert saved.told == ["lib refreshed: only comments or layout changed"]
        true(lib)

    @pytest.mark.parametrize("times", [1, 2, 20])
    def test_edits(self, lib: Project, times: int) -> None:
        """Edits that run the module again, with moved functions in it."""
        for number in range(1, times + 1):
            lib.save({"lib.py": source(number, before=number % 7, between=number % 3)})
        true(lib, tuple(name for name in CALLS if name not in HELD))

    @pytest.mark.parametrize("times", [1, 2, 20])
    def test_both_in_turn(self, lib: Project, times: int) -> None:
        """Comments and edits in turn; an old instance follows through all of it."""
        old = lib["lib"].old
        for number in range(1, times + 1):
            lib.save({"lib.py": source(number, before=number % 5)})
            lib.save({"lib.py": source(number, before=number % 4, between=1)})
            hold(lib)
            lib["lib"].old = old
        true(lib)

    def test_functions_change_places(self, lib: Project) -> None:
        """Definitions in another order."""
        head, *parts = source(0).split("\n\n\n")
        first, last = parts[:8], parts[8:]
        saved = lib.save({"lib.py": "\n\n\n".join([head, *last, *first])})
        assert saved.told == ["lib re-run: modified"]
        true(lib, tuple(name for name in CALLS if name not in HELD))

    def test_decorator_moves(self, lib: Project) -> None:
        """The module of a decorator gets other lines; its closures are held by functions of another module."""
        for number in (1, 2):
            assert lib.save({"lines.py": "# a comment\n" * number + text(LINES)}).told[0].startswith("lines refreshed")
            true(lib, ("handler", "wrapped method"))

    def test_decorator_moves_in_an_edit(self, lib: Project) -> None:
        """The same, with other code above it: the module runs again, the ones that it decorated do not."""
        for number in (1, 2, 3):
            told = lib.save({"lines.py": f"X = {number}\n" * number + text(LINES)}).told
            assert told == ["lines re-run: modified"]
            true(lib, ("handler", "wrapped method"))

    def test_after_bad_saves(self, lib: Project) -> None:
        """A mended save after several bad ones."""
        lib.bad_save({"lib.py": "# a comment\n" + source(1) + "\n(\n"})
        lib.bad_save({"lib.py": source(1, before=3) + "\n1 / 0\n"})
        lib.save({"lib.py": source(1, before=2)})
        true(lib, tuple(name for name in CALLS if name not in HELD))

    def test_taken_back(self, lib: Project) -> None:
        """A bad save that is taken back, of the same size as the good one."""
        lib.bad_save({"lib.py": source(0).replace("import lines", "import linos")})
        lib.save({"lib.py": source(0)})
        true(lib)


class TestWhoIsLeftOut:
    def test_lambdas(self, project: Project) -> None:
        """A lambda at the top level, or in a class, follows its line."""
        lambdas = "f = lambda: 1 / 0  # here: f\nclass A:\n    g = lambda self: 1 / 0  # here: g\n"
        project.load({"app.py": lambdas})
        project.save({"app.py": "# a comment\n" + lambdas})
        assert shown(project, lambda: project["app"].f()) == ["f"]
        assert shown(project, lambda: project["app"].A().g()) == ["g"]

    def test_kept_cache(self, project: Project) -> None:
        """A `no_reload_cache` function that is not stale has today's lines."""
        kept = "from fh_utils import no_reload_cache\n@no_reload_cache\ndef f(): raise ValueError  # here: f\n"
        self.moved(project, kept)

    def test_kept_function(self, project: Project) -> None:
        """A `no_reload` function that is not stale has today's lines."""
        kept = "from fh_utils import no_reload\n@no_reload\ndef f(): raise ValueError  # here: f\n"
        self.moved(project, kept)

    def moved(self, project: Project, kept: str) -> None:
        project.load({"app.py": kept})
        for edit in ("{}X = 1\n", "# a comment\n{}X = 1\n", "# a comment\n\n{}X = 2\n", "# a comment\n\n\n{}X = 2\n"):
            project.save({"app.py": edit.format(kept)})
            assert shown(project, lambda: project["app"].f()) == ["f"]

    def test_running_generator(self, project: Project) -> None:
        """A generator that is running goes on with the code that it began with: that is a limit."""
        generator = "def f():\n    yield\n    raise ValueError  # here: f\n"
        project.load({"app.py": generator})
        running = project["app"].f()
        next(running)
        project.save({"app.py": "# a comment\n" + generator})
        with pytest.raises(ValueError, match="^$") as caught:
            next(running)
        assert traceback.extract_tb(caught.value.__traceback__)[-1].lineno == 3


class TestSource:
    SOURCE = "class A:\n    x = 1\n\n\ndef f():\n    return 1\n"

    def test_after_edits(self, project: Project) -> None:
        """`inspect` finds the source of functions and classes after edits."""
        project.load({"app.py": self.SOURCE})
        for number in (1, 2):
            project.save({"app.py": f"X = {number}\n" + "# a comment\n" * number + self.SOURCE})
            self.check(project)

    def test_after_comments(self, project: Project) -> None:
        """The same after edits that only move lines."""
        project.load({"app.py": self.SOURCE})
        for number in (1, 2):
            project.save({"app.py": "# a comment\n" * number + self.SOURCE})
            self.check(project)

    def check(self, project: Project) -> None:
        assert inspect.getsource(project["app"].A) == "class A:\n    x = 1\n"
        assert inspect.getsource(project["app"].f) == "def f():\n    return 1\n"


class TestReports:
    def test_place(self, project: Project) -> None:
        """The report of a failed save: innermost project line, excerpt, and frames without those of fh-dash."""
        project.load({"app.py": "import lib\n", "lib.py": "X = 1\n"})
        error = project.bad_save({"lib.py": "def f():\n    return 1 / 0\n\n\nX = f()\n"}).result.error
        assert error is not None
        assert (error.type, error.message, error.stage) == ("ZeroDivisionError", "division by zero", "reload")
        assert (error.file, error.line, error.column) == (str(project.root / "lib.py"), 2, 12)
        assert [(line.number, line.text) for line in error.excerpt] == [
            *((1, "def f():"), (2, "    return 1 / 0"), (3, ""))
        ]
        assert [(frame.line, frame.function, frame.text, frame.project) for frame in error.frames] == [
            *((5, "<module>", "X = f()", True), (2, "f", "return 1 / 0", True))
        ]

    def test_syntax(self, project: Project) -> None:
        """A SyntaxError's place is where the text is wrong."""
        project.load({"app.py": "X = 1\n"})
        error = project.bad_save({"app.py": "X = 1\nY = = 2\n"}).result.error
        assert error is not None
        assert (error.stage, error.type, error.file) == ("syntax", "SyntaxError", str(project.root / "app.py"))
        assert (error.line, error.column) == (2, 5)
        assert [line.text for line in error.excerpt] == ["X = 1", "Y = = 2"]

    @pytest.mark.parametrize("code", [b"X = 1\0\n", b"X = " + b"-" * 100_000 + b"1\n"], ids=["NUL", "too deep"])
    def test_no_place(self, project: Project, code: bytes) -> None:
        """When the compiler names no file, the report does."""
        project.load({"app.py": "X = 1\n"})
        error = project.bad_save({"app.py": code}).result.error
        assert error is not None
        assert error.file == str(project.root / "app.py")

    def test_recursion(self, project: Project) -> None:
        """An endless recursion is told by its ends."""
        project.load({"app.py": "X = 1\n"})
        error = project.bad_save({"app.py": "def f(): return f()\nX = f()\n"}).result.error
        assert error is not None
        assert error.frames[0].line == 2
        assert len(error.frames) <= 60

    def test_second_look(self, project: Project) -> None:
        """The excerpt is of the file as it is now, also when it was looked at a moment ago."""
        project.load({"app.py": "X = 1\n"})
        for name in ("aa", "bb", "cc"):
            error = project.bad_save({"app.py": f"X = {name}\n"}).result.error
            assert error is not None
            assert error.excerpt[0].text == f"X = {name}"
