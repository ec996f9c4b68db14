"""Sees import statements and `importlib.import_module` while a module runs.

The import system asks finders only for modules that are not loaded yet; a reload has to know where all import
statements stand. For as long as nothing runs, `builtins.__import__` is Python's own: with any other in its place each
import statement of a handler costs some ten microseconds more.
"""

from __future__ import annotations

import builtins
import importlib
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import ModuleType
from typing import Any, TypeAlias

Before: TypeAlias = Callable[[str, Mapping[str, object], Sequence[str], int], object]
"""Called with what `__import__` got: name, globals, names behind `from`, level."""
AfterStatement: TypeAlias = Callable[[ModuleType, str, Mapping[str, object], Sequence[str], int], ModuleType]
"""Called with the module, and again what `__import__` got; what it returns is imported."""
AfterName: TypeAlias = Callable[[ModuleType], object]


class ImportStatements:
    """Stands in for both functions within `seen`, whose calls may nest, also on several threads.

    What somebody else puts on top meanwhile stays; ours stays below it and goes on to work. Each time it is a new pair
    that knows what was there before it: somebody may hold on to an older one, and call it from what we call.
    """

    def __init__(self, before: Before, after: AfterStatement, after_name: AfterName) -> None:
        self._before, self._after, self._after_name = before, after, after_name
        self._lock = threading.Lock()
        self._users = 0
        self._take_out: list[Callable[[], object]] = []

    @contextmanager
    def seen(self) -> Iterator[None]:
        with self._lock:
            self._users += 1
            if self._users == 1:
                self._take_out = [
                    put(builtins, "__import__", self._statement(builtins.__import__)),
                    put(importlib, "import_module", self._by_name(importlib.import_module)),
                ]
        try:
            yield
        finally:
            with self._lock:
                self._users -= 1
                if not self._users:
                    for take_out in self._take_out:
                        take_out()

    def _statement(self, below: Callable[..., ModuleType]) -> Callable[..., ModuleType]:
        def __import__(
            name: str,
            globals: Mapping[str, object] | None = None,
            locals: Mapping[str, object] | None = None,
            fromlist: Sequence[str] | None = (),
            level: int = 0,
        ) -> ModuleType:
            asked = name, globals or {}, fromlist or (), level
            self._before(*asked)
            return self._after(below(name, globals, locals, fromlist or (), level), *asked)

        return __import__

    def _by_name(self, below: Callable[..., ModuleType]) -> Callable[..., ModuleType]:
        def import_module(name: str, package: str | None = None) -> ModuleType:
            level = len(name) - len(name.lstrip("."))
            self._before(name[level:], {"__package__": package}, (), level)
            module = below(name, package)
            self._after_name(module)
            return module

        return import_module


def put(place: Any, name: str, function: Callable[..., Any]) -> Callable[[], object]:
    """Put it there; what takes it out again, unless somebody else stands there by then."""
    before = getattr(place, name)
    setattr(place, name, function)

    def take_out() -> None:
        if getattr(place, name) is function:
            setattr(place, name, before)

    return take_out
