"""What the source of one module says: its imports, its definitions, and when two versions mean the same."""

from __future__ import annotations

import ast

import pytest

from fh_dash.engine.analysis import Analysis, Import
from fh_dash.engine.dissect import analyse
from tests.support.project import text


def analysed(source: str, module: str = "shop.menu", is_package: bool = False) -> Analysis:
    return analyse(ast.parse(text(source)), module, is_package)


def imports(source: str, module: str = "shop.menu", is_package: bool = False) -> list[tuple[str, str, str | None]]:
    return [(i.local, i.module, i.name) for i in analysed(source, module, is_package).imports]


class TestImports:
    @pytest.mark.parametrize(
        ("source", "wanted"),
        [
            ("import a", [("a", "a", None)]),
            ("import a.b.c", [("a", "a.b.c", None)]),
            ("import a.b as c", [("c", "a.b", None)]),
            ("from a import b, c as d", [("b", "a", "b"), ("d", "a", "c")]),
            ("from a.b import *", [("*", "a.b", "*")]),
            ("from . import b", [("b", "shop", "b")]),
            ("from .b import c", [("c", "shop.b", "c")]),
        ],
    )
    def test_forms(self, source: str, wanted: list[tuple[str, str, str | None]]) -> None:
        """Each form of import names the module absolutely, and what it binds here."""
        assert imports(source) == wanted

    @pytest.mark.parametrize(
        ("source", "module", "is_package", "base"),
        [
            ("from . import x", "a.b.c", False, "a.b"),
            ("from . import x", "a.b", True, "a.b"),
            ("from .. import x", "a.b.c", False, "a"),
            ("from ..d import x", "a.b.c", False, "a.d"),
            ("from ...d.e import x", "a.b.c", True, "a.d.e"),
        ],
    )
    def test_relative(self, source: str, module: str, is_package: bool, base: str) -> None:
        """Dots count from the package, which a package's `__init__` is itself."""
        assert imports(source, module, is_package) == [("x", base, "x")]

    @pytest.mark.parametrize(
        ("source", "flags"),
        [
            ("import a", ""),
            ("def f():\n    import a", "deferred"),
            ("f = lambda: __import__('b')\nimport a", ""),
            ("class A:\n    import a", ""),
            ("class A:\n    def f(self):\n        import a", "deferred"),
            ("try:\n    import a\nexcept ImportError:\n    pass", "guarded"),
            ("if x:\n    pass\nelse:\n    import a", "guarded"),
            ("from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import a", "guarded typing_only"),
            ("import typing as t\nif t.TYPE_CHECKING:\n    import a", "guarded typing_only"),
            ("if TYPE_CHECKING:\n    pass\nelse:\n    import a", "guarded"),
            ("with x:\n    import a", ""),
        ],
    )
    def test_when_it_happens(self, source: str, flags: str) -> None:
        """Now, when a function runs, perhaps, or never."""
        found = next(i for i in analysed(source).imports if i.module == "a")
        assert {name for name in ("deferred", "guarded", "typing_only") if getattr(found, name)} == set(flags.split())

    def test_order_and_lines(self) -> None:
        """Imports stand in source order, wherever they are nested."""
        found = analysed("""
            import a
            if x:
                import b
            else:
                import c
            def f():
                import d
            try:
                import e
            except ImportError:
                import f
            else:
                import g
            import h
            """)
        assert [(i.module, i.line) for i in found.imports] == [
            *(("a", 1), ("b", 3), ("c", 5), ("d", 7), ("e", 9), ("f", 11), ("g", 13), ("h", 14))
        ]

    def test_what_is_bound(self) -> None:
        """Typing-only, deferred and star imports bind no name that could be seen."""
        found = analysed("from a import x\nfrom b import *\ndef f():\n    import c\nif TYPE_CHECKING:\n    import d\n")
        assert found.binds >= {"x", "f"}
        assert not found.binds & {"*", "c"}
        assert found.stars == (Import("*", "b", "*", 2),)


class TestUnits:
    def test_statement_by_statement(self) -> None:
        """Each top-level statement is a unit; those inside a compound one count for themselves, with its header."""
        units = analysed("""
            X = 1
            if flag:
                A = one
                def f(): ...
            else:
                B = two
            """).units
        assert [(u.kind, u.line, sorted(u.binds)) for u in units] == [
            ("other", 1, ["X"]),
            ("other", 2, []),
            ("other", 3, ["A"]),
            ("def", 4, ["f"]),
            ("other", 6, ["B"]),
        ]
        assert all("flag" in {use.path[0] for use in unit.now} for unit in units[1:])

    def test_by_name(self) -> None:
        """A name belongs to every statement that binds it or changes what it holds, in source order."""
        found = analysed("X = []\nX.append(1)\ndef f(): ...\nX = [2]\n")
        assert [unit.line for unit in found.by_name["X"]] == [1, 2, 4]

    def test_bound_together(self) -> None:
        """`app, rt = fast_app()`: what is registered by the one is in the other."""
        found = analysed("app, rt = fast_app()\n@rt('/')\ndef f(): ...\nrt.x = 1\n")
        assert [unit.line for unit in found.by_name["app"]] == [1, 4]

    @pytest.mark.parametrize(
        ("source", "dynamic"),
        [
            ("globals()['x'] = 1", True),
            ("exec('x = 1')", True),
            ("vars().update(x=1)", True),
            ("for n in 'ab': setattr(m, n, 1)", True),
            ("def f(): globals()['x'] = 1", False),
            ("X = eval", False),
        ],
    )
    def test_dynamic(self, source: str, dynamic: bool) -> None:
        """Names bound in ways that cannot be seen are known to be there."""
        assert analysed(source).dynamic is dynamic

    def test_declared(self) -> None:
        """Names that functions declare `global` may appear when those run."""
        assert analysed("def f():\n    def g():\n        global X, Y\n").declared == {"X", "Y"}


class TestDefinitions:
    def test_keys_and_names(self) -> None:
        """Every `def` and `class` that runs at import has a number and a qualified name, also several of one name."""
        found = analysed("""
            def get(): ...
            class A:
                def f(self):
                    def never(): ...
                class B:
                    async def g(self): ...
            if x:
                def get(): ...
            """).definitions
        assert [(d.key, d.qualname, d.is_class) for d in found] == [
            (0, "get", False),
            (1, "A", True),
            (2, "A.f", False),
            (3, "A.B", True),
            (4, "A.B.g", False),
            (5, "get", False),
        ]


SAME = {
    "comments": ("X = 1\n", "# one\nX = 1  # two\n"),
    "layout": ("def f(a,b): return a\n", "def f(\n    a,\n    b,\n):\n\n    return a\n"),
    "quotes": ("X = 'a' 'b'\n", 'X = "ab"\n'),
    "parentheses": ("X = a + (b * c)\n", "X = (a + b * c)\n"),
    "line ends": ("X = 1\n\nY = 2\n", "X = 1\r\nY = 2"),
    "numbers": ("X = 1_000\n", "X = 0x3E8\n"),
}
OTHER = {
    "a constant": ("X = 1\n", "X = 2\n"),
    "its type": ("X = 1\n", "X = 1.0\n"),
    "truth": ("X = 1\n", "X = True\n"),
    "text and bytes": ("X = 'a'\n", "X = b'a'\n"),
    "a docstring": ("def f():\n    'one'\n", "def f():\n    'two'\n"),
    "order": ("a()\nb()\n", "b()\na()\n"),
    "the branch": ("if x:\n    a = 1\nelse:\n    pass\n", "if x:\n    pass\nelse:\n    a = 1\n"),
    "await": ("async def f(): await g()\n", "async def f(): g()\n"),
    "a name's text": ("def f(a): ...\n", "def f(b): ...\n"),
}


@pytest.mark.parametrize(("old", "new"), SAME.values(), ids=SAME)
def test_same(old: str, new: str) -> None:
    """What does not change the syntax tree does not change the digest."""
    assert analysed(old).digest == analysed(new).digest


@pytest.mark.parametrize(("old", "new"), OTHER.values(), ids=OTHER)
def test_other(old: str, new: str) -> None:
    """What a program can notice changes the digest."""
    assert analysed(old).digest != analysed(new).digest


def test_surface() -> None:
    """A body edit leaves what a holder of the function can see; arguments, decorators and its kind do not."""
    base = "def f(a): return 1\n"
    surfaces = [analysed(s).units[0].surface for s in (base, "def f(a): return g(2)\n")]
    others = [
        "def f(a, b): return 1\n",
        "async def f(a): return 1\n",
        "@d\ndef f(a): return 1\n",
        "def f(a): yield 1\n",
    ]
    assert surfaces[0] == surfaces[1]
    assert surfaces[0] not in [analysed(s).units[0].surface for s in others]
