"""Import circles: what a module shows while its import is going on.

Whoever imports a module in a circle finds it half made after a cold start: only what the statements before that import
have bound is there. In a reload everything is there, from the last run; so import statements get a view of it.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from types import ModuleType

from fh_dash.engine.analysis import STAR, Analysis, Unit
from fh_dash.engine.graph import Graph
from fh_dash.engine.names import Node
from fh_dash.engine.namespaces import SYSTEM_NAMES, is_submodule


@dataclass(frozen=True, slots=True)
class Arrival:
    """In the trace of a module: it imported another one."""

    module: str
    unit: int
    """Number of the top-level statement (`Analysis.units`) that did it."""
    failed: bool = False
    """It raised, and the importing module handled that."""


def not_yet(graph: Graph, module: str, unit: int) -> frozenset[str]:
    """Names that a module binds from that statement on, and not before."""
    analysis = graph.analyses[module]
    done, rest = analysis.units[:unit], analysis.units[unit:]
    bound = {name for part in done for name in _binds(analysis, part)}
    later = {name for part in rest for name in _binds(analysis, part)}
    for star in analysis.stars:
        names = bound if rest and star.line < rest[0].line else later
        names |= graph.exports(star.module)
    return frozenset(later - bound)


def _binds(analysis: Analysis, unit: Unit) -> set[str]:
    """What a statement binds, be it by calling functions that declare names `global`."""
    called = {use.path[0] for use in unit.now if use.callee and len(use.path) == 1}
    functions = {id(found): found for name in called for found in analysis.by_name.get(name, ()) if name in found.binds}
    own = set() if unit.kind == "def" else unit.declares
    return {*unit.binds, *own, *(name for function in functions.values() for name in function.declares)}


def rebound(graph: Graph, module: str, unit: int) -> set[str]:
    """Names that a module binds from that statement on, whether for the first time or not."""
    analysis = graph.analyses[module]
    names = {name for part in analysis.units[unit:] for name in part.binds | part.declares}
    for star in analysis.stars:
        if unit < len(analysis.units) and star.line >= analysis.units[unit].line:
            names |= graph.exports(star.module)
    return names


def given_twice(graph: Graph, module: str) -> set[str]:
    """Names that import statements of a module bind to different things, one after the other."""
    givers: dict[str, set[Node]] = {}
    for imported in graph.analyses[module].imports:
        if imported.deferred or imported.name is None:
            continue
        star = imported.name == STAR
        for key in graph.exports(imported.module) if star else [imported.name]:
            origin = graph.origin((imported.module, key))
            givers.setdefault(key if star else imported.local, set()).add(origin)
    return {key for key, origins in givers.items() if len(origins) > 1}


def half_made(module: ModuleType, hidden: frozenset[str], absent: frozenset[str]) -> ModuleType:
    """A stand-in for what `from module import …` reads, without the hidden names and the absent submodules."""
    view = ModuleType(module.__name__)
    name = module.__name__
    for key, value in vars(module).items():
        inside = is_submodule(name, key, value)
        if key in SYSTEM_NAMES or (key not in absent if inside else key not in hidden):
            vars(view)[key] = value
    if view.__spec__ is not None:
        view.__spec__ = copy.copy(view.__spec__)
        view.__spec__._initializing = True  # type: ignore[attr-defined]  # so that the message of ImportError is the true one
    return view
