"""Which modules are in an import circle, against the plain definition, in random projects."""

from __future__ import annotations

import ast
import random

import pytest

from fh_dash.engine.analysis import Analysis
from fh_dash.engine.dissect import analyse
from fh_dash.engine.graph import Graph

NAMES = [f"m{number}" for number in range(9)]


def project(random_: random.Random) -> dict[str, set[str]]:
    """Module -> what it imports, itself perhaps among them."""
    return {name: set(random_.sample(NAMES, random_.choice((0, 1, 1, 2)))) for name in NAMES}


def leads_to_itself(name: str, imports: dict[str, set[str]]) -> bool:
    reached: set[str] = set()
    waiting = imports[name] - {name}
    while waiting:
        module = waiting.pop()
        if module not in reached:
            reached.add(module)
            waiting |= imports[module] - {module}
    return name in reached


@pytest.mark.parametrize("seed", range(40))
def test_cyclic(seed: int) -> None:
    """Also after one module imports others, and after one is gone."""
    random_ = random.Random(seed)
    imports = project(random_)
    graph = Graph()
    graph.update({name: _analysis(name, targets) for name, targets in imports.items()})
    assert {name for name in NAMES if graph.cyclic(name)} == {n for n in NAMES if leads_to_itself(n, imports)}

    edited = random_.choice(NAMES)
    imports[edited] = project(random_)[edited]
    graph = graph.with_changes({edited: _analysis(edited, imports[edited])})
    assert {name for name in NAMES if graph.cyclic(name)} == {n for n in NAMES if leads_to_itself(n, imports)}


def _analysis(name: str, targets: set[str]) -> Analysis:
    return analyse(ast.parse("".join(f"import {target}\n" for target in sorted(targets))), name, False)
