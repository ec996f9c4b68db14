"""What is noted of the uses of global names, and of what happens to them."""

from __future__ import annotations

import ast

from fh_dash.engine.uses import CALLERS, READERS, START_UP, Use, called_in, dotted


class UseRecorder:
    """Keeps `binds`, `mutates`, `now` and `later` of a place in a module that a visitor moves on."""

    def __init__(self) -> None:
        self.binds: set[str] = set()
        self.mutates: set[str] = set()
        self.results: set[tuple[str, str]] = set()
        """Functions of which what they return may be changed, and the method that may: `registry().add(…)`."""
        self.now: list[Use] = []
        self.later: list[Use] = []
        self._scopes: list[set[str]] = []  # local names of the enclosing functions and comprehensions
        self._depth = 0  # of functions: > 0 means later
        self._in_class = 0
        self._via: tuple[str, ...] = ()

    def _is_local(self, name: str) -> bool:
        return any(name in scope for scope in self._scopes)

    def _use(
        self,
        path: tuple[str, ...],
        line: int,
        *,
        called: bool = False,
        stored: bool = False,
        callee: bool = False,
        decorates: bool = False,
    ) -> None:
        if self._is_local(path[0]):
            return
        runs = bool(self._via) and self._via[-1] in CALLERS | START_UP
        use = Use(path, line, called or callee or runs, self._via, stored, callee, decorates)
        (self.later if self._depth else self.now).append(use)

    def _bind(self, name: str) -> None:
        if not self._depth and not self._in_class and not self._is_local(name):
            self.binds.add(name)

    def _mutate(self, node: ast.AST, method: str = "") -> None:
        path = dotted(node)
        if path and not self._depth and not self._is_local(path[0]):
            self.mutates.add(path[0])
            self.results.update((name, method) for name in called_in(node))

    def _mutate_by_call(self, func: ast.AST, decorates: bool = False) -> None:
        """`x.append(…)` may change `x`; `f(…)` is no reason to think that `f` has changed."""
        path = dotted(func)
        if len(path) > 1 and (decorates or path[-1] not in READERS):
            self._mutate(func, path[-1])
