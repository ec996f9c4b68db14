"""Tables of functions and classes among the globals of a module, and what is in them."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator
from types import FunctionType, MethodType, ModuleType
from typing import Any

from fh_dash.engine.kinds import is_a
from fh_dash.engine.mappings import plain_attribute
from fh_dash.engine.names import Node
from fh_dash.engine.walk import ATOMS

_MOST = 1000
"""Larger tables hold data."""


def tables_of(module: ModuleType, is_project: Callable[[str], bool]) -> dict[Node, set[Node]]:
    """Function or class -> the dicts, lists, sets and objects of the project, global in a module, that hold it."""
    found: dict[Node, set[Node]] = {}
    for name, table in list(vars(module).items()):
        if name == "__builtins__":
            continue  # the same in all modules, and nobody's import looks up a function in it
        plain = type(table) in (dict, list, set) and len(table) <= _MOST
        if plain or (is_project(type(table).__module__) and not is_a(table, FunctionType | type)):
            for thing in functions_in(table):
                found.setdefault(node_of(thing), set()).add((module.__name__, name))
    return found


def node_of(thing: FunctionType | type) -> Node:
    return thing.__module__, thing.__qualname__.partition(".")[0]


def functions_in(thing: Any, depth: int = 3) -> Iterator[FunctionType | type]:
    """Functions and classes that an entry is, or holds: `(priority, fn)`, `Job(fn)`, `partial(fn, 1)`, `obj.method`."""
    if is_a(thing, FunctionType | type):
        yield thing
    elif depth and not is_a(thing, ATOMS):
        for part in _parts(thing):
            yield from functions_in(part, depth - 1)


def _parts(thing: Any) -> Iterable[Any]:
    if is_a(thing, dict):
        return list(thing.values()) if len(thing) <= _MOST else ()
    if is_a(thing, list | tuple | set | frozenset):
        return list(thing) if len(thing) <= _MOST else ()
    if is_a(thing, functools.partial):
        return (thing.func, *thing.args)
    if is_a(thing, MethodType):
        return (thing.__func__,)
    attributes = plain_attribute(thing, "__dict__")
    return list(attributes.values()) if type(attributes) is dict else ()
