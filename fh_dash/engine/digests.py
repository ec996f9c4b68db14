"""Digests of syntax trees: equal for the same code on other lines."""

from __future__ import annotations

import ast
import hashlib
from typing import Any

from fh_dash.engine.trees import children

_MAKERS = frozenset({"__init__", "__new__", "__post_init__", "__init_subclass__", "__set_name__", "__class_getitem__"})


class Digests:
    """Of the parts of one tree, which does not change meanwhile: each statement is gone through once for all."""

    def __init__(self) -> None:
        self._known: dict[int, str] = {}

    def of(self, *nodes: ast.AST | None) -> str:
        """Of syntax trees, without positions."""
        if len(nodes) == 1 and isinstance(nodes[0], ast.stmt):
            return self._statement(nodes[0])
        return _hash(self._text([*nodes]))

    def _statement(self, statement: ast.stmt) -> str:
        if id(statement) not in self._known:
            self._known[id(statement)] = _hash(self._text(statement))
        return self._known[id(statement)]

    def _text(self, tree: ast.AST | list[ast.AST | None]) -> str:
        """What `ast.dump` gives, less pretty: that one recurses, and Python 3.12 bounds how deep C code may.

        Of a statement inside there is its digest.
        """
        parts: list[str] = []
        waiting: list[Any] = [tree]
        while waiting:
            thing = waiting.pop()
            if isinstance(thing, ast.stmt) and thing is not tree:
                parts.append(self._statement(thing))
            elif isinstance(thing, ast.AST):
                if not thing._fields:  # `Load` and the like: a third of all
                    parts.append(type(thing).__name__)
                    continue
                parts.append(f"{type(thing).__name__}(")
                waiting.append(_END)
                waiting += [getattr(thing, name, None) for name in thing._fields[::-1]]
            elif type(thing) is list:
                parts.append("[")
                waiting.append(_END)
                waiting += thing[::-1]
            else:
                parts.append(")" if thing is _END else repr(thing))
        return ",".join(parts)

    def surface_of(self, statement: ast.stmt) -> str:
        """What one sees of a definition who only holds it (`Unit.surface`); empty for other statements."""
        match statement:
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                return self._function_surface(statement)
            case ast.ClassDef():
                surfaces = [(part, self.surface_of(part)) for part in statement.body]
                inner = [ast.Constant(seen) if seen and not _makes(part) else part for part, seen in surfaces]
                head = (ast.Constant(statement.name), *statement.bases, *statement.keywords)
                return self.of(*head, *inner, *statement.decorator_list)
        return ""

    def _function_surface(self, statement: ast.FunctionDef | ast.AsyncFunctionDef) -> str:
        kind = ast.Constant(f"{type(statement).__name__} {_generates(statement)} {ast.get_docstring(statement)}")
        return self.of(kind, ast.Constant(statement.name), statement.args, statement.returns, *statement.decorator_list)


_END = object()
_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)


def _hash(text: str) -> str:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()


def _makes(part: ast.stmt) -> bool:
    """Whether what a definition in a class body does is in the objects that were made while it was so."""
    return getattr(part, "name", "") in _MAKERS


def _generates(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Whether a call makes a generator: one of its own parts, not of a function inside of it, is a `yield`."""
    waiting: list[ast.AST] = [*function.body]
    while waiting:
        node = waiting.pop()
        if isinstance(node, (ast.Yield, ast.YieldFrom)):
            return True
        if not isinstance(node, _SCOPES):
            waiting += children(node)
    return False
