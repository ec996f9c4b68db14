"""Digests of syntax trees: equal for the same code on other lines."""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterator
from typing import Any

_MAKERS = frozenset({"__init__", "__new__", "__post_init__", "__init_subclass__", "__set_name__", "__class_getitem__"})


def digest(*nodes: ast.AST | None) -> str:
    """Of syntax trees, without positions."""
    text = "\0".join(_text(node) for node in nodes)
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()


def _text(tree: ast.AST | None) -> str:
    """What `ast.dump` gives, less pretty: that one recurses, and Python 3.12 bounds how deep C code may."""
    parts: list[str] = []
    waiting: list[Any] = [tree]
    while waiting:
        thing = waiting.pop()
        if isinstance(thing, ast.AST):
            parts.append(f"{type(thing).__name__}(")
            waiting.append(_END)
            waiting += [getattr(thing, name, None) for name in reversed(thing._fields)]
        elif isinstance(thing, list):
            parts.append("[")
            waiting.append(_END)
            waiting += reversed(thing)
        else:
            parts.append(")" if thing is _END else repr(thing))
    return ",".join(parts)


_END = object()


def surface_of(statement: ast.stmt) -> str:
    """What one sees of a definition who only holds it (`Unit.surface`); empty for other statements."""
    match statement:
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            return _function_surface(statement)
        case ast.ClassDef():
            inner = [part if _makes(part) else ast.Constant(surface_of(part)) for part in statement.body]
            return digest(
                ast.Constant(statement.name), *statement.bases, *statement.keywords, *inner, *statement.decorator_list
            )
    return ""


def _makes(part: ast.stmt) -> bool:
    """Whether what a statement of a class body does is in the objects that were made while it was so."""
    return not surface_of(part) or getattr(part, "name", "") in _MAKERS


def _function_surface(statement: ast.FunctionDef | ast.AsyncFunctionDef) -> str:
    own = [n for part in statement.body for n in _own_nodes(part)]
    generates = any(isinstance(n, ast.Yield | ast.YieldFrom) for n in own)
    kind = ast.Constant(f"{type(statement).__name__} {generates} {ast.get_docstring(statement)}")
    return digest(kind, ast.Constant(statement.name), statement.args, statement.returns, *statement.decorator_list)


def _own_nodes(node: ast.AST) -> Iterator[ast.AST]:
    """The node and what is in it, without the inside of nested functions."""
    yield node
    if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
        for child in ast.iter_child_nodes(node):
            yield from _own_nodes(child)
