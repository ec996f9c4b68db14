"""A deep picture of the running program, by identity: after a bad save it must be exactly the same again."""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Iterator
from types import FunctionType, MethodType, ModuleType
from typing import Any

from tests.random_reload.observe import project_modules

_ATOMS = (str, bytes, int, float, complex, bool, type(None))
_MADE_ON_DEMAND = frozenset({"__annotations_cache__", "__abstractmethods__", "_abc_impl", "__warningregistry__"})
"""The last: the garbage collector warns of a coroutine that nobody awaited, in whatever module runs just then."""


class Snapshot:
    """Every project object in reach: which parts it has, and which objects those are."""

    def __init__(self, root: str) -> None:
        self._root = root
        self._modules = project_modules(root)
        self._path = list(sys.path)
        self._finders = list(sys.meta_path)
        self._objects: dict[int, tuple[str, Any, list[tuple[Any, Any]]]] = {}
        self._waiting: deque[tuple[str, Any]] = deque(self._modules.items())
        while self._waiting:
            place, thing = self._waiting.popleft()
            if id(thing) in self._objects or isinstance(thing, _ATOMS):
                continue
            parts = list(self._parts(thing))
            self._objects[id(thing)] = (place, thing, parts)
            self._waiting.extend((f"{place}.{key}", part) for key, part in parts if self._enters(part))

    def _enters(self, part: Any) -> bool:
        return not isinstance(part, _ATOMS) and not isinstance(part, ModuleType)

    def _parts(self, thing: Any) -> Iterator[tuple[Any, Any]]:
        if isinstance(thing, ModuleType):
            yield from ((k, v) for k, v in sorted(vars(thing).items()) if k not in _MADE_ON_DEMAND)
        elif isinstance(thing, type):
            if thing.__module__ in self._modules:
                yield from ((k, v) for k, v in sorted(vars(thing).items()) if k not in _MADE_ON_DEMAND)
                yield "bases", thing.__bases__
                subclasses: list[type] = sorted(type.__subclasses__(thing), key=lambda c: (c.__qualname__, id(c)))
                yield from ((f"subclass {c.__qualname__}", c) for c in subclasses)
        elif isinstance(thing, FunctionType):
            for name in ("__code__", "__defaults__", "__kwdefaults__", "__name__", "__qualname__", "__doc__"):
                yield name, getattr(thing, name)
            yield from vars(thing).items()
            for cell in thing.__closure__ or ():
                yield "cell", _content(cell)
        elif isinstance(thing, MethodType):
            yield from (("self", thing.__self__), ("func", thing.__func__))
        elif isinstance(thing, dict):
            yield from thing.items()
        elif isinstance(thing, list | tuple | deque):
            yield from enumerate(thing)
        elif isinstance(thing, set | frozenset):
            yield from (("item", item) for item in sorted(thing, key=id))
        else:
            yield from self._of_instance(thing)

    def _of_instance(self, thing: Any) -> Iterator[tuple[Any, Any]]:
        if type(thing).__module__ in self._modules:
            yield "class", type(thing)
            held = getattr(thing, "__dict__", None)
            if isinstance(held, dict):
                yield from held.items()
        for name in ("__wrapped__", "__func__", "fget", "func"):
            inner = getattr(thing, name, None) if not isinstance(thing, type) else None
            if inner is not None:
                yield name, inner

    def changes(self) -> list[str]:
        """What is not as it was when this picture was taken."""
        found = []
        if project_modules(self._root) != self._modules:
            found.append(f"sys.modules: {sorted(self._modules)} / {sorted(project_modules(self._root))}")
        if sys.path != self._path:
            found.append(f"sys.path: {self._path} / {sys.path}")
        if sys.meta_path != self._finders:
            found.append(f"sys.meta_path: {self._finders} / {sys.meta_path}")
        for place, thing, parts in self._objects.values():
            found += _compare(place, parts, list(self._parts(thing)))
        return found


def _content(cell: Any) -> Any:
    try:
        return cell.cell_contents
    except ValueError:
        return None


def _compare(place: str, before: list[tuple[Any, Any]], now: list[tuple[Any, Any]]) -> list[str]:
    keys, found_keys = [key for key, _ in before], [key for key, _ in now]
    if keys != found_keys:
        return [f"{place}: {keys} (before) / {found_keys} (after)"]
    return [
        f"{place}.{key}: {old!r} (before) / {new!r} (after)"
        for (key, old), (_, new) in zip(before, now, strict=True)
        if not _same(old, new)
    ]


def _same(old: Any, new: Any) -> bool:
    if old is new:
        return True
    if type(old) is not type(new):
        return False
    if isinstance(old, (*_ATOMS, MethodType)):
        return bool(old == new)
    if isinstance(old, tuple):  # `__bases__` and the like are made at each look
        return len(old) == len(new) and all(map(_same, old, new))
    return False
