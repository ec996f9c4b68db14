"""Take back what one delta says, and do it again: by kind of container."""

from __future__ import annotations

from collections import Counter, deque
from typing import TYPE_CHECKING, Any

from fh_dash.engine import abcs
from fh_dash.engine.irreversible import Irreversible
from fh_dash.engine.journal import MISSING, drop_item, put, restore_sequence, set_item
from fh_dash.engine.routes import place_of
from fh_dash.engine.shadows import same_items
from fh_dash.engine.streams import Stream
from fh_dash.engine.tracked import contents

if TYPE_CHECKING:
    from fh_dash.engine.deltas import Delta


def undo(delta: Delta, container: Any) -> None:
    if isinstance(container, Irreversible):
        return
    if isinstance(container, abcs.Registry):
        container.change(remove=[t for _, t in delta.added], add=delta.removed.values())
    elif isinstance(container, Stream):
        _undo_stream(delta, container)
    elif isinstance(container, list | deque):
        _undo_sequence(delta, container)
    elif isinstance(container, set):
        container.difference_update([thing for _, thing in delta.added])
        container.update(delta.removed.values())
    else:
        _undo_mapping(delta, container)


def _undo_stream(delta: Delta, stream: Stream) -> None:
    if delta.after is None or delta.before is None:
        stream.cut(delta.added[0][1])
    elif stream.state() == delta.after[0]:
        stream.restore(delta.before[0])


def _undo_mapping(delta: Delta, container: Any) -> None:
    delta.left = [key for key, new in delta.added if contents(container).get(key, MISSING) is not new]
    for key, _ in reversed(delta.added):
        if key not in delta.left:
            put(container, key, delta.removed.get(key, MISSING))
    set_again = {key for key, _ in delta.added}
    for key, old in delta.removed.items():
        if key not in set_again and key not in contents(container):
            put(container, key, old)
    if delta.before is not None and not isinstance(container, type):
        _reorder(container, delta.before)


def _reorder(mapping: Any, keys: list[Any]) -> None:
    wanted = [key for key in keys if key in mapping] + [key for key in mapping if key not in set(keys)]
    if list(mapping) != wanted:
        for key in wanted:
            value = mapping[key]
            drop_item(mapping, key)
            set_item(mapping, key, value)


def _undo_sequence(delta: Delta, container: Any) -> None:
    now = list(container)
    if delta.after is not None and delta.before is not None:
        if same_items(now, delta.after):
            restore_sequence(container, delta.before)
            return
        now = _merged(now, delta.before, delta.after)
    gone = Counter(id(thing) for _, thing in delta.added)
    kept: list[Any] = []
    for thing in reversed(now):
        if gone[id(thing)] > 0:
            gone[id(thing)] -= 1
        else:
            kept.append(thing)
    restore_sequence(container, kept[::-1])


def _merged(now: list[Any], wanted: list[Any], other: list[Any]) -> list[Any]:
    """`now` with the elements that are in `wanted` but not in `other`, each behind who is left of it there."""
    here = set(map(id, other))
    result = list(now)
    for place, thing in enumerate(wanted):
        if id(thing) in here:
            continue
        there = {id(item): number for number, item in enumerate(result)}
        result.insert(next((there[id(left)] + 1 for left in wanted[:place][::-1] if id(left) in there), 0), thing)
    return result


def _replaces(delta: Delta, now: list[Any]) -> bool:
    """Whether it adds a route in the place of one that was not there at that time: FastHTML takes the former out."""
    places = {place for _, thing in delta.added if (place := place_of(thing))}
    before = set(map(id, delta.before or ()))
    return bool(places) and any(place_of(thing) in places for thing in now if id(thing) not in before)


def redo(delta: Delta, container: Any) -> bool:
    if isinstance(container, Irreversible):
        return True  # nothing was taken back
    if isinstance(container, abcs.Registry):
        container.change(remove=delta.removed.values(), add=[t for _, t in delta.added])
        return True
    if isinstance(container, Stream):
        return _redo_stream(delta, container)
    if isinstance(container, list | deque):
        return _redo_sequence(delta, container)
    if isinstance(container, set):
        container.difference_update(delta.removed.values())
        container.update(thing for _, thing in delta.added)
        return True
    return _redo_mapping(delta, container)


def _redo_stream(delta: Delta, stream: Stream) -> bool:
    if delta.after is None or delta.before is None:
        stream.append(delta.added[0][1])
    elif stream.state() == delta.before[0]:
        stream.restore(delta.after[0])
    else:
        return False
    return True


def _redo_mapping(delta: Delta, container: Any) -> bool:
    set_again = {key for key, _ in delta.added}
    for key, new in delta.added:
        if key in delta.left:
            continue
        if contents(container).get(key, MISSING) is not delta.removed.get(key, MISSING):
            return False
        put(container, key, new)
    for key, old in delta.removed.items():
        if key not in set_again:
            if contents(container).get(key, MISSING) is not old:
                return False
            put(container, key, MISSING)
    return True


def _redo_sequence(delta: Delta, container: Any) -> bool:
    if _replaces(delta, list(container)):
        return False
    if delta.after is None or delta.before is None:
        container.extend(thing for _, thing in delta.added)
        return True
    now = list(container)
    if same_items(now, delta.before):
        restore_sequence(container, delta.after)
        return True
    if delta.exact and not delta.before:
        return False
    added = {id(thing) for _, thing in delta.added}
    if not same_items([thing for thing in delta.after if id(thing) not in added], delta.before):
        return False  # it removed, sorted or exchanged: with other contents that gives something else
    restore_sequence(container, _merged(now, delta.after, delta.before))
    return True
