"""What the code that runs when an app starts and ends has in common with other runs of it."""

from __future__ import annotations

import functools
import logging
from collections.abc import Iterable, Iterator
from pathlib import PurePath
from types import FunctionType, MethodType, ModuleType
from typing import Any

from fh_dash.engine.cells import held_by
from fh_dash.engine.kinds import is_a
from fh_dash.engine.names import Node
from fh_dash.engine.program import Program
from fh_dash.engine.record import value_of
from fh_dash.engine.tables import node_of
from fh_dash.engine.uses import Use
from fh_dash.engine.walk import ATOMS, CONTAINERS

_CONTAINERS = (*CONTAINERS, tuple, frozenset)
_ADDERS = frozenset({"append", "extend"})
_HARMLESS = (FunctionType, type, ModuleType, logging.Logger, PurePath, *ATOMS)


def use_objects(program: Program, handlers: Iterable[object]) -> bool:
    """Whether start-up or shutdown code uses objects of the project that outlive one start of the app.

    `await db.connect()` and `await db.disconnect()`, `global client`: a second start before the end of the first one
    would find them in use, and the end of the first would take them from the second.
    """
    parts = [*_parts(handlers)]
    if any(is_a(part, MethodType) and not is_a(part.__self__, type | ModuleType) for part in parts):
        return True  # `on_startup=[db.connect]`
    waiting = [node_of(part) for part in parts if is_a(part, FunctionType)]
    seen: set[Node] = set()
    while waiting:
        module, name = node = waiting.pop()
        analysis = program.graph.analyses.get(module)
        if node in seen or analysis is None:
            continue
        seen.add(node)
        for unit in (unit for unit in analysis.by_name.get(name, ()) if name in unit.binds):
            if unit.declares:
                return True
            for use in (*unit.now, *unit.later) if unit.kind in ("def", "class") else ():
                nodes = [*program.graph.resolve(module, use.path)]
                if any(_is_taken(use, value_of(program.records, node)) for node in nodes):
                    return True
                waiting += nodes
    return False


def _is_taken(use: Use, value: object) -> bool:
    if use.stored:
        return True
    if type(value) in _CONTAINERS:
        return use.mutates and use.path[-1] not in _ADDERS
    return not is_a(value, _HARMLESS)


def _parts(handlers: Iterable[object]) -> Iterator[Any]:
    """Functions and bound methods among these, and those that they wrap or close over."""
    waiting, seen = [*handlers], set[int]()
    while waiting:
        part = waiting.pop()
        if id(part) in seen:
            continue
        seen.add(id(part))
        if is_a(part, functools.partial):
            waiting += [part.func, *part.args]
        elif is_a(part, MethodType):
            yield part
            waiting.append(part.__func__)
        elif is_a(part, FunctionType):
            yield part
            waiting += held_by(part)
