"""Put what a module registered again where its last registrations were: order decides who answers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from difflib import SequenceMatcher
from typing import Any


def label(thing: Any) -> object:
    """What makes two registrations of different runs the same one, as far as it can be told."""
    if isinstance(thing, str | int | float | bytes | None):
        return thing
    if isinstance(thing, tuple):
        return tuple(label(part) for part in thing)
    path = getattr(thing, "path", None)
    if isinstance(path, str):
        methods = getattr(thing, "methods", None)
        return (
            type(thing).__name__,
            path,
            tuple(sorted(map(str, methods))) if isinstance(methods, set | list) else None,
        )
    return type(thing).__name__, getattr(thing, "__qualname__", "") or getattr(thing, "__name__", "")


def arrange(
    before: Sequence[Any],
    removed: Sequence[Any],
    now: Sequence[Any],
    added: Sequence[Any],
    is_later: Callable[[Any], bool],
) -> list[Any]:
    """The order that a cold start would give.

    before:  the whole list before the module's entries were taken out
    removed: those entries, in their order
    now:     the whole list after the module ran again; what it added is `added`
    is_later: whether an entry belongs to a module that a cold start runs after this one

    Entries of others keep their order. Of the module's own, those that match an entry of the last run take its place;
    others follow the one that was registered before them.
    """
    own = {id(thing) for thing in added}
    fresh = [thing for thing in now if id(thing) in own]
    others = [thing for thing in now if id(thing) not in own]
    if not removed:
        return _by_owner(now, others, fresh, is_later)
    places = _pair(removed, fresh)
    gone = {id(thing): number for number, thing in enumerate(removed)}
    left = {id(thing) for thing in others}
    result: list[Any] = []
    for thing in before:
        if id(thing) in gone:
            result += places.get(gone[id(thing)], [])
        elif id(thing) in left:
            result.append(thing)
            left.discard(id(thing))
    return result + [thing for thing in others if id(thing) in left]


def _by_owner(now: Sequence[Any], others: list[Any], fresh: list[Any], is_later: Callable[[Any], bool]) -> list[Any]:
    if list(now) != [*others, *fresh]:  # it chose the place itself (`insert(0, …)`)
        return list(now)
    place = next((n for n, thing in enumerate(others) if is_later(thing)), len(others))
    return [*others[:place], *fresh, *others[place:]]


def _pair(removed: Sequence[Any], fresh: Sequence[Any]) -> dict[int, list[Any]]:
    """Number of a removed entry -> the new ones that stand in its place."""
    matcher = SequenceMatcher(None, [label(t) for t in removed], [label(t) for t in fresh], autojunk=False)
    places: dict[int, list[Any]] = {}
    last = 0
    for kind, old_start, old_end, new_start, new_end in matcher.get_opcodes():
        if kind == "insert":
            at = last if old_start else 0
            block = places.setdefault(at, [])
            new = list(fresh[new_start:new_end])
            places[at] = block + new if old_start else new + block
            continue
        for offset in range(old_end - old_start):
            places.setdefault(old_start + offset, []).extend(
                fresh[new_start + offset : new_start + offset + 1][: new_end - new_start - offset]
            )
        last = max(old_end - 1, 0)
        places.setdefault(last, []).extend(fresh[new_start + old_end - old_start : new_end])
    return places
