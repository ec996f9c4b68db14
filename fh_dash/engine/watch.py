"""The containers of other modules that one module can reach while it runs, and what it changes in them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from types import ModuleType
from typing import Any

from fh_dash.engine.deltas import Delta, difference
from fh_dash.engine.journal import Journal
from fh_dash.engine.names import Node
from fh_dash.engine.shadows import Shadows
from fh_dash.engine.tracked import Tracked, copy_of, mark_of
from fh_dash.engine.walk import Walker


class Watch:
    """Compares before and after; when another module is imported in between, what that one does is its own."""

    def __init__(
        self,
        find_module: Callable[[str], ModuleType | None],
        declared: Callable[[str], frozenset[str]],
        journal: Journal,
        assigned: Collection[str] = (),
        inserts: bool = False,
    ) -> None:
        self.walker = Walker(find_module, declared, assigned)
        self._journal, self._inserts = journal, inserts
        self._tracked: list[Tracked] = []
        self._known: set[tuple[int, frozenset[str] | None]] = set()
        self._places: set[tuple[int, Any]] = set()
        self._lists: list[Callable[[], Iterable[Any]]] = []
        self._lists_seen: dict[int, Any] = {}

    def track(self, roots: Iterable[tuple[Node, Any]]) -> None:
        for tracked in self.walker.walk(roots):
            self.add(tracked)

    def add(self, tracked: Tracked) -> None:
        """Nothing, if it is there already."""
        place = id(tracked.container), tracked.only
        if place not in self._known:
            self._known.add(place)
            self._add(tracked)

    def track_name(self, module: ModuleType, name: str) -> None:
        """An attribute of another module that is assigned (`conf.DEBUG = True`)."""
        if self.walker.first(module, name):
            self._add(Tracked((module.__name__, name), vars(module), only=frozenset({name})))

    def track_foreign(self, module: str, owner: Any, name: str | None) -> None:
        """An attribute of a library's module or class that is assigned; any of a class with None."""
        container = owner if isinstance(owner, type) else vars(owner)
        label = f"{module}.{owner.__name__}.{name or '*'}"
        self.add(Tracked(("", label), container, only=frozenset({name}) if name else None))

    def track_known(self, containers: Callable[[], Iterable[Tracked]]) -> None:
        """Containers of the interpreter or the standard library; those that appear later were empty before."""
        self._lists.append(containers)
        for tracked in containers():
            self._lists_seen[id(tracked.container)] = tracked.container
            self._add(tracked)

    def _add(self, tracked: Tracked) -> None:
        tracked.before, tracked.mark = copy_of(tracked.container, tracked.only), mark_of(tracked)
        self._journal.save_tracked(tracked.container, tracked.only)
        self._tracked.append(tracked)
        if tracked.owner is not None:
            self._places.add((id(tracked.owner), tracked.key))

    def flush(self, shadows: Shadows, own: Collection[int]) -> list[Delta]:
        """What changed since the last look; `own` has the `id` of the module's namespace, and of its classes."""
        self._add_new_lists()
        # of two that hung at the same place at different times, both lead to what hangs there now
        places = {(id(tracked.current()), tracked.only): tracked for tracked in reversed(self._tracked)}
        kept = [tracked for tracked in reversed(places.values()) if not _bound_anew(tracked, own)]
        changed = [tracked for tracked in kept if not _is_unchanged(tracked)]
        found = [difference(tracked, shadows, self._places, self._inserts) for tracked in changed]
        deltas = [delta for delta in found if delta]
        if deltas or len(kept) < len(places):
            self.rebase()
        return deltas

    def _add_new_lists(self) -> None:
        for containers in self._lists:
            for tracked in containers():
                if id(tracked.container) not in self._lists_seen:
                    self._lists_seen[id(tracked.container)] = tracked.container
                    tracked.before = tracked.fresh
                    self._journal.add_restore(tracked.container, tracked.fresh)
                    self._tracked.append(tracked)

    def rebase(self) -> None:
        """Take what is there now as the state to compare with; what is new in it may be a container too."""
        self.walker.asked.rebase()
        new = []
        for tracked in self._tracked:
            if _is_unchanged(tracked):
                continue
            before = tracked.before
            tracked.container = tracked.current()
            tracked.before, tracked.mark = copy_of(tracked.container, tracked.only), mark_of(tracked)
            if tracked.only is None and (things := _new_things(before, tracked.before)):
                new.append((tracked, things))
        for tracked, things in new:
            for inner in self.walker.inside(tracked, things):
                self.add(inner)


def _is_unchanged(tracked: Tracked) -> bool:
    return tracked.mark is not None and tracked.current() is tracked.container and mark_of(tracked) == tracked.mark


def _bound_anew(tracked: Tracked | None, own: Collection[int]) -> bool:
    """Whether it hangs at a name of the module that stands for another object now: that is no change of the old one."""
    while tracked is not None:
        if id(tracked.owner) in own and tracked.current() is not tracked.container:
            return True
        tracked = tracked.above
    return False


def _new_things(before: Any, now: Any) -> list[tuple[Any, Any]]:
    """What was put into a container, by key where it has keys."""
    if isinstance(now, dict):
        return [(key, thing) for key, thing in now.items() if before.get(key) is not thing]
    known = set(map(id, before))
    return [(None, thing) for thing in now if id(thing) not in known]
