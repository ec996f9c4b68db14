"""After an edit that changed no code: functions get the same code on its new lines, so that tracebacks are true."""

from __future__ import annotations

import gc
import inspect
import linecache
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import CodeType, FunctionType

from fh_dash.engine.cells import held_by
from fh_dash.engine.kinds import is_a
from fh_dash.engine.sources import Source
from fh_dash.engine.walk import inside

_OPTIMIZED = inspect.CO_OPTIMIZED
"""Set for the code of functions, not for modules and class bodies."""


@dataclass(frozen=True, slots=True)
class Moved:
    old: CodeType
    new: CodeType
    made: dict[int, list[object]]


class _Exchange:
    """Code -> the same code on other lines. Compared by value: a function may have it of an earlier run."""

    def __init__(self) -> None:
        self._pairs: dict[tuple[str, str, int], list[tuple[CodeType, CodeType]]] = {}

    def __bool__(self) -> bool:
        return bool(self._pairs)

    def add(self, pairs: Iterable[tuple[CodeType, CodeType]]) -> None:
        for old, new in pairs:
            self._pairs.setdefault((old.co_qualname, *_place(old)), []).append((old, new))

    def codes(self) -> Iterator[CodeType]:
        return (old for pairs in self._pairs.values() for old, _ in pairs)

    def __call__(self, function: FunctionType) -> None:
        code = function.__code__
        for old, new in self._pairs.get((code.co_qualname, *_place(code)), ()):
            if code is old or code == old:
                function.__code__ = new
                return


def refresh_lines(
    moved: Iterable[Moved],
    changed: Iterable[Source],
    kept: Collection[FunctionType],
    namespaces: Iterable[Mapping[str, object]],
) -> None:
    """Exchange the code of all functions made from `moved`, and let `linecache` read the changed files again.

    The `kept` ones, and those that decorators made for other modules, may have been made by an earlier run.
    """
    exchange = _Exchange()
    nested = False
    for move in moved:
        pairs = list(_pairs(move.old, move.new))
        exchange.add(pairs)
        _renumber_classes(move.made, pairs)
        known = {id(function.__code__) for function in _functions(move.made)}
        for function in (*_functions(move.made), *kept):
            exchange(function)
        nested = nested or any(old.co_flags & _OPTIMIZED and id(old) not in known for old, _ in pairs)
    if nested:
        # Lambdas, and closures made by functions that ran long ago, are known to nobody: one look over the heap for all
        # (measured: 0.2 s for two million objects), and only for edits like this one.
        for function in gc.get_referrers(*exchange.codes()):
            if is_a(function, FunctionType):
                exchange(function)
        _refresh_held(exchange, namespaces)
    for source in changed:
        linecache.cache.pop(str(source.path), None)


def refresh_closures(reruns: Iterable[tuple[CodeType, CodeType]], namespaces: Iterable[Mapping[str, object]]) -> None:
    """After modules ran again: the closures that their decorators made for other modules get today's lines.

    Only what the namespaces of modules and their classes hold is looked at: such edits are too frequent for a look over
    the heap.
    """
    exchange = _Exchange()
    for old, new in reruns:
        exchange.add(_moved(old, new))
    if exchange:
        _refresh_held(exchange, namespaces)


def _refresh_held(exchange: _Exchange, namespaces: Iterable[Mapping[str, object]]) -> None:
    for function in (function for namespace in namespaces for function in _held(namespace)):
        exchange(function)


def _moved(old: CodeType, new: CodeType) -> Iterator[tuple[CodeType, CodeType]]:
    """Functions inside of functions that are the same ones on other lines, or in another file."""
    before, after = _closures(old), _closures(new)
    for name in before.keys() & after.keys():
        for one, other in zip(before[name], after[name], strict=False):
            if _place(one) != _place(other) and _bare(one) == _bare(other):
                yield one, other


def _closures(code: CodeType, inside: bool = False) -> dict[str, list[CodeType]]:
    found: dict[str, list[CodeType]] = {}
    for inner in (constant for constant in code.co_consts if isinstance(constant, CodeType)):
        if inside and inner.co_flags & _OPTIMIZED:
            found.setdefault(inner.co_qualname, []).append(inner)
        for name, codes in _closures(inner, inside or bool(inner.co_flags & _OPTIMIZED)).items():
            found.setdefault(name, []).extend(codes)
    return found


def _place(code: CodeType) -> tuple[str, int]:
    return code.co_filename, code.co_firstlineno


def _bare(code: CodeType) -> CodeType:
    consts = tuple(_bare(constant) if isinstance(constant, CodeType) else constant for constant in code.co_consts)
    return code.replace(co_firstlineno=1, co_linetable=b"", co_consts=consts, co_filename="")


def _held(namespace: Mapping[str, object]) -> Iterator[FunctionType]:
    for value in list(namespace.values()):
        yield from _chain(value)
        if is_a(value, type) and value.__module__ == namespace.get("__name__"):
            for thing in list(vars(value).values()):
                for part in (thing, *inside(thing)):
                    yield from _chain(part)


def _chain(value: object) -> Iterator[FunctionType]:
    """A function, those that it wraps, and those that it closes over."""
    waiting, seen = [value], set[int]()
    while waiting:
        part = waiting.pop()
        if is_a(part, FunctionType) and id(part) not in seen:
            seen.add(id(part))
            yield part
            waiting += held_by(part)


def _pairs(old: CodeType, new: CodeType) -> Iterator[tuple[CodeType, CodeType]]:
    """Equal trees give code objects in equal order."""
    yield old, new
    inner_old = [c for c in old.co_consts if isinstance(c, CodeType)]
    inner_new = [c for c in new.co_consts if isinstance(c, CodeType)]
    for one, other in zip(inner_old, inner_new, strict=False):
        yield from _pairs(one, other)


def _functions(made: dict[int, list[object]]) -> Iterator[FunctionType]:
    for things in made.values():
        for thing in things:
            if is_a(thing, FunctionType):
                yield thing


def _renumber_classes(made: dict[int, list[object]], pairs: list[tuple[CodeType, CodeType]]) -> None:
    """Since Python 3.13 a class knows its first line, and `inspect.getsource` believes it."""
    lines = {(old.co_qualname, old.co_firstlineno): new.co_firstlineno for old, new in pairs}
    for thing in (thing for things in made.values() for thing in things if is_a(thing, type)):
        line = lines.get((thing.__qualname__, vars(thing).get("__firstlineno__", 0)))
        if line is not None:
            type.__setattr__(thing, "__firstlineno__", line)
