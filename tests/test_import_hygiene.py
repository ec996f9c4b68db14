"""What may import what, seen at run time: a static contract does not see imports inside functions."""

from __future__ import annotations

import pkgutil
import subprocess
import sys
from importlib.util import find_spec

import pytest

import fh_dash

UI = ("textual", "rich", "IPython")
UI_FREE = ("fh_dash.engine", "fh_dash.host", "fh_dash.watch", "fh_dash.store", "fh_dash.live")
UI_FREE_MODULES = (
    "fh_dash.runtime",
    "fh_dash.plain",
    "fh_dash.lines",
    "fh_dash.cli",
    "fh_dash.production",
    "fh_dash.script",
)


def names() -> list[str]:
    found = [m.name for m in pkgutil.walk_packages(fh_dash.__path__, "fh_dash.")]
    below = [n for n in found if n.startswith(tuple(f"{p}." for p in UI_FREE)) or n in UI_FREE]
    return sorted({*below, *(n for n in UI_FREE_MODULES if find_spec(n))})


def imported_by(code: str) -> set[str]:
    """The top-level packages that a fresh interpreter holds after `code`."""
    code += "\nimport sys\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    return {name.partition(".")[0] for name in done.stdout.split()}


def test_no_user_interface_below_it() -> None:
    """Engine, host, watcher, store, live and the headless commands import neither textual nor rich nor IPython."""
    code = "import importlib, sys\n" + "".join(
        f"importlib.import_module({name!r})\n"
        f"if found := {set(UI)!r} & sys.modules.keys(): sys.exit(f'{name} imports {{found}}')\n"
        for name in names()
    )

    assert not set(UI) & imported_by(code)


@pytest.mark.parametrize(
    "name", ["fh_dash", "fh_dash.events", "fh_dash.settings", "fh_dash.memo", "fh_dash.engine.keep"]
)
def test_light_modules(name: str) -> None:
    """The shared vocabulary and the kept objects need the standard library only."""
    new = imported_by(f"import {name}") - imported_by("pass")

    assert new - sys.stdlib_module_names == {"fh_dash"}
