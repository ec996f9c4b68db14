"""How to open an editor at a line: pure, from names to command lines."""

from __future__ import annotations

import os
import shlex
import shutil
from collections.abc import Mapping
from dataclasses import dataclass

GRAPHICAL: dict[str, tuple[str, ...]] = {
    "code": ("--goto", "{file}:{line}"),
    "code-insiders": ("--goto", "{file}:{line}"),
    "codium": ("--goto", "{file}:{line}"),
    "cursor": ("--goto", "{file}:{line}"),
    "windsurf": ("--goto", "{file}:{line}"),
    "zed": ("{file}:{line}",),
    "subl": ("{file}:{line}",),
    "pycharm": ("--line", "{line}", "{file}"),
    "charm": ("--line", "{line}", "{file}"),
    "idea": ("--line", "{line}", "{file}"),
    "gedit": ("+{line}", "{file}"),
    "kate": ("--line", "{line}", "{file}"),
    "gvim": ("+{line}", "{file}"),
    "mvim": ("+{line}", "{file}"),
}
TERMINAL: dict[str, tuple[str, ...]] = {
    "hx": ("{file}:{line}",),
    "helix": ("{file}:{line}",),
    "ed": ("{file}",),
}
_DEFAULT = ("+{line}", "{file}")


@dataclass(frozen=True, slots=True)
class Command:
    arguments: tuple[str, ...]
    terminal: bool
    """It needs the terminal: the dashboard has to step aside."""


def command(file: str, line: int, environ: Mapping[str, str] = os.environ) -> Command | None:
    """None when no editor is known: neither `$VISUAL` nor `$EDITOR`, and no usual graphical one at hand."""
    words = shlex.split(environ.get("VISUAL") or environ.get("EDITOR") or "") or _guess(environ)
    if not words:
        return None
    name = os.path.basename(words[0]).removesuffix(".exe")
    shape = GRAPHICAL.get(name) or TERMINAL.get(name, _DEFAULT)
    arguments = (part.replace("{file}", file).replace("{line}", str(line)) for part in shape)
    graphical = name in GRAPHICAL or (name == "emacsclient" and "-n" in words)
    return Command((*words, *arguments), not graphical)


def _guess(environ: Mapping[str, str]) -> list[str]:
    inside_vscode = environ.get("TERM_PROGRAM") == "vscode"
    names = ("code", "cursor", "codium", "zed", "subl") if inside_vscode or environ.get("DISPLAY") else ()
    return next(([name] for name in names if shutil.which(name)), [])
