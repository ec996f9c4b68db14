"""Globals that a function makes when it is first called, by its source: `if _client is None: _client = Client()`. Pure.

They are caches like those of `functools`: what they were made from may change. What cannot be seen counts as state.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterable
from typing import TypeAlias

from fh_dash.engine.trees import walk
from fh_dash.engine.uses import dotted

Path: TypeAlias = tuple[str, ...]
MadeOnce: TypeAlias = tuple[tuple[str, frozenset[Path]], ...]
"""Global -> the dotted names in what it is made from."""


def made_once(parts: Iterable[ast.AST]) -> MadeOnce:
    """Of the functions among these nodes, those that are in them included."""
    found: dict[str, frozenset[Path]] = {}
    for function in (part for part in parts if isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef)):
        inner = walk(function)
        declared = {name for node in inner if isinstance(node, ast.Global) for name in node.names}
        changed = {
            node.target.id for node in inner if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name)
        }
        for name in declared - changed if declared else ():
            if used := _made_from(name, inner):
                found[name] = found.get(name, frozenset()) | used
    return tuple(sorted(found.items()))


def _made_from(name: str, inner: Collection[ast.AST]) -> frozenset[Path]:
    """The names that stand where a function makes a global, once it has seen that this is None; or nothing."""
    for test in (node for node in inner if isinstance(node, ast.If) and _asks(name, node.test)):
        made = [part for statement in test.body for part in walk(statement)]
        made = made if _assigns(name, made) else list(inner)  # `if X is not None: return X`
        if _assigns(name, made):
            paths = {dotted(node) for node in made if isinstance(node, ast.Name | ast.Attribute)}
            return frozenset(path for path in paths if path and path[0] != name)
    return frozenset()


def _asks(name: str, test: ast.expr) -> bool:
    return any(_is_question(name, part) for part in walk(test))


def _is_question(name: str, test: ast.AST) -> bool:
    match test:
        case ast.Compare(ast.Name(id), [ast.Is() | ast.IsNot() | ast.Eq() | ast.NotEq()], [ast.Constant(None)]):
            return id == name
        case ast.UnaryOp(ast.Not(), ast.Name(id)):
            return id == name
    return False


def _assigns(name: str, parts: Iterable[ast.AST]) -> bool:
    """Whether something that does not depend on its value before is assigned to it, other than None."""
    for node in parts:
        targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, _ONE) else []
        value = getattr(node, "value", None)
        if value is not None and any(isinstance(target, ast.Name) and target.id == name for target in targets):
            plain = isinstance(value, ast.Constant)
            if not plain and all(not isinstance(part, ast.Name) or part.id != name for part in walk(value)):
                return True
    return False


_ONE = ast.AnnAssign | ast.NamedExpr
