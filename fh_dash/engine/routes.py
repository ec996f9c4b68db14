"""What an app answers: its routes with the person's own functions behind them, and how two versions differ."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from fh_dash.events import RouteChange

_INNER = ("__wrapped__", "func", "__func__", "f")
_LIBRARIES = ("fasthtml.", "starlette.", "fastapi.", "fastcore.", "functools")


@dataclass(frozen=True, slots=True)
class Route:
    methods: str
    """`GET`, `GET,POST`, `WS`; empty for a mount or a host."""
    path: str
    handler: str
    file: str = ""
    line: int = 0


def routes_of(app: object) -> tuple[Route, ...]:
    """The routes of a Starlette-like app, mounted ones with their full path; empty for any other ASGI app."""
    return tuple(_routes(app, "", 0))


def _routes(app: Any, prefix: str, depth: int) -> Iterator[Route]:
    for route in list(getattr(app, "routes", None) or ()):
        path = prefix + str(getattr(route, "path", "") or "")
        inner = getattr(route, "app", None)
        endpoint = getattr(route, "endpoint", None)
        if endpoint is None and depth < 5 and getattr(inner, "routes", None):
            yield from _routes(inner, path, depth + 1)
            continue
        function = own_function(endpoint if endpoint is not None else inner)
        file, line = _place(function)
        yield Route(_methods(route), path or "/", _name(function), file, line)


def _methods(route: Any) -> str:
    methods = getattr(route, "methods", None)
    if type(route).__name__ == "WebSocketRoute":
        return "WS"
    if not methods:
        return ""
    names = sorted({str(method).upper() for method in methods})
    return ",".join(name for name in names if name != "HEAD" or "GET" not in names)


def own_function(endpoint: Any) -> Any:
    """The person's own function behind the wrappers of libraries (FastHTML wraps each handler in a closure)."""
    for _ in range(20):
        inner = _unwrap(endpoint)
        if inner is None:
            return endpoint
        endpoint = inner
    return endpoint


def _unwrap(endpoint: Any) -> Any:
    if isinstance(endpoint, functools.partial):
        return endpoint.func
    if inspect.ismethod(endpoint):
        return endpoint.__func__
    if isinstance(endpoint, type) and (endpoint.__module__ or "").startswith(_LIBRARIES):
        return vars(endpoint).get("on_receive")  # FastHTML makes a class for each WebSocket
    if not inspect.isfunction(endpoint):
        return getattr(endpoint, "__wrapped__", None)
    if wrapped := getattr(endpoint, "__wrapped__", None):
        return wrapped
    if not (endpoint.__module__ or "").startswith(_LIBRARIES):
        return None
    names = endpoint.__code__.co_freevars
    cells = dict(zip(names, endpoint.__closure__ or (), strict=True))
    for name in ("f", "func", "endpoint", "handler", "recv"):
        if name in cells and callable(found := cells[name].cell_contents):
            return found
    return None


def _name(function: Any) -> str:
    module, name = getattr(function, "__module__", ""), getattr(function, "__qualname__", "")
    if not name:
        module, name = type(function).__module__, type(function).__qualname__
    return f"{module}.{name}" if module else name


def _place(function: Any) -> tuple[str, int]:
    code = getattr(function, "__code__", None)
    return (code.co_filename, code.co_firstlineno) if code else ("", 0)


def place_of(thing: object) -> tuple[str, str] | None:
    """Path and name of a Starlette route: who adds another one of these may replace it; None for anything else."""
    if not any(cls.__module__ == "starlette.routing" for cls in type(thing).__mro__):
        return None
    return str(getattr(thing, "path", "")), str(getattr(thing, "name", ""))


def handler_name(endpoint: object) -> str:
    """`module.function` of the person's own function that a matched endpoint ends in."""
    return _name(own_function(endpoint)) if endpoint is not None else ""


def difference(old: Sequence[Route], new: Sequence[Route]) -> tuple[RouteChange, ...]:
    """Routes that came, went, or have another handler now."""
    before = {(r.methods, r.path): r for r in old}
    after = {(r.methods, r.path): r for r in new}
    changes = [RouteChange("+", r.methods, r.path, r.handler) for key, r in after.items() if key not in before]
    changes += [RouteChange("-", r.methods, r.path, r.handler) for key, r in before.items() if key not in after]
    changes += [
        RouteChange("~", r.methods, r.path, r.handler)
        for key, r in after.items()
        if key in before and before[key].handler != r.handler
    ]
    return tuple(changes)
