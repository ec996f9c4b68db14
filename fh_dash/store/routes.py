"""The route table with what the requests said about it."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Protocol

from fh_dash.events import RequestFinished
from fh_dash.store.numbers import percentile


class RouteLike(Protocol):
    """What is read of a route, e.g. of `fh_dash.engine.routes.Route`."""

    @property
    def methods(self) -> str: ...
    @property
    def path(self) -> str: ...
    @property
    def handler(self) -> str: ...
    @property
    def file(self) -> str: ...
    @property
    def line(self) -> int: ...


@dataclass(slots=True)
class RouteStats:
    methods: str
    path: str
    handler: str
    file: str
    line: int
    hits: int = 0
    errors: int = 0
    times: deque[float] = field(default_factory=lambda: deque(maxlen=200))

    @property
    def p50(self) -> float | None:
        return percentile(self.times, 0.5)

    @property
    def p95(self) -> float | None:
        return percentile(self.times, 0.95)

    @property
    def key(self) -> tuple[str, str, str]:
        return self.methods, self.path, self.handler


_PARAMETER = re.compile(r"{([a-zA-Z_]\w*)(:[a-zA-Z_]\w*)?}")


def _pattern(path: str) -> re.Pattern[str]:
    """What Starlette would match, with converters widened: only `path` may hold slashes."""
    out, end = "", 0
    for match in _PARAMETER.finditer(path):
        out += re.escape(path[end : match.start()])
        out += ".*" if match.group(2) == ":path" else "[^/]+"
        end = match.end()
    return re.compile(out + re.escape(path[end:]) + "/?")


class Routes:
    def __init__(self) -> None:
        self.rows: list[RouteStats] = []
        self.version = 0
        """Counts new tables."""
        self._patterns: list[re.Pattern[str]] = []
        self._found: dict[tuple[str, str, str], RouteStats | None] = {}

    def update(self, routes: Iterable[RouteLike]) -> None:
        """Take the table of the newest generation; counts stay with routes that are still there."""
        known = {stats.key: stats for stats in self.rows}
        self.rows = [self._stats(route, known) for route in routes]
        self._patterns = [_pattern(stats.path) for stats in self.rows]
        self._found.clear()
        self.version += 1

    @staticmethod
    def _stats(route: RouteLike, known: dict[tuple[str, str, str], RouteStats]) -> RouteStats:
        stats = known.get((route.methods, route.path, route.handler))
        if stats is None:
            return RouteStats(route.methods, route.path, route.handler, route.file, route.line)
        stats.file, stats.line = route.file, route.line
        return stats

    def finished(self, event: RequestFinished) -> None:
        if event.ours or not event.handler:
            return
        stats = self.of(event)
        if stats is None:
            return
        stats.hits += 1
        stats.errors += event.status >= 500
        if event.method != "WS":
            stats.times.append(event.milliseconds)

    def of(self, event: RequestFinished) -> RouteStats | None:
        """The route that answered: handlers share names, so the path and the method decide among them."""
        key = (event.method, event.path, event.handler)
        if key not in self._found:
            if len(self._found) > 2_000:
                self._found.clear()
            self._found[key] = self._search(event)
        return self._found[key]

    def _search(self, event: RequestFinished) -> RouteStats | None:
        same = [i for i, stats in enumerate(self.rows) if stats.handler == event.handler]
        method = "GET" if event.method == "HEAD" else event.method
        fits = [i for i in same if not (m := self.rows[i].methods) or method in m.split(",")]
        for i in fits:
            if self._patterns[i].fullmatch(event.path):
                return self.rows[i]
        return self.rows[fits[0]] if len(fits) == 1 else None
