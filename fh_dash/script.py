"""`fh_utils.serve()` at the end of `python app.py`: serve that script, imported again under its own name."""

from __future__ import annotations

import inspect
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from fh_dash.errors import FhDashError, UsageError
from fh_dash.host.leave import leave_soon
from fh_dash.settings import ReloadMode, Settings
from fh_dash.text import visible

_MODES: Mapping[object, ReloadMode] = {
    True: "fast",
    False: "no",
    None: "no",
    "fast": "fast",
    "full": "full",
    "no": "no",
}
_DEV_ONLY = ("live", "live_reports", "allowed_hosts", "gate_wait", "startup_wait", "shutdown_wait")
_PROCESS = "FH_PROCNUM"  # FastHTML's name for the number of a process among several


def serve_script(target: str, app: str, *, port: int | None, reload: object, procs: int | None, **options: Any) -> None:
    """Serve until stopped. `target` is a file or a module; `options` those of `Settings` and of uvicorn."""
    processes = procs or _number("PROCS", 1)
    if processes > 1 and _PROCESS not in os.environ:
        return _spawn(processes)
    try:
        mode = _mode(reload)
        options["port"] = (port or _number("PORT", 5001)) + _number(_PROCESS, 0)
        status = _serve_plain(target, app, options) if mode == "no" else _serve_dev(target, app, mode, options)
    except FhDashError as error:
        print(f"serve: {visible(str(error))}", file=sys.stderr)
        status = 2
    except KeyboardInterrupt:
        status = 130
    leave_soon(status)  # what the script still has to do has its time
    if status:
        sys.exit(status)
    return None


def _serve_plain(target: str, app: str, options: dict[str, Any]) -> int:
    import uvicorn

    uvicorn_options = {k: v for k, v in options.items() if k not in _DEV_ONLY}
    module = Path(target).stem if _is_file(target) else target
    uvicorn.run(f"{module}:{app}", **uvicorn_options)
    return 0


def _serve_dev(target: str, app: str, mode: ReloadMode, options: dict[str, Any]) -> int:
    from fh_dash.plain import run_headless
    from fh_dash.runtime import Runtime

    return run_headless(settings(target, app, mode, options), Runtime)


def settings(target: str, app: str, mode: ReloadMode, options: Mapping[str, Any]) -> Settings:
    """Raises TypeError for an option that neither `serve` nor uvicorn has."""
    import uvicorn

    rest = dict(options)
    own = {k: rest.pop(k) for k in ("host", "port", "factory", *_DEV_ONLY) if k in rest}
    for name in ("reload_includes", "reload_excludes", "reload_dirs", "allowed_hosts"):
        own[name] = _several(rest.pop(name, own.get(name)))
    own["reload_dirs"] = tuple(map(Path, own["reload_dirs"]))
    rest.pop("workers", None)  # uvicorn, too, has but one process when it reloads
    if unknown := rest.keys() - inspect.signature(uvicorn.Config).parameters.keys():
        raise TypeError(f"serve() got an unexpected keyword argument {min(unknown)!r}")
    where: dict[str, Any] = {"target": target, "app": app} if _is_file(target) else {"target": f"{target}:{app}"}
    return Settings(**where, reload=mode, uvicorn=rest, arguments=tuple(sys.argv), **own)


def _mode(reload: object) -> ReloadMode:
    try:
        return _MODES[reload]
    except (KeyError, TypeError):
        raise UsageError(f"reload={reload!r}: use True, False, 'fast', 'full' or 'no'") from None


def _number(variable: str, default: int) -> int:
    text = os.environ.get(variable) or str(default)
    if not text.isdecimal():
        raise UsageError(f"environment variable {variable}: {text!r} is not a number")
    return int(text)


def _several(value: object) -> tuple[str, ...]:
    if value is None:
        return ()
    return (str(value),) if isinstance(value, (str, Path)) else tuple(map(str, cast("list[object]", value)))


def _is_file(target: str) -> bool:
    return target.endswith(".py")


def _spawn(count: int) -> None:
    """Run this script `count` times, each numbered, as FastHTML does, and wait for all."""
    children = [subprocess.Popen(sys.orig_argv, env={**os.environ, _PROCESS: str(number)}) for number in range(count)]

    def terminate(*_: object) -> None:
        for child in children:
            child.terminate()

    signal.signal(signal.SIGTERM, terminate)
    for child in children:
        try:
            child.wait()
        except KeyboardInterrupt:  # it got that, too
            child.wait()
