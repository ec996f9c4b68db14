"""Which globals a function makes when it is first called."""

from __future__ import annotations

import ast

import pytest

from fh_dash.engine.made_once import made_once

HEAD = "def f(a):\n    global X\n"


@pytest.mark.parametrize(
    ("body", "names"),
    [
        ("    if X is None:\n        X = make(a)\n    return X", {"make", "a"}),
        ("    if not X:\n        b = load()\n        X = Model(b)\n    return X", {"load", "Model", "b"}),
        ("    if a and X == None:\n        X: Model = Model()\n", {"Model"}),
        ("    if X is not None:\n        return X\n    X = make()\n    return X", {"make"}),
        ("    if X is None:\n        X = words.pkg.make(a)", {"words", "words.pkg", "words.pkg.make", "a"}),
        ("    with lock:\n        if X is None:\n            X = make()\n    return X", {"make"}),
    ],
)
def test_made_once(body: str, names: set[str]) -> None:
    assert made_once(ast.walk(ast.parse(HEAD + body))) == (("X", frozenset(tuple(name.split(".")) for name in names)),)


@pytest.mark.parametrize(
    "body",
    [
        "    X = make()",
        "    if X is None:\n        X = 0\n    X += 1",
        "    if X is None:\n        X = 0",
        "    if a is None:\n        X = make()",
        "    if X is None:\n        X = [*(X or ()), a]",
        "    if X is None:\n        return None\n    X = None",
    ],
)
def test_state(body: str) -> None:
    """Counters, flags and what others set is state."""
    assert made_once(ast.walk(ast.parse(HEAD + body))) == ()


def test_no_global() -> None:
    assert made_once(ast.walk(ast.parse("def f():\n    x = None\n    if x is None:\n        x = make()"))) == ()
