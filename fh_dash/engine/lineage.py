"""The order of `Base.__subclasses__()`: that in which a cold start makes the classes."""

from __future__ import annotations

import contextlib
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from operator import attrgetter, itemgetter

from fh_dash.engine.circles import Arrival
from fh_dash.engine.kinds import is_a
from fh_dash.engine.places import moved
from fh_dash.engine.record import Record
from fh_dash.engine.sources import outer_key


def arrange(records: Mapping[str, Record], order: Iterable[str]) -> None:
    """Let the project's classes know their subclasses in that order; `order` names the modules a start goes through.

    Whoever sets the bases of a class anew makes it the last one that these know. Classes that no run of a module made
    are left alone.
    """
    ranks = {id(cls): (rank, cls) for rank, cls in enumerate(_made(records, order))}
    families = [known for _, base in ranks.values() if len(known := _known(base, ranks)) > 1]
    late: set[int] = {key for known in families for key in moved(known, sorted(known, key=ranks.__getitem__))}
    while behind := {key for known in families for key in _behind(known, late, ranks)} - late:
        late |= behind
    for _, cls in sorted((ranks[key] for key in late), key=itemgetter(0)):
        with contextlib.suppress(Exception):  # a layout that nobody may touch, a `mro` of the project
            type.__setattr__(cls, "__bases__", cls.__bases__)


def _known(base: type, ranks: Mapping[int, object]) -> list[int]:
    classes: list[type] = type.__subclasses__(base)
    return [id(cls) for cls in classes if id(cls) in ranks]


def _behind(known: Sequence[int], late: set[int], ranks: Mapping[int, tuple[int, type]]) -> list[int]:
    """What has to come after classes that become the last ones."""
    first = min((ranks[cls][0] for cls in known if cls in late), default=len(ranks))
    return [cls for cls in known if ranks[cls][0] > first]


def _made(records: Mapping[str, Record], order: Iterable[str]) -> Iterator[type]:
    """The classes of all modules, those of imported ones where their import stands."""
    seen: set[str] = set()
    waiting: list[str | type] = []
    waiting += [*order][::-1]
    while waiting:
        found = waiting.pop()
        if not isinstance(found, str):
            yield found
        elif found in records and found not in seen:
            seen.add(found)
            waiting += [step for _, step in sorted(_steps(records[found]), key=lambda step: step[0])][::-1]


def _steps(record: Record) -> Iterator[tuple[tuple[int, bool, int], str | type]]:
    """The imports and the classes of one module, with the place of each: by statements, inner classes first."""
    for step in record.trace:
        if isinstance(step, Arrival):
            yield (step.unit, False, 0), step.module
    for key, things in record.made.items():
        for cls in things:
            if is_a(cls, type):
                yield (_unit(record, key), True, -cls.__qualname__.count(".")), cls


def _unit(record: Record, key: int) -> int:
    analysis = record.source.analysis
    number = key if key >= 0 else outer_key(key)
    if number < len(analysis.definitions):
        return bisect_right(analysis.units, analysis.definitions[number].line, key=attrgetter("line")) - 1
    name = record.by_call[number - len(analysis.definitions)]
    return max((n for n, unit in enumerate(analysis.units) if name in unit.binds), default=0)
