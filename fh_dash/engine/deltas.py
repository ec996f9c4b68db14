"""What running a module changed in one container of another module: recorded, undone, done again.

A cold start is a sequence of such changes. A reload takes back those that come after the first module it runs, and
lets the modules that need not run do theirs again in their place; where that is not possible, because the container is
not as they found it (a counter, a sort, a key that another one took), they have to run.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Iterator, MutableSequence
from dataclasses import dataclass, field, replace
from typing import Any

from fh_dash.engine import abcs
from fh_dash.engine.journal import MISSING, Journal, put, restore_sequence
from fh_dash.engine.kinds import is_a
from fh_dash.engine.names import Node
from fh_dash.engine.shadows import Shadows, same_items, unshadowed
from fh_dash.engine.streams import State, Stream, written
from fh_dash.engine.tracked import Tracked, copy_of
from fh_dash.engine.undo import redo, undo
from fh_dash.engine.walk import CONTAINERS

DERIVED = frozenset({"middleware_stack", "_abc_impl"})
"""Attributes that are made from others on demand, or are tracked on their own: no registrations."""
INTERPRETER_ATTRIBUTES = frozenset(
    "__dict__ __weakref__ __doc__ __qualname__ __abstractmethods__ __annotations__ __firstlineno__ "
    "__static_attributes__ __warningregistry__ __builtins__ __spec__ __loader__ __file__ __cached__ __path__".split()
)
_LIFESPAN = frozenset({"on_startup", "on_shutdown", "lifespan_context", "lifespan", "startup", "shutdown"})
"""Where an app keeps what runs once at its start: taking it back needs a new app."""


_DEEP, _SMALL = 3, 64
"""Up to which depth and size containers are compared by what is in them."""


@dataclass(slots=True)
class Delta:
    tracked: Tracked
    added: list[tuple[Any, Any]] = field(default_factory=list)
    """Of a mapping (key, new value), of others (None, element)."""
    removed: dict[Any, Any] = field(default_factory=dict)
    """Of a mapping: key -> the value that was there before."""
    before: list[Any] | None = None
    """Of a sequence, where more than appending happened: all elements before and after; of a mapping that lost keys,
    its keys before."""
    after: list[Any] | None = None
    exact: bool = False
    """Of a sequence: it may have been put in front of what was there, if anything was."""
    left: list[Any] = field(default_factory=list)
    """Keys that had other values than these when it was taken back: what requests have set is state, and stays."""

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.after is not None)

    @property
    def renews(self) -> bool:
        """It cannot be taken back: whoever owns the container has to run again."""
        keys = {self.tracked.key, *(key for key, _ in self.added), *self.removed}
        return self.tracked.renew or any(isinstance(key, str) and key in _LIFESPAN for key in keys)

    def attributes(self) -> Iterator[tuple[str, Any]]:
        """Names of attributes of the object that it belongs to, with what was set there, equal for equal data."""
        at: Tracked | None = self.tracked
        if at is not None and at.attributes:
            yield from ((key, _key(thing)) for key, thing in self.added)
            return
        while at is not None:
            if at.above is not None and at.above.attributes:
                yield str(at.key), self.shape()[1:]
            at = at.above

    def shape(self) -> tuple[Any, ...]:
        """Equal for two runs that put the same things into the same place."""
        tracked = self.tracked
        place = (id(tracked.container), None) if tracked.owner is None else (id(tracked.owner), tracked.key)
        return (
            place,
            tracked.only,
            tuple((_key(key), _key(thing)) for key, thing in self.added),
            tuple(map(_key, self.removed)),
        )


@dataclass(slots=True)
class Segment:
    """What a module changed between two of its imports."""

    deltas: list[Delta]
    number: int
    """Segments are undone from the highest number down."""
    applied: bool = True

    def undo(self, journal: Journal) -> None:
        if self.applied:
            _mark(self, False, journal)
            for delta in reversed(self.deltas):
                undo(delta, _current(delta, journal))

    def redo(self, journal: Journal, number: int) -> bool:
        """False when a container is not as it was when this was recorded."""
        _mark(self, True, journal)
        before, self.number = self.number, number
        journal.add(lambda: setattr(self, "number", before))
        done = [redo(delta, _current(delta, journal)) and delta.tracked.is_there() for delta in self.deltas]
        return all(done)


def _mark(segment: Segment, applied: bool, journal: Journal) -> None:
    before = segment.applied
    segment.applied = applied
    journal.add(lambda: setattr(segment, "applied", before))


def _current(delta: Delta, journal: Journal) -> Any:
    container = delta.tracked.current()
    journal.save_tracked(container, delta.tracked.only)
    return container


def _key(thing: Any, depth: int = 0) -> Any:
    """Equal for equal data in new containers: a decorator makes another dict about the same function each time."""
    if is_a(thing, str | int | float | bytes | None):
        return thing
    if depth < _DEEP and type(thing) in (tuple, list) and len(thing) <= _SMALL:
        return type(thing), tuple(_key(part, depth + 1) for part in thing)
    if depth < _DEEP and type(thing) is dict and len(thing) <= _SMALL:
        return dict, tuple((_key(key), _key(value, depth + 1)) for key, value in thing.items())
    return id(thing)


# ------------------------------------------------------------------------------------------------ recording


def difference(tracked: Tracked, shadows: Shadows, places: set[tuple[int, Any]], inserts: bool = False) -> Delta:
    """What changed in a container since `tracked.before`; new classes that stand for kept ones are exchanged.

    `inserts`: the source of the module that did it mentions a method that puts something in front.
    """
    current = tracked.current()
    delta = Delta(replace(tracked, container=current, before=None), exact=inserts)
    if isinstance(current, abcs.Registry):
        _compare_sets(delta, tracked.before, current.classes())
    elif isinstance(current, Stream):
        _compare_streams(delta, tracked.before, current.state())
    elif isinstance(current, list | deque):
        _compare_sequences(delta, tracked.before, current, shadows)
    elif isinstance(current, set):
        _compare_sets(delta, tracked.before, list(current))
    else:
        _compare_mappings(delta, tracked.before, copy_of(current, tracked.only), places)
    if shadows and delta.added:
        _replace_shadows(delta, current, shadows)
    return delta


def _compare_mappings(delta: Delta, before: dict[Any, Any], now: dict[Any, Any], places: set[tuple[int, Any]]) -> None:
    for key, new in now.items():
        old = before.get(key, MISSING)
        if old is new or _skipped(key):
            continue
        own_place = (id(delta.tracked.container), key) in places
        if type(old) is type(new) and isinstance(new, CONTAINERS) and own_place:
            continue  # compared as a container of its own
        delta.added.append((key, new))
        if old is not MISSING:
            delta.removed[key] = old
    # not by key: the person's objects may hash otherwise than when they were put there
    lost = {key: old for key, old in before.items() if key not in now and not _skipped(key)}
    if lost:
        delta.removed |= lost
        delta.before = list(before)


def _skipped(key: Any) -> bool:
    return is_a(key, str) and (key in INTERPRETER_ATTRIBUTES or key in DERIVED)


def _compare_sequences(delta: Delta, before: list[Any], current: MutableSequence[Any], shadows: Shadows) -> None:
    now = list(current)
    if len(now) >= len(before) and same_items(now[: len(before)], before) and (before or not delta.exact):
        delta.added = [(None, thing) for thing in now[len(before) :]]
        return
    delta.before, delta.after = before, now
    left = Counter(map(id, before))
    for thing in now:
        left[id(thing)] -= 1
        if left[id(thing)] < 0:
            delta.added.append((None, thing))


def _compare_streams(delta: Delta, before: State, now: State) -> None:
    if before != now:
        text = written(before, now)
        delta.added = [(None, text or now[0])]
        if not text:
            delta.before, delta.after = [before], [now]


def _compare_sets(delta: Delta, before: list[Any], now: list[Any]) -> None:
    known, left = set(map(id, before)), set(map(id, now))
    delta.added = [(None, thing) for thing in now if id(thing) not in known]
    delta.removed = {id(thing): thing for thing in before if id(thing) not in left}


def _replace_shadows(delta: Delta, container: Any, shadows: Shadows) -> None:
    for number, (key, thing) in enumerate(delta.added):
        kept_key, kept = unshadowed(key, shadows), unshadowed(thing, shadows)
        if kept is thing and kept_key is key:
            continue
        delta.added[number] = (kept_key, kept)
        if isinstance(container, list | deque):
            exchanged = [kept if item is thing else item for item in container]
            restore_sequence(container, exchanged)
            if delta.after is not None:
                delta.after = exchanged
        elif isinstance(container, set):
            container.discard(thing)
            container.add(kept)
        else:
            if kept_key is not key:
                put(container, key, MISSING)
            put(container, kept_key, kept)


def places_of(segments: Iterable[Segment]) -> list[tuple[Any, ...]]:
    return [delta.shape() for segment in segments for delta in segment.deltas]


def attributes_of(segments: Iterable[Segment]) -> set[tuple[Node, str, Any]]:
    """What modules have set on objects: the object's name, the attribute, and what distinguishes the value."""
    deltas = (delta for segment in segments for delta in segment.deltas)
    return {(delta.tracked.node, name, thing) for delta in deltas for name, thing in delta.attributes()}


def nodes_of(segments: Iterable[Segment]) -> set[Node]:
    """The names of what they changed."""
    return {delta.tracked.node for segment in segments for delta in segment.deltas}
