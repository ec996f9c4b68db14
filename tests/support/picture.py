"""A deep picture of everything that project code can notice, by identity: after a bad save it must be the same again."""

from __future__ import annotations

import logging
import os
import sys
import weakref
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from functools import partial, singledispatch
from types import BuiltinFunctionType, CodeType, FunctionType, MethodType, ModuleType
from typing import Any, TypeAlias

from fh_dash.engine.keep import registry
from tests.support.project import Project, loggers

Parts: TypeAlias = list[tuple[str, Any]]

_ATOMS = (str, bytes, int, float, complex, bool, type(None), type(Ellipsis), range, CodeType, BuiltinFunctionType)
_FUNCTION = ("code", "defaults", "kwdefaults", "name", "qualname", "doc", "module", "annotations", "type_params")
_ON_DEMAND = frozenset({"__annotations_cache__", "_abc_impl", "__abstractmethods__", "__weakref__", "__dict__"})
_ENTERED_LIBRARIES = ("starlette", "fasthtml", "functools", "collections", "types", "dataclasses", "enum")
"""Libraries whose instances are looked into, since projects register things on them."""


class Picture:
    """Every object in reach of the project's modules, with its parts; `changes` says which have others now."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._objects: dict[int, tuple[str, Any, Parts]] = {}
        self._interpreter = self._around()
        self._modules = project.modules()
        waiting: deque[tuple[str, Any]] = deque(self._modules.items())
        while waiting:
            place, thing = waiting.popleft()
            if id(thing) in self._objects or isinstance(thing, _ATOMS):
                continue
            parts = self._parts(thing)
            self._objects[id(thing)] = (place, thing, parts)
            waiting.extend((f"{place}{name}", part) for name, part in parts if not isinstance(part, ModuleType))

    def __len__(self) -> int:
        return len(self._objects)

    def changes(self) -> list[str]:
        """One line for each difference; empty when nothing can be noticed."""
        found = [
            f"{name}: {old!r} (before) / {now!r} (after)"
            for (name, old), (_, now) in zip(self._interpreter, self._around(), strict=True)
            if old != now
        ]
        for place, thing, parts in self._objects.values():
            found += _compare(place, parts, self._parts(thing))
        return found

    # ------------------------------------------------------------------------------------- around the project

    def _around(self) -> Parts:
        own = self._project.modules()
        return [
            ("modules", {name: id(module) for name, module in own.items()}),
            ("known to the engine", {name: id(module) for name, module in self._project.engine.modules().items()}),
            ("sys.path", list(sys.path)),
            ("sys.meta_path", [id(finder) for finder in sys.meta_path]),
            ("environment", dict(os.environ)),
            ("logging", {logger.name: [id(h) for h in logger.handlers] for logger in loggers() if logger.handlers}),
            ("root level", logging.root.level),
            ("kept", [(s.key, s.entries, s.stale, s.hits, s.misses) for s in registry.states()]),
            ("routes", self._project.routes()),
        ]

    # --------------------------------------------------------------------------------------------- parts

    def _parts(self, thing: Any) -> Parts:
        for kinds, describe in _PARTS:
            if isinstance(thing, kinds):
                return list(describe(self, thing))
        return list(self._of_instance(thing))

    def _of_module(self, module: ModuleType) -> Iterator[tuple[str, Any]]:
        return ((f".{name}", value) for name, value in vars(module).items() if name != "__builtins__")

    def _of_class(self, cls: type) -> Iterator[tuple[str, Any]]:
        if cls.__module__ not in self._modules:
            return
        for name, value in sorted(vars(cls).items()):
            if name not in _ON_DEMAND:
                yield f".{name}", value
        yield "(bases)", cls.__bases__
        yield "(subclasses)", tuple(sorted(type.__subclasses__(cls), key=id))

    def _of_function(self, function: FunctionType) -> Iterator[tuple[str, Any]]:
        yield from ((f".__{n}__", getattr(function, f"__{n}__", None)) for n in _FUNCTION)
        yield ".__dict__", function.__dict__
        for cell in function.__closure__ or ():
            yield "(cell)", _content(cell)

    def _of_mapping(self, mapping: Mapping[Any, Any]) -> Iterator[tuple[str, Any]]:
        for key, value in list(mapping.items()):
            yield f"[{_label(key)}]", value
            yield f"(key {_label(key)})", key

    def _of_sequence(self, sequence: Any) -> Iterator[tuple[str, Any]]:
        return ((f"[{number}]", value) for number, value in enumerate(sequence))

    def _of_set(self, found: Any) -> Iterator[tuple[str, Any]]:
        return (("{}", value) for value in sorted(found, key=id))

    def _of_instance(self, thing: Any) -> Iterator[tuple[str, Any]]:
        yield "(class)", type(thing)
        library = type(thing).__module__.partition(".")[0]
        if type(thing).__module__ not in self._modules and library not in _ENTERED_LIBRARIES:
            return
        held = getattr(thing, "__dict__", None)
        if isinstance(held, dict):
            yield from ((f".{name}", value) for name, value in held.items())
        for name in ("__wrapped__", "__func__", "fget", "fset", "func", *_slots(thing)):
            inner = getattr(thing, name, None)
            if inner is not None:
                yield f".{name}", inner


_PARTS: tuple[tuple[tuple[type, ...], Callable[[Picture, Any], Iterator[tuple[str, Any]]]], ...] = (
    ((ModuleType,), Picture._of_module),
    ((type,), Picture._of_class),
    ((FunctionType,), Picture._of_function),
    ((MethodType,), lambda _, method: iter([(".self", method.__self__), (".func", method.__func__)])),
    ((partial,), lambda _, p: iter([(".func", p.func), (".args", p.args), (".keywords", p.keywords)])),
    ((dict, type(vars(type)), weakref.WeakKeyDictionary, weakref.WeakValueDictionary), Picture._of_mapping),
    ((list, tuple, deque), Picture._of_sequence),
    ((set, frozenset, weakref.WeakSet), Picture._of_set),
)


def _slots(thing: Any) -> Iterator[str]:
    for cls in type(thing).__mro__:
        slots = vars(cls).get("__slots__", ())
        yield from (slots,) if isinstance(slots, str) else slots


def _content(cell: Any) -> Any:
    try:
        return cell.cell_contents
    except ValueError:
        return None


@singledispatch
def _label(key: object) -> str:
    return getattr(key, "__qualname__", None) or f"{type(key).__name__}"


_label.register(str)(repr)
_label.register(int)(repr)


def _compare(place: str, before: Parts, now: Parts) -> list[str]:
    names, found = [name for name, _ in before], [name for name, _ in now]
    if names != found:
        missing, more = [n for n in names if n not in found], [n for n in found if n not in names]
        return [f"{place}: gone {missing}, new {more}" if missing or more else f"{place}: order {names} / {found}"]
    return [
        f"{place}{name}: {old!r} (before) / {new!r} (after)"
        for (name, old), (_, new) in zip(before, now, strict=True)
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
