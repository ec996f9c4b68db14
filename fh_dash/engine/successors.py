"""The classes of modules that ran again: which were kept, which have a successor, which are out of use."""

from __future__ import annotations

from collections.abc import Callable

from fh_dash.engine.detach import detach
from fh_dash.engine.journal import Journal
from fh_dash.engine.keep import registry
from fh_dash.engine.kinds import is_a
from fh_dash.engine.record import Record


def classes(record: Record) -> list[type]:
    """The classes that the last run of a module made, or kept."""
    return [thing for things in record.made.values() for thing in things if is_a(thing, type)]


def derived_classes(record: Record, is_project: Callable[[str], bool]) -> list[tuple[str, int]]:
    """Classes of a module that are derived from another project module's: qualified name, `id` of the base."""
    return [
        (cls.__qualname__, id(base))
        for cls in classes(record)
        for base in cls.__bases__
        if base.__module__ != cls.__module__ and is_project(base.__module__)
    ]


def families(record: Record, is_project: Callable[[str], bool]) -> list[tuple[str, int]]:
    """The same with those that are derived from classes of the module itself, in the order in which they are made."""
    bases = ((cls, base) for cls in classes(record) for base in cls.__bases__)
    return [(cls.__qualname__, id(base)) for cls, base in bases if is_project(base.__module__)]


class Successors:
    """Grows with each module that runs again."""

    def __init__(self, journal: Journal, is_project: Callable[[str], bool]) -> None:
        self._journal, self._is_project = journal, is_project
        self.adopted: list[type] = []
        """Classes that got new contents."""
        self.replaced: list[tuple[type, type]] = []
        """Classes that could not be kept and have a successor of the same name."""
        self.detached = False
        """A class was taken out of its bases' subclasses: to put it back makes it the last one."""

    def note(self, old: Record, new: Record) -> None:
        """A module ran again."""
        self._note_replaced(old, new)
        self._detach_dropped(old, new)

    def drop(self, record: Record) -> None:
        """A module is unloaded."""
        for thing in classes(record):
            self._detach(thing)

    def _detach(self, cls: type) -> None:
        self.detached = True
        self._journal.save_class(cls)
        detach(cls, self._is_project)

    def _note_replaced(self, old: Record, new: Record) -> None:
        successors = {(c.__module__, c.__qualname__): c for c in classes(new)}
        kept = {id(thing) for thing in classes(new)}
        for cls in classes(old):
            successor = successors.get((cls.__module__, cls.__qualname__))
            if successor is not None and id(cls) not in kept and not registry.is_pinned(cls):
                self.replaced.append((cls, successor))

    def _detach_dropped(self, old: Record, new: Record) -> None:
        kept = {id(thing) for things in new.made.values() for thing in things}
        for thing in classes(old):
            if id(thing) not in kept and not registry.is_pinned(thing):
                self._detach(thing)
        before = {id(thing) for thing in classes(old)}
        self.adopted += [thing for thing in classes(new) if id(thing) in before]
