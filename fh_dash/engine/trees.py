"""Go through syntax trees, as `ast.walk` does: that one took a third of the time of an analysis."""

from __future__ import annotations

import ast


def children(node: ast.AST) -> list[ast.AST]:
    """The nodes right below it, in source order, without those that have no parts (`Load`, `Add`, `Pass`)."""
    found: list[ast.AST] = []
    for name in node._fields:
        value = getattr(node, name, None)
        if isinstance(value, ast.AST):
            if value._fields:
                found.append(value)
        elif type(value) is list:
            found += [part for part in value if isinstance(part, ast.AST) and part._fields]
    return found


def walk(tree: ast.AST) -> list[ast.AST]:
    """It and all nodes below, from the top down."""
    found = [tree]
    for node in found:  # it grows meanwhile
        found += children(node)
    return found
