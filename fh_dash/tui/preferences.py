"""Looks and keys: `[tool.fh-dash.dashboard]` and `[tool.fh-dash.keys]` of the project, over the same tables of
`~/.config/fh-dash/config.toml` (there `[dashboard]` and `[keys]`); and the layout of last time.

A file that cannot be read is no reason not to start: it is named in `problems`.
"""

from __future__ import annotations

import contextlib
import json
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fh_dash.tui import bindings

SLOW = 100.0
_IDS = {binding.id for _, keys in bindings.GROUPS for binding in keys}


@dataclass(frozen=True, slots=True)
class Preferences:
    theme: str = ""
    slow: float = SLOW
    """Milliseconds from which on a request is marked slow."""
    keymap: Mapping[str, str] = field(default_factory=dict)
    """Action id to keys, comma-separated: `reload = "ctrl+r,f5"`."""
    problems: tuple[str, ...] = ()


def load(project: Path, environ: Mapping[str, str] = os.environ) -> Preferences:
    problems: list[str] = []
    user = _tables(_config_home(environ) / "config.toml", (), problems)
    own = _tables(_pyproject(project), ("tool", "fh-dash"), problems)
    look = {**user.get("dashboard", {}), **own.get("dashboard", {})}
    keys = {**user.get("keys", {}), **own.get("keys", {})}
    problems += [f"no action is called {name}" for name in keys if name not in _IDS]
    slow = look.get("slow", SLOW)
    if not isinstance(slow, (int, float)) or isinstance(slow, bool):
        problems.append("slow takes milliseconds")
        slow = SLOW
    keymap = {name: ",".join(value) if isinstance(value, list) else str(value) for name, value in keys.items()}
    return Preferences(str(look.get("theme", "")), float(slow), keymap, tuple(problems))


def _tables(file: Path | None, path: tuple[str, ...], problems: list[str]) -> dict[str, dict[str, Any]]:
    if file is None or not file.is_file():
        return {}
    try:
        table: Any = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        problems.append(f"{file}: {error}")
        return {}
    for name in path:
        table = table.get(name, {}) if isinstance(table, dict) else {}
    return {k: v for k, v in table.items() if isinstance(v, dict)} if isinstance(table, dict) else {}


def _pyproject(start: Path) -> Path | None:
    folder = start.resolve()
    return next((file for d in (folder, *folder.parents) if (file := d / "pyproject.toml").is_file()), None)


def _config_home(environ: Mapping[str, str]) -> Path:
    return Path(environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "fh-dash"


# ------------------------------------------------------------------------------------------------- last time


def _state_file(environ: Mapping[str, str]) -> Path:
    return Path(environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "fh-dash" / "layout.json"


def remembered(environ: Mapping[str, str] = os.environ) -> dict[str, Any]:
    """The layout as it was left; empty when there is none."""
    try:
        layout = json.loads(_state_file(environ).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return layout if isinstance(layout, dict) else {}


def remember(layout: Mapping[str, Any], environ: Mapping[str, str] = os.environ) -> None:
    file = _state_file(environ)
    with contextlib.suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(layout), encoding="utf-8")
