"""Which function or class of the last run is which definition of the new source."""

from __future__ import annotations

from collections.abc import Sequence

from fh_dash.engine.analysis import Analysis, Definition
from fh_dash.engine.sources import outer_key


def match_definitions(old: Analysis, new: Analysis, made: dict[int, list[object]]) -> dict[int, Sequence[object]]:
    """Key in the new source -> the objects that the matching definition made last time.

    Names do not identify: a module may define `get` five times. Of those with one name, the ones with the same text
    are matched first, the rest in their order from the end: the last one is what the name stands for.
    """
    found: dict[int, Sequence[object]] = {}
    former = _by_name(old.definitions)
    for name, definitions in _by_name(new.definitions).items():
        rest = list(former.get(name, ()))
        waiting = []
        for definition in definitions:
            twin = next((o for o in rest if o.digest == definition.digest and o.is_class == definition.is_class), None)
            if twin is None:
                waiting.append(definition)
            else:
                rest.remove(twin)
                found |= _objects(definition.key, twin.key, made)
        for definition, twin in zip(waiting[::-1], rest[::-1], strict=False):
            if twin.is_class == definition.is_class:
                found |= _objects(definition.key, twin.key, made)
    return found


def _objects(new: int, old: int, made: dict[int, list[object]]) -> dict[int, Sequence[object]]:
    return {new: made.get(old, ()), outer_key(new): made.get(outer_key(old), ())}


def _by_name(definitions: Sequence[Definition]) -> dict[str, list[Definition]]:
    found: dict[str, list[Definition]] = {}
    for definition in definitions:
        found.setdefault(definition.qualname, []).append(definition)
    return found
