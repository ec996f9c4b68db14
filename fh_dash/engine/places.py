"""The order of names in namespaces: pages list `vars(Settings)`, whose order is that of the source after a cold start.

Each name is taken out and put in again at the end, without a moment in which another thread could miss it: none runs
between two calls of functions in C that a function in C makes.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Hashable, Iterator, Mapping, Sequence
from itertools import chain, repeat
from typing import Any, TypeAlias, TypeVar

from fh_dash.engine.analysis import Analysis

_T = TypeVar("_T", bound=Hashable)
_Rank: TypeAlias = tuple[int, int]
_FIXED = {"__dict__", "__weakref__", *(n for n, value in vars(type).items() if hasattr(type(value), "__set__"))}
"""Attributes of a class that cannot be deleted."""


def order_attributes(cls: type, wanted: Sequence[str]) -> None:
    """Bring the attributes of a class into this order, those excepted that its type answers for (`__doc__`)."""
    if names := moved([name for name in vars(cls) if name not in _FIXED], wanted):
        values = [vars(cls)[name] for name in names]
        out = map(type.__delattr__, repeat(cls), names)
        deque(chain.from_iterable(zip(out, map(type.__setattr__, repeat(cls), names, values), strict=True)), maxlen=0)


def order_globals(namespace: dict[str, Any], analysis: Analysis, given: Mapping[int, Sequence[str]]) -> None:
    """Bring what statements of a module bind into the order in which these stand.

    `given` are the names that star imports bind, by their lines; what they give of libraries stays where it is.
    """
    places = _places(analysis, given)
    known = [name for name in namespace if name in places]
    ranks = dict(_ranks(known, places, analysis.certain))
    if names := moved(known, sorted(known, key=ranks.__getitem__)):
        deque(map(namespace.__setitem__, names, map(namespace.pop, names)), maxlen=0)


def _places(analysis: Analysis, given: Mapping[int, Sequence[str]]) -> Mapping[str, list[_Rank]]:
    """The numbers of the statements that bind a name, and the place within, for import statements."""
    within = {imported.local: number for number, imported in reversed([*enumerate(analysis.imports)])}
    places: dict[str, list[_Rank]] = {}
    for rank, unit in enumerate(analysis.units):
        for name in unit.binds:
            places.setdefault(name, []).append((rank, within.get(name, 0)))
        for number, name in enumerate(given.get(unit.line, ())):
            places.setdefault(name, []).append((rank, number))
    return places


def _ranks(
    known: Sequence[str], places: Mapping[str, list[_Rank]], certain: Collection[str]
) -> Iterator[tuple[str, _Rank]]:
    """The statement that bound each name first: of those in branches, one that comes behind the name before.

    Names that only branches bind are taken out before a run (`namespaces.prepare`), so their own order is true.
    """
    last: _Rank = (-1, 0)
    for name in known:
        if name in certain:
            yield name, places[name][0]
        else:
            last = next((rank for rank in places[name] if rank >= last), places[name][0])
            yield name, last


def moved(names: Sequence[_T], wanted: Sequence[_T]) -> list[_T]:
    """What has to be moved to the end, in this order, so that `names` come as they do in `wanted`."""
    there = set(names)
    order = [name for name in wanted if name in there]
    inside = set(order)
    now = [name for name in names if name in inside]
    first = next((at for at, (one, other) in enumerate(zip(now, order, strict=True)) if one != other), len(order))
    return order[first:]
