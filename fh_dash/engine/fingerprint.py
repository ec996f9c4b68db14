"""What a definition means, without where it stands: equal when only lines, comments or docstrings changed."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import CodeType, FunctionType
from typing import Any, TypeAlias

Fingerprint: TypeAlias = dict[str, Any]
"""Aspect, in words for people (`body`, `defaults`, a member of the class), to something comparable."""

_DOCUMENTED = 0x4000000  # CO_HAS_DOCSTRING, since 3.14; before, the first constant of a `def` is its docstring
_VARIADIC = 0x04 | 0x08
_DEEP = 6
_BOOKKEEPING = frozenset(
    {
        *("__dict__", "__weakref__", "__slotnames__", "__doc__", "__module__", "__qualname__"),
        *("__firstlineno__", "__static_attributes__", "__abstractmethods__", "_abc_impl"),
        *("__annotate__", "__annotate_func__", "__annotations_cache__"),
    }
)


def fingerprint(definition: object) -> Fingerprint:
    """Of a function, of a class, or of an object that wraps a function."""
    if isinstance(definition, type):
        bases = [(base.__module__, base.__qualname__) for base in definition.__bases__]
        return {"bases": bases} | {k: _value(v) for k, v in vars(definition).items() if k not in _BOOKKEEPING}
    layers = list(_layers(definition))
    innermost = layers[-1]
    result: Fingerprint = {"decorators": [_layer(layer) for layer in layers[:-1]]}
    code = getattr(innermost, "__code__", None)
    if not isinstance(code, CodeType):
        return result | {"type": (type(innermost).__qualname__, getattr(innermost, "__qualname__", ""))}
    return result | {
        "signature": _signature(code),
        "defaults": _defaults(innermost),
        "body": _code(code),
    }


def difference(old: Fingerprint, new: Fingerprint) -> str:
    """The first aspect in which two differ; empty when they mean the same."""
    return next((k for k in dict.fromkeys([*old, *new]) if old.get(k) != new.get(k)), "")


def underlying(definition: object) -> Any:
    """The function behind decorators, methods, properties and partial objects."""
    return list(_layers(definition))[-1]


def _layers(obj: object) -> list[object]:
    layers = [obj]
    while len(layers) <= 32:
        names = ("__wrapped__",) if isinstance(obj, (FunctionType, type)) else _INNER
        inner = next((i for n in names if callable(i := getattr(obj, n, None))), None)
        if inner is None or inner is obj:
            break
        layers.append(obj := inner)
    return layers


_INNER = ("__wrapped__", "__func__", "fget", "func")


def _layer(obj: object) -> object:
    code = getattr(obj, "__code__", None)
    return (_code(code), _defaults(obj)) if isinstance(code, CodeType) else type(obj).__qualname__


def _signature(code: CodeType) -> tuple[object, ...]:
    counts = code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount
    names = code.co_argcount + code.co_kwonlyargcount + (code.co_flags & _VARIADIC).bit_count()
    return (*counts, code.co_flags & ~_DOCUMENTED, code.co_varnames[:names])


def _defaults(function: object) -> list[object]:
    return [_value(getattr(function, name, None)) for name in ("__defaults__", "__kwdefaults__")]


def _code(code: CodeType) -> tuple[object, ...]:
    constants = list(code.co_consts)
    if constants and _has_docstring(code):
        constants[0] = None
    names = code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars
    return (code.co_code, code.co_exceptiontable, *names, tuple(map(_value, constants)))


def _has_docstring(code: CodeType) -> bool:
    if sys.version_info >= (3, 14):
        return bool(code.co_flags & _DOCUMENTED)
    return not code.co_name.startswith("<")


def _value(value: object, depth: int = 0) -> object:
    """Tells values apart that a program can tell apart; of other objects only the type counts."""
    name = type(value).__qualname__
    if depth > _DEEP:
        return name
    for kinds, content in _CONTENT:
        if isinstance(value, kinds):
            return name, content(value, depth + 1)
    function = underlying(value)
    if isinstance(function, FunctionType):
        return name, _defaults(function), _code(function.__code__), _signature(function.__code__)
    return name


_CONTENT: tuple[tuple[tuple[type, ...], Callable[[Any, int], object]], ...] = (
    ((bool, int, str, bytes), lambda v, depth: v),
    ((float, complex), lambda v, depth: repr(v)),  # 0.0 is not -0.0, and nan is nan
    ((CodeType,), lambda v, depth: (_signature(v), _code(v))),
    ((tuple, list), lambda v, depth: [_value(item, depth) for item in v]),
    ((set, frozenset), lambda v, depth: {repr(_value(item, depth)) for item in v}),
    ((dict,), lambda v, depth: [(_value(k, depth), _value(item, depth)) for k, item in v.items()]),
    ((type,), lambda v, depth: (v.__module__, v.__qualname__)),
)
