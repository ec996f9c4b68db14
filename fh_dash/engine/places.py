"""The order of names in namespaces: pages list `vars(Settings)`, whose order is that of the source after a cold start.

Each name is taken out and put in again at the end, without a moment in which another thread could miss it: none runs
between two calls of functions in C that a function in C makes.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from itertools import chain, repeat
from typing import Any

from fh_dash.engine.analysis import Analysis

_FIXED = {"__dict__", "__weakref__", *(n for n, value in vars(type).items() if hasattr(type(value), "__set__"))}
"""Attributes of a class that cannot be deleted."""


def order_attributes(cls: type, wanted: Sequence[str]) -> None:
    """Bring the attributes of a class into this order, those excepted that its type answers for (`__doc__`)."""
    if names := _moved([name for name in vars(cls) if name not in _FIXED], wanted):
        values = [vars(cls)[name] for name in names]
        out = map(type.__delattr__, repeat(cls), names)
        deque(chain.from_iterable(zip(out, map(type.__setattr__, repeat(cls), names, values), strict=True)), maxlen=0)


def order_globals(namespace: dict[str, Any], analysis: Analysis) -> None:
    """Bring what statements of a module bind into the order in which these stand."""
    ranks = _ranks(analysis)
    known = [name for name in namespace if name in ranks]
    if names := _moved(known, sorted(known, key=ranks.__getitem__)):
        deque(map(namespace.__setitem__, names, map(namespace.pop, names)), maxlen=0)


def _ranks(analysis: Analysis) -> Mapping[str, tuple[int, int]]:
    """The number of the statement that binds a name first, and the place within, for import statements."""
    within = {imported.local: number for number, imported in reversed([*enumerate(analysis.imports)])}
    ranks: dict[str, tuple[int, int]] = {}
    for rank, unit in enumerate(analysis.units):
        for name in unit.binds:
            ranks.setdefault(name, (rank, within.get(name, 0)))
    return ranks


def _moved(names: Sequence[str], wanted: Sequence[str]) -> list[str]:
    """What has to be moved to the end, in this order, so that `names` come as they do in `wanted`."""
    there = set(names)
    order = [name for name in wanted if name in there]
    inside = set(order)
    now = [name for name in names if name in inside]
    first = next((at for at, (one, other) in enumerate(zip(now, order, strict=True)) if one != other), len(order))
    return order[first:]
