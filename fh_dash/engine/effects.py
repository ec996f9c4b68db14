"""What running a module put into objects of other modules: recorded, taken back, put in its old place.

Routes and handlers on an app, entries of tables and registries, attributes of classes, names set on other modules.
While a module runs, the containers that it can reach through the names it uses are compared before and after; when
another module is imported in between, what that one does is its own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import ModuleType
from typing import Any

from fh_dash.engine.graph import Node
from fh_dash.engine.journal import MISSING, Journal, drop_item, set_item
from fh_dash.engine.places import arrange
from fh_dash.engine.walk import CONTAINERS, Tracked, Walker, contents, copy_of

_DERIVED = frozenset({"middleware_stack"})
"""Attributes that are made from others on demand: no registrations."""
_LIFESPAN = frozenset({"on_startup", "on_shutdown", "lifespan_context", "lifespan", "startup", "shutdown"})
"""Where an app keeps what runs once at its start: taking it back needs a new app."""

Shadows = Mapping[int, tuple[object, object]]


@dataclass(slots=True)
class Change:
    """What one run of a module changed in one container."""

    tracked: Tracked
    added: list[tuple[Any, Any]] = field(default_factory=list)
    """Of a mapping (key, new value), of a sequence (None, element)."""
    removed: list[tuple[Any, Any]] = field(default_factory=list)
    """The same for what was there before: the old value of a key, an element that went."""

    @property
    def node(self) -> Node:
        return self.tracked.node


class Watch:
    """The containers in reach of one module while it runs."""

    def __init__(self, module: str, find_module: Callable[[str], ModuleType | None], journal: Journal) -> None:
        self.module = module
        self.changes: list[Change] = []
        self.walker = Walker(find_module)
        self._journal = journal
        self._tracked: list[Tracked] = []
        self._places: set[tuple[int, Any]] = set()
        self._known: list[Callable[[], Iterable[list[Any]]]] = []
        self._known_seen: dict[int, list[Any]] = {}

    def track(self, roots: Iterable[tuple[Node, Any]]) -> None:
        for tracked in self.walker.walk(roots):
            self._add(tracked)

    def track_name(self, module: ModuleType, name: str) -> None:
        """An attribute of another module that is assigned (`conf.DEBUG = True`)."""
        self._add(Tracked((module.__name__, name), vars(module), only=name))

    def track_lists(self, lists: Callable[[], Iterable[list[Any]]]) -> None:
        """Lists of the interpreter or the standard library; those that appear later were empty before."""
        self._known.append(lists)
        for container in lists():
            self._known_seen[id(container)] = container
            self._add(Tracked(("", ""), container))

    def _add(self, tracked: Tracked) -> None:
        tracked.before = copy_of(tracked.container, tracked.only)
        if isinstance(tracked.container, type):
            self._journal.save_class(tracked.container)
        elif tracked.only is not None:
            before = tracked.before.get(tracked.only, MISSING)
            self._journal.add(lambda: _set(tracked.container, tracked.only, before))
        else:
            self._journal.save_container(tracked.container)
        self._tracked.append(tracked)
        if tracked.owner is not None:
            self._places.add((id(tracked.owner), tracked.key))

    def flush(self, shadows: Shadows) -> None:
        """Note what changed since the last look as done by this module."""
        for containers in self._known:
            for container in containers():
                if id(container) not in self._known_seen:
                    self._known_seen[id(container)] = container
                    self._tracked.append(Tracked(("", ""), container, before=[]))
        for tracked in self._tracked:
            if change := self._difference(tracked, shadows):
                self.changes.append(change)
        self.rebase()

    def rebase(self) -> None:
        """Take what is there now as the state to compare with: others changed it."""
        for tracked in self._tracked:
            tracked.container = tracked.current()
            tracked.before = copy_of(tracked.container, tracked.only)

    def _difference(self, tracked: Tracked, shadows: Shadows) -> Change | None:
        current = tracked.current()
        if isinstance(current, dict | type):
            change = self._of_mapping(tracked, current)
        else:
            change = _of_sequence(tracked, current)
        if not (change.added or change.removed):
            return None
        tracked.container = current
        if shadows:
            _replace_shadows(change, current, shadows)
        return Change(replace(tracked, before=None), change.added, change.removed)

    def _of_mapping(self, tracked: Tracked, current: Any) -> Change:
        change = Change(tracked)
        before = tracked.before
        inside = copy_of(current, tracked.only)
        for key in inside.keys() | before.keys():
            old, new = before.get(key, MISSING), inside.get(key, MISSING)
            if old is new or key in _DERIVED or _system(key):
                continue
            if type(old) is type(new) and isinstance(new, CONTAINERS) and (id(current), key) in self._places:
                continue  # compared as a container of its own
            if new is not MISSING:
                change.added.append((key, new))
            if old is not MISSING:
                change.removed.append((key, old))
        order = {key: n for n, key in enumerate(inside)}
        change.added.sort(key=lambda item: order[item[0]])
        return change


def _system(key: Any) -> bool:
    return isinstance(key, str) and key.startswith("__") and key.endswith("__")


def _of_sequence(tracked: Tracked, current: Any) -> Change:
    left = Counter(id(thing) for thing in tracked.before)
    change = Change(tracked)
    for thing in current:
        if left[id(thing)] > 0:
            left[id(thing)] -= 1
        else:
            change.added.append((None, thing))
    for thing in reversed(tracked.before):
        if left[id(thing)] > 0:
            left[id(thing)] -= 1
            change.removed.insert(0, (None, thing))
    return change


def _replace_shadows(change: Change, container: Any, shadows: Shadows) -> None:
    def swap(thing: Any) -> Any:
        found = shadows.get(id(thing))
        return found[1] if found and found[0] is thing else thing

    for number, (key, thing) in enumerate(change.added):
        kept_key, kept = swap(key), swap(thing)
        if kept is thing and kept_key is key:
            continue
        if isinstance(container, dict):
            drop_item(container, key)
            set_item(container, kept_key, kept)
        elif isinstance(container, type):
            type.__setattr__(container, key, kept)
        elif isinstance(container, set):
            container.discard(thing)
            container.add(kept)
        else:
            container[:] = [kept if item is thing else item for item in container]
        change.added[number] = (kept_key, kept)


def _set(mapping: Any, key: Any, value: Any) -> None:
    """Set or, with MISSING, delete an item of a mapping or an attribute of a class."""
    if isinstance(mapping, type):
        if value is not MISSING:
            type.__setattr__(mapping, key, value)
        elif key in vars(mapping):
            type.__delattr__(mapping, key)
    elif value is not MISSING:
        set_item(mapping, key, value)
    else:
        drop_item(mapping, key)


class Effects:
    """The changes of all modules' last runs."""

    def __init__(self) -> None:
        self.by_module: dict[str, list[Change]] = {}
        self._owners: dict[tuple[int, Any], str] = {}

    # -------------------------------------------------------------------------------------------- looking

    def nodes(self, module: str) -> set[Node]:
        """The names, of other modules, under which `module` put something."""
        return {change.node for change in self.by_module.get(module, ()) if change.node[0]}

    def run_with(self, module: str) -> set[str]:
        """Modules that must run again when `module` does.

        Those that own what it cannot be taken out of (an app that got start-up code from it, a registry of models);
        of a library's own registry, all modules that put something there.
        """
        found: set[str] = set()
        for change in self.by_module.get(module, ()):
            if change.tracked.renew or _is_lifespan(change):
                found |= {change.node[0]} if change.node[0] else self._sharing(change.node)
        return found - {module}

    def _sharing(self, node: Node) -> set[str]:
        return {m for m, changes in self.by_module.items() if any(c.node == node and c.tracked.renew for c in changes)}

    def owned(self, thing: object, name: str) -> bool:
        """Whether an attribute of a class or a key of a dict was put there by a module that is not its own."""
        return (id(thing), name) in self._owners

    # --------------------------------------------------------------------------------------------- acting

    def record(self, module: str, changes: list[Change], journal: Journal) -> None:
        before = self.by_module.get(module)
        journal.add(lambda: self._put(module, before))
        self._put(module, changes or None)

    def _put(self, module: str, changes: list[Change] | None) -> None:
        for place in _places_of(self.by_module.pop(module, [])):
            if self._owners.get(place) == module:
                del self._owners[place]
        if changes is not None:
            self.by_module[module] = changes
            self._owners |= dict.fromkeys(_places_of(changes), module)

    def take_back(self, module: str, journal: Journal) -> TakenBack:
        """Undo what the last run of `module` put elsewhere; where it was is remembered in the answer."""
        taken = TakenBack()
        for change in reversed(self.by_module.get(module, [])):
            container = change.tracked.current()
            if isinstance(container, type):
                journal.save_class(container)
            elif change.tracked.only is None:
                journal.save_container(container)
            taken.note(change, container)
            _revert(change, container)
        self.record(module, [], journal)
        return taken

    def place(self, module: str, taken: TakenBack, order: Sequence[str]) -> None:
        """Put what the run just recorded for `module` added where its former entries were."""

        numbers = {name: number for number, name in enumerate(order)} if self.by_module.get(module) else {}
        for change in self.by_module.get(module, []):
            container = change.tracked.current()
            before, removed = taken.places.get(_place(change.tracked), (list(contents(container)), []))
            is_later = self._later(module, container, numbers)
            if isinstance(container, list):
                container[:] = arrange(before, removed, container, [t for _, t in change.added], is_later)
            elif isinstance(container, dict) and change.tracked.only is None:
                _reorder(container, arrange(before, removed, list(container), [k for k, _ in change.added], is_later))

    def _later(self, module: str, container: Any, order: Mapping[str, int]) -> Callable[[Any], bool]:
        def is_later(thing: Any) -> bool:
            owner = self._owners.get((id(container), thing)) if isinstance(container, dict) else None
            owner = owner or self._owners.get((id(container), id(thing)))
            return owner is not None and order.get(owner, -1) > order.get(module, -1)

        return is_later


@dataclass(slots=True)
class TakenBack:
    """Where a module's entries were: place of the container -> (all its entries, the module's own)."""

    places: dict[tuple[int, Any], tuple[list[Any], list[Any]]] = field(default_factory=dict)

    def note(self, change: Change, container: Any) -> None:
        entries = list(contents(container))
        own = change.added
        mine = [key for key, _ in own] if isinstance(container, dict | type) else [thing for _, thing in own]
        known = self.places.setdefault(_place(change.tracked), (entries, []))
        known[1][:0] = [thing for thing in mine if not any(thing is other for other in known[1])]


def _places_of(changes: Iterable[Change]) -> Iterator[tuple[int, Any]]:
    for change in changes:
        for key, thing in change.added:
            yield id(change.tracked.container), key if key is not None else id(thing)


def _place(tracked: Tracked) -> tuple[int, Any]:
    if tracked.owner is not None:
        return id(tracked.owner), tracked.key
    return id(tracked.container), None


def _revert(change: Change, container: Any) -> None:
    if isinstance(container, dict | type):
        former = dict(change.removed)
        for key, new in change.added:
            if contents(container).get(key, MISSING) is new:
                _set(container, key, former.get(key, MISSING))
        for key, old in change.removed:
            if key not in contents(container) and key not in dict(change.added):
                _set(container, key, old)
        return
    if isinstance(container, set):
        container.difference_update([thing for _, thing in change.added])
        container.update(thing for _, thing in change.removed)
        return
    gone = Counter(id(thing) for _, thing in change.added)
    kept: list[Any] = []
    for thing in reversed(container):
        if gone[id(thing)] > 0:
            gone[id(thing)] -= 1
        else:
            kept.insert(0, thing)
    kept += [thing for _, thing in change.removed if not any(thing is k for k in kept)]
    container.clear()
    container.extend(kept)


def _reorder(mapping: dict[Any, Any], keys: list[Any]) -> None:
    if list(mapping) != keys:
        for key in keys:
            value = mapping[key]
            drop_item(mapping, key)
            set_item(mapping, key, value)


def _is_lifespan(change: Change) -> bool:
    keys = {change.tracked.key, *(key for key, _ in change.added)}
    return any(isinstance(key, str) and key in _LIFESPAN for key in keys)
