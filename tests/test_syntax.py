"""Parsing beside whoever else parses."""

from __future__ import annotations

import ast
import gc

import pytest

from fh_dash.syntax import parse


def test_parse_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """What CPython raises when somebody else parsed in the middle is no fault of the source."""
    failures, real = [SystemError("AST constructor recursion depth mismatch (before=1, after=2)")] * 2, ast.parse

    def sometimes(*arguments: object) -> ast.AST:
        if failures:
            raise failures.pop()
        return real(*arguments)  # type: ignore[call-overload, no-any-return]

    with monkeypatch.context() as patched:
        patched.setattr(ast, "parse", sometimes)
        tree = parse("x = 1")

    assert ast.dump(tree) == ast.dump(real("x = 1"))


def test_a_finalizer_that_parses() -> None:
    """The garbage collector runs in the middle, and what it finds parses deeper in the stack."""

    class Parses:
        def __init__(self) -> None:
            self.me = self

        def __del__(self) -> None:
            def deep(n: int) -> None:
                deep(n - 1) if n else ast.parse("a + b")

            deep(30)

    before = gc.get_threshold()
    gc.set_threshold(50)
    try:
        for _ in range(100):
            Parses()
            assert len(parse("\n".join(f"x{n} = [{n}, f(a=1)]" for n in range(20))).body) == 20
    finally:
        gc.set_threshold(*before)


@pytest.mark.parametrize(("source", "error"), [("x = (", SyntaxError), ("x\0", (SyntaxError, ValueError))])
def test_errors_pass(source: str, error: type[Exception]) -> None:
    """As of `ast.parse`."""
    with pytest.raises(error):
        parse(source)
