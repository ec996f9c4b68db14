"""Which global names a statement binds, uses while it runs, and uses later: one line of a table for each rule."""

from __future__ import annotations

import ast
import sys
from dataclasses import dataclass

import pytest

from fh_dash.engine.analysis import Analysis
from fh_dash.engine.dissect import analyse
from tests.support.project import text


@dataclass(frozen=True)
class Case:
    source: str
    binds: str = ""
    now: str = ""
    later: str = ""


def analysed(source: str) -> Analysis:
    return analyse(ast.parse(text(source)), "m", False)


def check(case: Case) -> None:
    units = analysed(case.source).units
    binds = {name for unit in units for name in unit.binds}
    now = {".".join(use.path) for unit in units for use in unit.now}
    later = {".".join(use.path).replace("\0", "import") for unit in units for use in unit.later}
    assert (binds, now, later) == (set(case.binds.split()), set(case.now.split()), set(case.later.split()))


EXPRESSIONS = {
    "a call": Case("X = f(a, k=b)", "X", "f a b"),
    "attributes": Case("X = a.b.c", "X", "a.b.c"),
    "an attribute of a call": Case("X = f(a).b.c", "X", "f a"),
    "a subscript": Case("X = table[key].name", "X", "table key"),
    "an f-string": Case("X = f'{name!r:>{width}}'", "X", "name width"),
    "a conditional": Case("X = a if b else c", "X", "a b c"),
    "a chain of targets": Case("X = Y = (A, *B) = value", "X Y A B", "value"),
    "an annotated name": Case("X: Kind = value", "X", "Kind value"),
    "an assignment expression": Case("if (n := f()) > 1: pass", "n", "f"),
    "an augmented assignment": Case("X += step", "X", "X step"),
    "an augmented item": Case("table[key] += step", "", "table key step"),
    "an attribute that is set": Case("conf.debug = flag", "", "conf.debug flag"),
    "a deleted name": Case("del X", "", "X"),
    "await and yield": Case("async def f(): return await a.b(), (yield c)", "f", "", "a.b c"),
}
COMPREHENSIONS = {
    "the variable is its own": Case("X = [x.y for x in xs if ok(x)]", "X", "xs ok"),
    "nested": Case("X = [(x, y) for x in xs for y in f(x)]", "X", "xs f"),
    "a dict": Case("X = {k: make(v) for k, (v, *rest) in items}", "X", "make items"),
    "a walrus leaves it": Case("X = [last := f(x) for x in xs]", "X last", "f xs"),
    "the first iterable is outside": Case("X = [x for x in x]", "X", "x"),
    "in a function": Case("def f(a): return {b: c for b in a}", "f", "", "c"),
    "the class variable of a class body": Case("class A:\n    X = [y for y in ys]", "A", "ys"),
}
FUNCTIONS = {
    "the body comes later": Case("def f(): return g(X)", "f", "", "g X"),
    "defaults come now": Case("def f(a=X, *, b=Y): return a, b", "f", "X Y"),
    "annotations come now": Case("def f(a: A, *b: B, c: C = None, **d: D) -> R: ...", "f", "A B C D R"),
    "decorators come now": Case("@deco(x)\n@other.deco\ndef f(): ...", "f", "deco x other.deco"),
    "arguments are local": Case("def f(a, /, b, *c, d, **e): return a, b, c, d, e", "f"),
    "assigned names are local": Case("def f():\n    x = 1\n    return x", "f"),
    "also before they are assigned": Case("def f():\n    y = x\n    x = 1", "f"),
    "an inner function sees them": Case("def f(a):\n    def g(): return a, b\n    return g", "f", "", "b"),
    "an inner function's own are no business of the outer": Case(
        "def f():\n    def g():\n        x = 1\n    return x", "f", "", "x"
    ),
    "global names are not local": Case("def f():\n    global X\n    X = g()\n    return X", "f", "", "g X"),
    "nonlocal names are": Case("def f():\n    x = 1\n    def g():\n        nonlocal x\n        x = h()", "f", "", "h"),
    "loop, with, except": Case(
        "def f():\n    for a in xs:\n        with b as c:\n            try: d\n            except E as e: a, c, e",
        "f",
        "",
        "xs b d E",
    ),
    "a lambda": Case("f = lambda a, b=X: a + b + Y", "f", "X", "Y"),
    "an import in a function": Case(
        "def f():\n    from a.b import c\n    import d.e\n    return c, d", "f", "", "import.a.b.c import.d.e.*"
    ),
    "match": Case("def f(x):\n    match x:\n        case A(b, c=[d, *e]) as g if h: b, d, e, g", "f", "", "A h"),
}
CLASSES = {
    "bases and body come now": Case("class A(B, metaclass=M, k=K):\n    x = C", "A", "B M K C"),
    "methods come later": Case("class A:\n    def f(self, a=X): return Y", "A", "X", "Y"),
    "its names are no globals": Case("class A:\n    x = 1\n    def f(self): return x", "A", "", "x"),
    "a decorator of a method": Case("class A:\n    @deco\n    def f(self): ...", "A", "deco"),
    "a class in a class": Case("class A:\n    class B(C):\n        def f(self): return D", "A", "C", "D"),
    "a class in a function": Case("def f():\n    class A(B):\n        x = C\n    return A", "f", "", "B C"),
}
STATEMENTS = {
    "if": Case("if a:\n    X = b\nelif c:\n    Y = d", "X Y", "a b c d"),
    "for and else": Case("for i, j in xs:\n    X = i\nelse:\n    Y = 1", "i j X Y", "xs i"),
    "while": Case("while test():\n    X = 1", "X", "test"),
    "with": Case("with f(a) as b, c:\n    X = b", "b X", "f a c b"),
    "try": Case("try:\n    X = a\nexcept (E, F):\n    Y = e\nfinally:\n    Z = b", "X Y Z", "a E F e b"),
    "match at the top": Case(
        "match value:\n    case Point(x=0, y=y): X = y\n    case [first, *rest]: ...\n    case {'k': k, **more}: ...",
        "y first rest k more X",
        "value Point y",
    ),
    "match as": Case("match value:\n    case int() as n if n > limit: ...", "n", "value int n limit"),
    "imports": Case("import a.b\nimport c.d as e\nfrom f import g, h as i", "a e g i"),
    "a star": Case("from a import *"),
    "assert and raise": Case("assert a, b\nif c: raise D from e", "", "a b c D e"),
}
TYPED = {
    "a type alias": Case("type X = list[Y]", "X", "list Y"),
    "a generic function": Case("def f[T](a: T) -> T: return a", "f", "T"),
}


@pytest.mark.parametrize("case", EXPRESSIONS.values(), ids=EXPRESSIONS)
def test_expressions(case: Case) -> None:
    """Names in an expression are used where they stand."""
    check(case)


@pytest.mark.parametrize("case", COMPREHENSIONS.values(), ids=COMPREHENSIONS)
def test_comprehensions(case: Case) -> None:
    """A comprehension has variables of its own, but runs at once."""
    check(case)


@pytest.mark.parametrize("case", FUNCTIONS.values(), ids=FUNCTIONS)
def test_functions(case: Case) -> None:
    """What a function does it does later; what its `def` needs is needed now."""
    check(case)


@pytest.mark.parametrize("case", CLASSES.values(), ids=CLASSES)
def test_classes(case: Case) -> None:
    """The body of a class runs now, its methods later."""
    check(case)


@pytest.mark.parametrize("case", STATEMENTS.values(), ids=STATEMENTS)
def test_statements(case: Case) -> None:
    """Compound statements bind and use what their parts do."""
    check(case)


def test_except_name() -> None:
    """`except E as e` binds `e`, if only for a while."""
    check(Case("try:\n    X = a\nexcept E as e:\n    Y = e", "X Y e", "a E e"))


def test_match_rest() -> None:
    """`case {**rest}` in a function makes `rest` local."""
    check(Case("def f(x):\n    match x:\n        case {'k': 1, **rest}: return rest", "f"))


@pytest.mark.skipif(sys.version_info < (3, 12), reason="syntax of Python 3.12")
@pytest.mark.parametrize("case", TYPED.values(), ids=TYPED)
def test_type_syntax(case: Case) -> None:
    """Type parameters and aliases are taken for ordinary uses: one too many does no harm."""
    check(case)


@pytest.mark.parametrize(
    ("source", "called"),
    [
        ("X = f(a)", "f"),
        ("X = map(f, xs)", "map f xs"),
        ("X = [f, a]", ""),
        ("X = Route('/', f)", "Route"),
        ("@deco\ndef f(): ...", "deco"),
        ("class A(B): ...", "B"),
        ("X = a.b(c)", "a.b"),
        ("X = rt('/')(f)", "rt"),
    ],
)
def test_called(source: str, called: str) -> None:
    """What runs at import time counts by what it does, what is only handed on by what it is."""
    found = {".".join(use.path) for unit in analysed(source).units for use in unit.now if use.called}
    assert found == set(called.split())


@pytest.mark.parametrize(
    ("source", "mutated"),
    [
        ("X.append(1)", "X"),
        ("X['k'] = 1", "X"),
        ("del X['k']", "X"),
        ("X.a.b = 1", "X"),
        ("X['a']['b'].c = 1", "X"),
        ("X += [1]", "X"),
        ("app.add_route('/', f)", "app"),
        ("f(X)", ""),
        ("Y = X.get('k')", ""),
        ("Y = X.items()", ""),
        ("@app.route('/')\ndef f(): ...", "app"),
        ("@app.get('/')\ndef f(): ...", "app"),
        ("app.get('/')(f)", "app"),
        ("def f(): X.append(1)", ""),
        ("def f(X): X.append(1)", ""),
        ("[x.append(1) for x in X]", ""),
    ],
)
def test_mutated(source: str, mutated: str) -> None:
    """A statement that may change the contents of a name is seen to do so; readers and plain calls are not."""
    assert {name for unit in analysed(source).units for name in unit.mutates} == set(mutated.split())


def test_lines() -> None:
    """A use carries the line on which it stands, not that of its statement."""
    units = analysed("X = [\n    a,\n    f(b),\n]\n").units
    assert {use.path[0]: use.line for unit in units for use in unit.now} == {"a": 2, "f": 3, "b": 3}
