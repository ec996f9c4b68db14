"""What the person asked for, resolved once: flags, then environment, then `[tool.fh-dash]`."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeAlias

from fh_dash.errors import UsageError

ReloadMode: TypeAlias = Literal["fast", "full", "no"]

_DASHBOARD = {"dashboard", "keys"}  # tables in the table: how it looks, read by the dashboard alone
_PATHS = {
    "target",
    "reload_dir",
    "reload_dirs",
    "env_file",
    "log_config",
    "ssl_keyfile",
    "ssl_certfile",
    "ssl_ca_certs",
}


@dataclass(frozen=True, slots=True)
class Settings:
    target: str
    """As typed: `app.py`, `pkg/main.py`, `pkg.main:app`."""
    app: str | None = None
    """Name of the app attribute; None: found by `host.target`."""
    factory: bool = False
    host: str = "127.0.0.1"
    port: int = 5001
    reload: ReloadMode = "fast"
    live: bool = False
    live_reports: bool = True
    """Whether pages tell their script errors, failed resources and failed HTMX requests."""
    reload_dirs: tuple[Path, ...] = ()
    """Empty: the folder the app is imported from."""
    reload_includes: tuple[str, ...] = ()
    reload_excludes: tuple[str, ...] = ()
    allowed_hosts: tuple[str, ...] = ()
    """Names in `Host` that are answered besides localhost and what `host` names; `*.name`: its subdomains."""
    gate_wait: float = 1.0
    """Seconds a reload waits for short requests in flight."""
    startup_wait: float = 30.0
    """Seconds that the start-up of a new app may take before the reload is given up."""
    shutdown_wait: float = 5.0
    """Seconds that the shutdown of an app may take before it is cancelled."""
    uvicorn: Mapping[str, Any] = field(default_factory=dict)
    """Further options, by the names of `uvicorn.Config`'s parameters."""
    json: bool = False
    """Headless: one JSON object per event instead of lines for people."""
    arguments: tuple[str, ...] | None = None
    """The app's own `sys.argv`; None: the target alone."""


@dataclass(frozen=True, slots=True)
class ProjectTable:
    """`[tool.fh-dash]` of the nearest `pyproject.toml`."""

    file: Path | None = None
    values: Mapping[str, Any] = field(default_factory=dict)
    """By the names of the flags, with `_` for `-`; the tables of the dashboard are left out."""

    def resolved(self, key: str) -> Any:
        """A value, paths made absolute: they are relative to the file. None when it is not there."""
        value = self.values.get(key)
        if self.file is None or key not in _PATHS:
            return value
        if isinstance(value, list):
            return [str(self.file.parent / str(item)) for item in value]
        return str(self.file.parent / value) if isinstance(value, str) else value


def project_table(start: Path) -> ProjectTable:
    """Of the file or folder `start`, looking upwards. Raises UsageError when the file cannot be read."""
    folder = start.resolve()
    file = next((f for d in (folder, *folder.parents) if (f := d / "pyproject.toml").is_file()), None)
    if file is None:
        return ProjectTable()
    try:
        document = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(f"{file}: {error}") from None
    table = document.get("tool", {})
    table = table.get("fh-dash", {}) if isinstance(table, dict) else {}
    if not isinstance(table, dict):
        raise UsageError(f"{file}: tool.fh-dash must be a table, [tool.fh-dash]")
    return ProjectTable(file, {k.replace("-", "_"): v for k, v in table.items() if k not in _DASHBOARD})
