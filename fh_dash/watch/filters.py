"""Which files and folders matter: uvicorn's include, exclude and folder rules, and what is never looked at."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from fnmatch import fnmatch
from pathlib import Path
from typing import Literal, TypeAlias

Kind: TypeAlias = Literal["python", "asset", "other"]
"""asset: the page may show it without any Python being re-run. other: data that a module may have read."""

INCLUDES = ("*.py",)
HIDDEN = ".*"
EXCLUDES = (HIDDEN, ".py[cod]", ".sw.*", "~*")

SETTINGS = (".env", ".env.*", ".flaskenv")
"""Hidden files that programs read when they start: data like any other, unless an exclude pattern of the user names
them."""
NOISE = ("*~", "*.sw?", "*.py[cod]", "#*#", ".#*", "4913", "*.tmp", "*-journal", "*-wal", "*-shm", "*.log")
"""What editors, Python and databases leave behind: never reported, unless an include pattern names it."""

PRUNED = frozenset(
    ("__pycache__", "node_modules", "bower_components", "site-packages", "dist-packages", "__pypackages__")
)
"""Folders that are never entered; hidden ones and environments (`pyvenv.cfg`, `conda-meta`) come on top."""

ASSETS = frozenset(
    (
        *("css", "scss", "sass", "less", "js", "mjs", "cjs", "ts", "jsx", "tsx", "wasm", "webmanifest"),
        *("png", "jpg", "jpeg", "gif", "svg", "webp", "avif", "ico", "bmp", "apng", "cur"),
        *("woff", "woff2", "ttf", "otf", "eot"),
        *("mp3", "mp4", "m4a", "ogg", "oga", "ogv", "wav", "webm", "flac", "vtt"),
        *("html", "htm", "xml", "jinja", "jinja2", "j2", "mustache", "md", "markdown", "rst", "txt"),
        *("json", "yaml", "yml", "toml", "csv", "po", "mo"),
    )
)


class Filters:
    """The rules of one run. Patterns are matched as `Path.match` does; folders are taken relative to `cwd`."""

    def __init__(self, includes: Iterable[str] = (), excludes: Iterable[str] = (), cwd: Path | None = None) -> None:
        cwd = cwd or Path.cwd()
        includes, excludes = list(includes), list(excludes)
        own, self.folders = split_folders(includes, cwd)
        others, self.excluded_folders = split_folders(excludes, cwd)
        self._own = tuple(dict.fromkeys(own))
        self._includes = tuple(dict.fromkeys([*(p for p in INCLUDES if p not in excludes), *own]))
        self._excludes = tuple(dict.fromkeys([*(p for p in EXCLUDES if p not in includes), *others]))

    def included(self, path: Path) -> bool:
        """Would uvicorn restart for it: it matches an include pattern and nothing excludes it.

        An include that names the very file (`.env`) wins over the patterns that exclude it.
        """
        for pattern in self._includes:
            if path.match(pattern):
                return str(path).endswith(pattern) or not self._excluded(path)
        return False

    def kind(self, path: Path) -> Kind | None:
        """What a changed file is; None when nobody wants to hear of it."""
        if not self.included(path) and (self._excluded(path, HIDDEN) or self._noise(path)):
            return None
        suffix = path.suffix.lower().removeprefix(".")
        if suffix == "py":
            return "python"
        return "asset" if suffix in ASSETS else "other"

    def prunes(self, folder: str) -> bool:
        """Whether the folder (absolute path) and all that is in it is left alone."""
        name = os.path.basename(folder)
        return (
            name.startswith(".")
            or name in PRUNED
            or name.endswith((".egg-info", ".dist-info"))
            or os.path.exists(os.path.join(folder, "pyvenv.cfg"))
            or os.path.exists(os.path.join(folder, "conda-meta"))
            or any(Path(folder) == out or out in Path(folder).parents for out in self.excluded_folders)
        )

    def _excluded(self, path: Path, but: str = "") -> bool:
        """Whether a pattern excludes it; files with settings by another one than `but`."""
        if any(folder in path.parents for folder in self.excluded_folders):
            return True
        but = but if any(fnmatch(path.name, pattern) for pattern in SETTINGS) else ""
        return any(path.match(pattern) for pattern in self._excludes if pattern != but)

    def _noise(self, path: Path) -> bool:
        return any(fnmatch(path.name, pattern) for pattern in NOISE)


def split_folders(patterns: Iterable[str], cwd: Path) -> tuple[list[str], tuple[Path, ...]]:
    """Patterns for files, and the folders (absolute) that some of them name.

    As in uvicorn, a pattern that names or matches a folder stands for the folder; `.*` never does.
    """
    files: list[str] = []
    folders: dict[Path, None] = {}
    for pattern in patterns:
        found = [] if pattern == ".*" else _folders_of(pattern, cwd)
        folders.update(dict.fromkeys(found))
        if not (cwd / pattern).is_dir():
            files.append(pattern)
    return files, tuple(folders)


def _folders_of(pattern: str, cwd: Path) -> list[Path]:
    if (cwd / pattern).is_dir():
        return [(cwd / pattern).resolve()]
    try:
        return [match.resolve() for match in cwd.glob(pattern) if match.is_dir()]
    except (ValueError, NotImplementedError, OSError):  # an absolute or malformed glob matches no folder
        return []


def outermost(folders: Sequence[Path]) -> tuple[Path, ...]:
    """The folders without those that lie in another one, in their first order."""
    unique = list(dict.fromkeys(folders))
    return tuple(f for f in unique if not any(other in f.parents for other in unique))
