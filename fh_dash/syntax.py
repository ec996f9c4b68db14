"""`ast.parse` that can be relied on while anything else may parse at the same moment."""

from __future__ import annotations

import ast

_ATTEMPTS = 5


def parse(source: str | bytes, filename: str = "<unknown>") -> ast.Module:
    """As `ast.parse`, with its errors.

    Up to Python 3.12 the depth that the parser counts is shared by the whole process: when the garbage collector
    runs in the middle, and what it finalizes prints a traceback (which parses, too), SystemError is raised
    ("AST constructor recursion depth mismatch", CPython issue 106905). Nothing is wrong with the source then.
    """
    for _ in range(_ATTEMPTS - 1):
        try:
            return ast.parse(source, filename)
        except SystemError:
            continue
    return ast.parse(source, filename)
