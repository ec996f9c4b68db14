"""What `functools.cache` functions keep: `@cache def registry(): return Registry()`, which many modules fill."""

from __future__ import annotations

import contextlib
import gc
import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import _lru_cache_wrapper
from types import FunctionType
from typing import Any

from fh_dash.engine.irreversible import Irreversible


class Memo(Irreversible):
    """The results that a cached function has made so far; the one that made a new one put something there, too.

    Unless it only called methods that change nothing: `load_model().predict(…)`.
    """

    def __init__(
        self, function: _lru_cache_wrapper[Any], methods: Collection[str], only_reads: Callable[[type, str], bool]
    ) -> None:
        self._function, self._methods, self._only_reads = function, methods, only_reads

    def state(self) -> Mapping[str, Any]:
        return {str(id(result)): result for result in results(self._function) if self._may_change(type(result))}

    def _may_change(self, cls: type) -> bool:
        return not all(method and self._only_reads(cls, method) for method in self._methods)


@dataclass(frozen=True, slots=True)
class Call:
    """One that a cache knows the result of."""

    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]
    result: Any


def results(function: _lru_cache_wrapper[Any]) -> Iterator[Any]:
    return (call.result for call in calls(function))


def calls(function: _lru_cache_wrapper[Any]) -> list[Call]:
    """What it keeps, the newest last. The garbage collector knows: CPython gives no other way to look at it."""
    if not hasattr(function, "cache_parameters"):
        return []  # made without `lru_cache`
    parameters, size = function.cache_parameters(), function.cache_info().currsize
    linked = size if parameters["maxsize"] is not None else 0
    _, *parts = gc.get_referents(function)
    at = 3 * linked  # a key, a result and a type for each, then the table, the function and what stands before keywords
    if len(parts) < at + 3 or type(parts[at]) is not dict or len(parts[at]) != size:
        return []  # it was called just now, by another thread
    known = zip(parts[:at:3], parts[1:at:3], strict=True) if linked else list(parts[at].items())
    return [_call(key, parts[at + 2], parameters["typed"], result) for key, result in known]


def _call(key: Any, mark: object, typed: bool, result: Any) -> Call:
    """`functools` makes a tuple of arguments, `mark`, keywords with their values, and the types if asked to."""
    if type(key) is not tuple:
        return Call((key,), {}, result)
    number = next((n for n, part in enumerate(key) if part is mark), None)
    if number is None:
        return Call(key[: len(key) // 2] if typed else key, {}, result)
    end = number + 1 + 2 * ((len(key) - 2 * number - 1) // 3) if typed else len(key)
    keywords = key[number + 1 : end]
    return Call(key[:number], dict(zip(keywords[::2], keywords[1::2], strict=True)), result)


def refill(function: _lru_cache_wrapper[Any], known: Iterable[Call]) -> None:
    """Make a cache hold just these results."""
    function.cache_clear()
    fill(function, known)


def fill(function: _lru_cache_wrapper[Any], known: Iterable[Call]) -> None:
    """Add these results to a cache, where it has none for the same arguments.

    Only calls can fill it: meanwhile its function has code that gives them, and to other threads what it always does.
    """
    _, table, inner, *_ = gc.get_referents(function)  # not `__wrapped__`, which anybody may set
    if type(table) is not dict or type(inner) is not FunctionType:
        return
    code, giver = inner.__code__, _Giver(inner)
    consts = tuple(giver if const == _GIVER else const for const in _CODE.co_consts)
    inner.__code__ = _CODE.replace(co_consts=consts, co_freevars=code.co_freevars)
    try:
        for call in known:
            giver.result = call.result
            with contextlib.suppress(Exception):  # arguments of the project have hashes of the project
                function(*call.args, **call.kwargs)
    finally:
        inner.__code__ = code


class _Giver:
    def __init__(self, function: FunctionType) -> None:
        self.result: Any = None
        self._thread = threading.get_ident()
        self._function = FunctionType(
            function.__code__, function.__globals__, function.__name__, function.__defaults__, function.__closure__
        )
        self._function.__kwdefaults__ = function.__kwdefaults__

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.result if threading.get_ident() == self._thread else self._function(*args, **kwargs)


_GIVER = "giver"
_CODE = (lambda *args, **kwargs: "giver".__call__(*args, **kwargs)).__code__  # type: ignore[operator]
