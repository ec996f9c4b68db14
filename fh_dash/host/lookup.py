"""The app object in an imported module, and the same as ASGI 3."""

from __future__ import annotations

import importlib
import inspect
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

from fh_dash.errors import UsageError
from fh_dash.host.asgi import ASGIApp
from fh_dash.host.target import Target

_WRAPPERS = {
    "wsgi": ("uvicorn.middleware.wsgi", "WSGIMiddleware"),
    "asgi2": ("uvicorn.middleware.asgi2", "ASGI2Middleware"),
}
"""uvicorn's `--interface` -> what it puts around the app."""


def find(module: ModuleType, target: Target) -> object:
    """The app object; a factory is called. UsageError says what is wrong, the factory's own errors pass."""
    name = target.attribute or _the_only_one(module, target)
    found = _attribute(module, name)
    if target.factory:
        if not _takes_nothing(found):
            raise UsageError(f"{name} is {_kind(found)}, not a function that makes the app: leave out --factory")
        return found()
    return found


def attribute_name(module: ModuleType, target: Target) -> str:
    """The name under which `find` found it."""
    return target.attribute or _the_only_one(module, target)


def as_asgi(found: object, name: str, interface: str = "auto") -> ASGIApp:
    """The app under ASGI 3; UsageError when it cannot be one."""
    if interface in _WRAPPERS:
        module, name_of_wrapper = _WRAPPERS[interface]
        wrapped: ASGIApp = getattr(importlib.import_module(module), name_of_wrapper)(found)
        return wrapped
    if not callable(found):
        raise UsageError(f"{name} is no ASGI app but {_kind(found)}")
    if interface == "auto":
        _check_arguments(found, name)
    return found


def _check_arguments(found: Callable[..., Any], name: str) -> None:
    """ASGI 3 takes three arguments: scope, receive, send. Say what other numbers look like."""
    try:
        signature = inspect.signature(found)
    except (ValueError, TypeError):  # written in C: let it try
        return
    if _takes(signature, 3) and not (inspect.isclass(found) and not hasattr(found, "__await__")):
        return
    if inspect.isclass(found):
        raise UsageError(f"{name} is a class: an app that is made per request needs --interface asgi2")
    for count, advice in _OTHER_SHAPES:
        if _takes(signature, count):
            raise UsageError(f"{name} is no ASGI app: it takes {count} arguments, {advice}")
    raise UsageError(f"{name} is no ASGI app but {_kind(found)} that does not take (scope, receive, send)")


_OTHER_SHAPES = (
    (2, "as WSGI apps do: --interface wsgi"),
    (0, "as a function that makes the app does: --factory"),
    (1, "as ASGI 2 apps do: --interface asgi2"),
)


def _takes_nothing(found: object) -> bool:
    try:
        return callable(found) and _takes(inspect.signature(found), 0)
    except (ValueError, TypeError):
        return True


def _takes(signature: inspect.Signature, count: int) -> bool:
    try:
        signature.bind(*[None] * count)
    except TypeError:
        return False
    return True


def _attribute(module: ModuleType, name: str) -> Any:
    found: Any = module
    done: list[str] = []
    for part in name.split("."):
        try:
            found = getattr(found, part)
        except AttributeError:
            place = ".".join([module.__name__, *done])
            raise UsageError(f"no {part} in {place}{_instead(module)}") from None
        done.append(part)
    return found


def _the_only_one(module: ModuleType, target: Target) -> str:
    if "app" in vars(module) or (target.factory and not _apps(module)):
        return "app" if "app" in vars(module) else _the_only_factory(module)
    names = _apps(module)
    if len(names) == 1:
        return names[0]
    what = f"several apps in {module.__name__}" if names else f"no app in {module.__name__}"
    raise UsageError(f"{what}{_instead(module)}")


def _the_only_factory(module: ModuleType) -> str:
    names = _factories(module)
    if len(names) == 1:
        return names[0]
    raise UsageError(f"which function of {module.__name__} makes the app? --app takes its name{_instead(module)}")


def _apps(module: ModuleType) -> list[str]:
    """Names of what looks like an app: Starlette's and its kin, or else any coroutine function of three arguments.

    An object under two names counts once.
    """
    kin = getattr(sys.modules.get("starlette.applications"), "Starlette", ())
    values = {id(value): name for name, value in reversed(vars(module).items()) if not name.startswith("_")}
    named = [(name, vars(module)[name]) for name in reversed(values.values())]
    return [n for n, value in named if isinstance(value, kin)] or [n for n, value in named if _looks_asgi(value)]


def _looks_asgi(value: object) -> bool:
    if inspect.isclass(value) or inspect.ismodule(value):
        return False
    call: Any = value if inspect.isfunction(value) else vars(type(value)).get("__call__")
    if not inspect.iscoroutinefunction(call):
        return False
    names = [p for p in inspect.signature(call).parameters if p != "self"]
    return names[:3] == ["scope", "receive", "send"]


def _factories(module: ModuleType) -> list[str]:
    return [
        name
        for name, value in vars(module).items()
        if inspect.isfunction(value) and value.__module__ == module.__name__ and name.endswith(("app", "factory"))
    ]


def _instead(module: ModuleType) -> str:
    if apps := _apps(module):
        return f"; {', '.join(apps)} looks like one: --app {apps[0]}"
    if factories := _factories(module):
        return f"; {factories[0]}() looks like it makes one: --factory --app {factories[0]}"
    return ""


def _kind(value: object) -> str:
    noun = type(value).__name__
    return "None" if value is None else f"{'an' if noun[0].lower() in 'aeiou' else 'a'} {noun}"
