"""What a function's source says of the names in it: the local ones, those declared `global`, its annotations."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from fh_dash.engine.trees import children, walk


def annotations_of(node: ast.FunctionDef | ast.AsyncFunctionDef) -> list[ast.expr]:
    args = node.args
    every = [*args.posonlyargs, *args.args, *args.kwonlyargs, *(a for a in (args.vararg, args.kwarg) if a)]
    return [a.annotation for a in every if a.annotation] + ([node.returns] if node.returns else [])


def assigned(body: Sequence[ast.AST]) -> set[str]:
    """Names that are local to a function with this body, nested functions left out."""
    names: set[str] = set()
    stack: list[ast.AST] = list(body)
    while stack:
        node = stack.pop()
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                names.add(node.name)
                continue
            case ast.Lambda() | ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
                names |= {n.target.id for n in walk(node) if isinstance(n, ast.NamedExpr)}
                continue
            case ast.Name(ctx=ast.Store() | ast.Del()):
                names.add(node.id)
            case ast.Import() | ast.ImportFrom():
                names |= {(a.asname or a.name.partition(".")[0]) for a in node.names}
            case (
                ast.ExceptHandler(name=str() as name)
                | ast.MatchAs(name=str() as name)
                | ast.MatchStar(name=str() as name)
                | ast.MatchMapping(rest=str() as name)
            ):
                names.add(name)
        stack.extend(children(node))
    return names


def declared_global(body: list[ast.stmt]) -> frozenset[str]:
    nodes = (node for part in body for node in walk(part))
    return frozenset(name for node in nodes if isinstance(node, ast.Global) for name in node.names)
