"""Which methods of a class only read its objects, by their source. Pure.

`registry.add(…)` at import time puts something there, `MENU = registry.items_by_title()` looks at what is there: two
calls alike, until one knows what the methods do. What cannot be seen counts as changing.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator
from typing import TypeAlias

from fh_dash.engine.uses import READERS

_Method: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef


def methods_of(statement: object) -> tuple[frozenset[str], frozenset[str]]:
    """Of a class: the methods that only read, and the others; of anything else nothing."""
    body = statement.body if isinstance(statement, ast.ClassDef) else ()
    methods = {method.name: method for method in body if isinstance(method, _Method)}
    readers = {name for name, method in methods.items() if method.args.args and not _assigns(method)}
    while writers := {name for name in readers if _calls_more_than(methods[name], READERS | readers)}:
        readers -= writers
    return frozenset(readers), frozenset(methods.keys() - readers)


def _assigns(method: _Method) -> bool:
    """It sets an attribute, an item or a global, or hands its object on."""
    own = method.args.args[0].arg
    whole = {id(node.value) for node in ast.walk(method) if isinstance(node, ast.Attribute)}
    return any(
        isinstance(node, ast.Global | ast.Nonlocal)
        or (isinstance(node, ast.Attribute | ast.Subscript) and not isinstance(node.ctx, ast.Load))
        or (isinstance(node, ast.Name) and node.id == own and id(node) not in whole)
        for node in _inner(method)
    )


def _calls_more_than(method: _Method, harmless: Collection[str]) -> bool:
    called = (node.func for node in _inner(method) if isinstance(node, ast.Call))
    return any(isinstance(func, ast.Attribute) and func.attr not in harmless for func in called)


def _inner(method: _Method) -> Iterator[ast.AST]:
    for statement in method.body:
        yield from ast.walk(statement)
