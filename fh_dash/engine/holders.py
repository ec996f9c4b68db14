"""Who hands a function on, or holds what a library made of it: to them it matters which object it is."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from fh_dash.engine.graph import Graph
from fh_dash.engine.names import Node


def handing_on(graph: Graph, nodes: Collection[Node]) -> set[Node]:
    """Functions that give one of these functions to somebody when they are called."""
    found: set[Node] = set()
    for node in nodes:
        for user in _users(graph, node):
            units = [unit for unit in graph.analyses[user].units if unit.kind in ("def", "class")]
            for unit in units:
                given = (use for use in unit.later if use.handed_on)
                if any(node in graph.resolve(user, use.path) for use in given):
                    found |= {(user, name) for name in unit.binds}
    return found


def holding(graph: Graph, nodes: Collection[Node]) -> set[Node]:
    """Names of data for which one of these was given to a library: `Page = Annotated[int, Depends(page)]`."""
    found, waiting = set[Node](), list(nodes)
    while waiting:
        node = waiting.pop()
        for user in _users(graph, node):
            new = {(user, name) for name in _made_by_handing_on(graph, user, node)} - found
            found |= new
            waiting += new
    return found


def _users(graph: Graph, node: Node) -> tuple[str, ...]:
    return (node[0], *graph.importers(node[0])) if node[0] in graph.analyses else ()


def _made_by_handing_on(graph: Graph, module: str, node: Node) -> Iterator[str]:
    for unit in graph.analyses[module].units:
        given = (use for use in unit.now if use.handed_on) if unit.kind == "other" else ()
        if any(node in graph.resolve(module, use.path) for use in given):
            yield from unit.binds
