"""What has to be undone when a reload fails: an ordered list of steps back."""

from __future__ import annotations

import contextlib
import inspect
import os
import warnings
from collections import OrderedDict, deque
from collections.abc import Callable, MutableMapping
from types import FunctionType
from typing import Any

from fh_dash.engine.abcs import Registry
from fh_dash.engine.bases import move_back
from fh_dash.engine.places import order_attributes
from fh_dash.engine.streams import Stream

_FUNCTION = (
    "__code__",
    "__defaults__",
    "__kwdefaults__",
    "__doc__",
    "__name__",
    "__qualname__",
    "__module__",
    "__annotations__",
    "__type_params__",
)
"""What makes a function what it is; `__type_params__` since Python 3.12."""
FUNCTION_PARTS = tuple(name for name in _FUNCTION if name in vars(FunctionType))
_KINDS = inspect.CO_GENERATOR | inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR
MISSING: Any = object()
_ENVIRON: Any = os.environ._data  # type: ignore[attr-defined]
"""The dict behind `os.environ`; what is set in it has to reach the C library, too."""


class Journal:
    """Steps back, run in reverse order by `undo`; each object's state is saved once, as it first was."""

    def __init__(self) -> None:
        self._steps: list[Callable[[], object]] = []
        self._saved: dict[int, object] = {}  # id -> object, kept alive so that ids stay unique

    def add(self, step: Callable[[], object]) -> None:
        self._steps.append(step)

    def undo(self) -> None:
        for step in reversed(self._steps):
            step()
        self._steps.clear()
        self._saved.clear()

    def _first(self, thing: object) -> bool:
        if id(thing) in self._saved:
            return False
        self._saved[id(thing)] = thing
        return True

    def save_mapping(self, mapping: MutableMapping[Any, Any]) -> None:
        """A dict (also a namespace): key by key, so that a reader in another thread never meets it empty."""
        if self._first(mapping):
            before = dict(mapping)
            self.add(lambda: restore_mapping(mapping, before))

    def save_container(self, container: Any) -> None:
        """A list, set, deque or dict."""
        if isinstance(container, dict):
            self.save_mapping(container)
        elif self._first(container):
            before = list(container)
            self.add(lambda: restore_sequence(container, before))

    def save_tracked(self, container: Any, only: frozenset[str] | None = None) -> None:
        """A container as `walk.Tracked` has it: also a class, part of a namespace, slots, a registry."""
        if only is not None:
            now = vars(container) if isinstance(container, type) else container
            before = {name: now.get(name, MISSING) for name in only}
            self.add(lambda: _set_names(container, before))
        elif isinstance(container, type):
            self.save_class(container)
        elif isinstance(container, Registry):
            if self._first(vars(container.cls).get("_abc_impl", container.cls)):  # not the class as such
                classes = container.classes()
                self.add(lambda: container.replace(classes))
        elif isinstance(container, Stream):
            state = container.state()
            self.add(lambda: container.restore(state))
        elif isinstance(container, MutableMapping):
            self.save_mapping(container)
        else:
            self.save_container(container)

    def add_restore(self, container: Any, before: Any) -> None:
        """Give a container back what it held when it was made."""
        if isinstance(container, dict):
            self.add(lambda: container.update(before))
        else:
            self.add(lambda: restore_sequence(container, before))

    def save_function(self, function: FunctionType) -> None:
        if self._first(function):
            parts = {name: getattr(function, name) for name in FUNCTION_PARTS}
            self.save_mapping(function.__dict__)
            self.add(lambda: set_parts(function, parts))

    def save_class(self, cls: type) -> None:
        if self._first(cls):
            before, bases = dict(vars(cls)), cls.__bases__
            names = cls.__name__, cls.__qualname__
            self.add(lambda: _restore_class(cls, before, bases, names))

    def save_attribute(self, thing: object, name: str) -> None:
        before = getattr(thing, name, MISSING)
        if before is MISSING:
            self.add(lambda: delattr(thing, name) if hasattr(thing, name) else None)
        else:
            self.add(lambda: setattr(thing, name, before))


def _set_names(mapping: Any, before: dict[str, Any]) -> None:
    for name, value in before.items():
        put(mapping, name, value)


def set_parts(function: FunctionType, parts: dict[str, Any]) -> None:
    """Make a function another one; since Python 3.13 one of another kind (a generator, say) comes with a warning."""
    kept = warnings.catch_warnings() if (function.__code__.co_flags ^ parts["__code__"].co_flags) & _KINDS else None
    with kept or contextlib.nullcontext():
        if kept is not None:
            warnings.simplefilter("ignore", DeprecationWarning)
        for name, value in parts.items():
            setattr(function, name, value)


def restore_mapping(mapping: MutableMapping[Any, Any], before: dict[Any, Any]) -> None:
    order = list(before)
    for key, value in before.items():
        if mapping.get(key, MISSING) is not value:
            set_item(mapping, key, value)
    for key in [key for key in mapping if key not in before]:
        drop_item(mapping, key)
    if isinstance(mapping, dict) and mapping is not _ENVIRON and list(mapping) != order:
        for key in order:
            drop_item(mapping, key)
            set_item(mapping, key, before[key])


def put(container: Any, key: Any, value: Any) -> None:
    """Set or, with MISSING, delete an item of a mapping or an attribute of a class."""
    if isinstance(container, type):
        if value is MISSING and key in vars(container):
            type.__delattr__(container, key)
        elif vars(container).get(key, MISSING) is not value:
            type.__setattr__(container, key, value)
    elif value is MISSING:
        drop_item(container, key)
    else:
        set_item(container, key, value)


def set_item(mapping: Any, key: Any, value: Any) -> None:
    """As `dict` itself does it: libraries have dicts that refuse, or do more (SQLAlchemy's `FacadeDict`)."""
    if mapping is _ENVIRON:
        os.environ[os.fsdecode(key)] = os.fsdecode(value)
        dict.__setitem__(mapping, key, value)  # the same object, by which is told who has set it
    elif _is_plain(mapping):
        dict.__setitem__(mapping, key, value)
    else:
        mapping[key] = value


def drop_item(mapping: Any, key: Any) -> None:
    if mapping is _ENVIRON:
        os.environ.pop(os.fsdecode(key), None)
    elif _is_plain(mapping):
        dict.pop(mapping, key, None)
    else:
        mapping.pop(key, None)


def _is_plain(mapping: Any) -> bool:
    """Whether it holds its keys as a dict does, and has no order of them besides."""
    if not isinstance(mapping, dict) or isinstance(mapping, OrderedDict):
        return False
    return all(base.__module__.partition(".")[0] != "sortedcontainers" for base in type(mapping).__mro__)


def restore_sequence(container: Any, before: list[Any]) -> None:
    if isinstance(container, list):
        container[:] = before
    elif isinstance(container, set):
        container.intersection_update(before)
        container.update(before)
    elif isinstance(container, deque):
        container.clear()
        container.extend(before)


class NoJournal(Journal):
    """For first loads, which nobody undoes."""

    def add(self, step: Callable[[], object]) -> None:
        pass

    def _first(self, thing: object) -> bool:
        return False


def _restore_class(cls: type, before: dict[str, Any], bases: tuple[type, ...], names: tuple[str, str]) -> None:
    cls.__name__, cls.__qualname__ = names
    if cls.__bases__ != bases:
        move_back(cls, bases)
    for name in [name for name in vars(cls) if name not in before]:
        type.__delattr__(cls, name)
    for name, value in before.items():
        if name not in UNSETTABLE and vars(cls).get(name, MISSING) is not value:
            type.__setattr__(cls, name, value)
    order_attributes(cls, list(before))


NAMES_OF_CLASSES = frozenset({"__name__", "__qualname__"})
"""A class may define them for its objects; of the class itself `type` answers for them, and sets them."""
UNSETTABLE = frozenset({"__dict__", "__weakref__"}) | NAMES_OF_CLASSES
"""What belongs to one class object and cannot be given to another."""
