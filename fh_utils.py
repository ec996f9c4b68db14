"""Hot reload for FastHTML apps: `serve`, and two decorators for what must outlive an edit.

Outside dev mode none of it is there: `no_reload` returns what it gets, `no_reload_cache` is
`functools.lru_cache(maxsize=None)`, and importing this module imports nothing but the standard library.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from types import CodeType, FrameType
from typing import TYPE_CHECKING, Any, TypeVar, cast

if TYPE_CHECKING:
    from functools import _lru_cache_wrapper

__all__ = ["main", "no_reload", "no_reload_cache", "serve"]

T = TypeVar("T")
F = TypeVar("F")

_COROUTINE = 0x80  # inspect.CO_COROUTINE, without importing inspect


def _registry() -> Any:
    """Where dev mode keeps things; None outside dev mode."""
    keep = sys.modules.get("fh_dash.engine.keep")
    registry = getattr(keep, "registry", None)
    return registry if registry is not None and registry.active else None


def no_reload(obj: F) -> F:
    """Keep a function or a class as it is, with all its state, when its module re-runs in dev mode."""
    registry = _registry()
    return obj if registry is None else cast(F, registry.keep(obj))


def no_reload_cache(func: Callable[..., T]) -> _lru_cache_wrapper[T]:
    """`functools.lru_cache(maxsize=None)` whose values survive edits, also of its own module, in dev mode.

    For a coroutine function the awaited result is cached, in and outside dev mode.
    """
    registry = _registry()
    if registry is not None:
        return cast("_lru_cache_wrapper[T]", registry.cache(func))
    if _is_coroutine_function(func):
        from fh_dash.memo import memo_of

        return cast("_lru_cache_wrapper[T]", memo_of(func).wrapper)
    return functools.lru_cache(maxsize=None)(func)


def _is_coroutine_function(func: object) -> bool:
    while isinstance(func, functools.partial):
        func = func.func
    code = getattr(getattr(func, "__func__", func), "__code__", None)
    return isinstance(code, CodeType) and bool(code.co_flags & _COROUTINE)


def serve(
    appname: str | None = None,
    app: str = "app",
    host: str = "127.0.0.1",
    port: int | None = None,
    reload: bool | str = True,
    procs: int | None = None,
    *,
    live: bool = False,
    **uvicorn: Any,
) -> None:
    """Takes the place of FastHTML's `serve`: `python app.py` serves the app with hot reload.

    Does nothing in a module that is imported. The parameters are FastHTML's and those of `uvicorn.run`, but
    `host` is the loopback address, and `reload` can also be `"fast"` (as True), `"full"` (a new process after
    each edit) or `"no"` (as False: plain uvicorn). `port` is the environment's PORT, or 5001. `procs`, or
    PROCS, starts so many processes on consecutive ports. `live`: open pages follow each reload.
    """
    target = appname or _caller(sys._getframe(1))
    if target is None or _is_served():
        return
    from fh_dash.script import serve_script

    serve_script(target, app, host=host, port=port, reload=reload, procs=procs, live=live, **uvicorn)


def _caller(frame: FrameType) -> str | None:
    """What to serve: the script that calls `serve`, or the module whose function the script calls for it."""
    names = frame.f_globals
    if names.get("__name__") == "__main__":
        spec = names.get("__spec__")
        return spec.name if spec is not None else names.get("__file__")
    outer = frame.f_back
    if outer is not None and outer.f_globals.get("__name__") == "__main__" and frame.f_code.co_name != "<module>":
        return names.get("__name__")
    return None


def _is_served() -> bool:
    """True when this process serves already and imports the app."""
    return "fh_dash.runtime" in sys.modules or "fh_dash.production" in sys.modules


def main() -> int:
    """The command `fh_utils`."""
    from fh_dash.cli import utils_main

    return utils_main()


if __name__ == "__main__":
    sys.exit(main())
