"""From what was typed to what is imported: `app.py`, `pkg/main.py`, `pkg/`, `pkg.main:app`, or nothing.

Everything here happens before any of the project's code runs.
"""

from __future__ import annotations

import difflib
import importlib.util
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from fh_dash.errors import UsageError
from fh_dash.host.outline import Outline, outline, required
from fh_dash.watch.filters import outermost

ENTRIES = ("main.py", "app.py", "__init__.py", "server.py", "asgi.py", "run.py", "web.py")
FOLDERS = (".", "app", "src", "src/app", "web", "backend", "api")
"""Without a target: the first file of `ENTRIES` in the first of these folders that holds an app."""

MARKERS = ("pyproject.toml", ".git", "setup.py", "setup.cfg", "requirements.txt", "uv.lock", "Pipfile")
"""A working folder with one of these is a project, and watched as a whole."""


@dataclass(frozen=True, slots=True)
class Target:
    """What to import, and how the interpreter has to look when it is imported."""

    module: str
    """Dotted name of the entry."""
    attribute: str | None
    """Name of the app in it, dotted for an attribute of an attribute; None: looked for after the import."""
    factory: bool
    file: Path
    argument: str
    """The app's own `sys.argv[0]`."""
    path: tuple[Path, ...]
    """What comes first in `sys.path`, in this order."""
    roots: tuple[Path, ...]
    """The folders whose modules are the project's, and which are watched."""


def resolve(
    typed: str,
    *,
    app: str | None = None,
    factory: bool = False,
    reload_dirs: Sequence[Path] = (),
    app_dir: str = "",
    cwd: Path,
) -> Target:
    """The target, or UsageError with what is wrong and what to do about it.

    `app_dir`: where a dotted name is looked for, as uvicorn's `--app-dir`; the working folder if empty.
    """
    place, attribute = _split(typed)
    file, module, base = _find(place, cwd, cwd / app_dir)
    attribute = app or attribute
    if (shape := outline(file)) is not None:
        check(shape, file.name, attribute, factory)
    _refuse_loaded(module, file)
    return Target(
        module=module,
        attribute=attribute,
        factory=factory,
        file=file,
        argument=str(_short(file, cwd)),
        path=tuple(dict.fromkeys((base, cwd))),
        roots=outermost([cwd / f for f in reload_dirs]) or _roots(file, module, base, cwd),
    )


def check(shape: Outline, name: str, attribute: str | None, factory: bool) -> None:
    """Raise UsageError if the source cannot give the app that is asked for."""
    wanted = attribute.partition(".")[0] if attribute else ("app" if "app" in shape.literals else None)
    if wanted is None:
        if not shape.may_hold_app and not (factory and shape.factories):
            raise UsageError(f"no app in {name}: {hint(shape)}")
    elif wanted in shape.literals:
        raise UsageError(f"{wanted} in {name} is no ASGI app but {_a(shape.literals[wanted])}: {hint(shape)}")
    elif wanted not in shape.bound and not shape.star:
        raise UsageError(f"no {wanted} in {name}: {hint(shape)}")
    elif not factory and attribute == wanted and _is_factory(shape, wanted):
        raise UsageError(f"{wanted} in {name} is a function that makes the app: add --factory")


def hint(shape: Outline) -> str:
    """What to do instead, naming what looks like an app."""
    apps = [f"{name} ({made})" for name, made in shape.apps.items()]
    if apps:
        first = next(iter(shape.apps))
        return f"{_and(apps)} {'looks' if len(apps) == 1 else 'look'} like one: --app {first}"
    if shape.factories:
        return f"{shape.factories[0]}() looks like it makes one: --factory --app {shape.factories[0]}"
    return "give the file that makes it, as in `app, rt = fast_app()`"


def _is_factory(shape: Outline, name: str) -> bool:
    function = shape.functions.get(name)
    return function is not None and not function.decorator_list and required(function) == 0


# ------------------------------------------------------------------------------------ finding the file


def _split(typed: str) -> tuple[str, str | None]:
    """`pkg.main:app` into the place and the attribute; the colon of `C:\\app.py` is none."""
    place, colon, attribute = typed.rpartition(":")
    if not colon or "/" in attribute or "\\" in attribute:
        return typed, None
    if not attribute or not all(part.isidentifier() for part in attribute.split(".")):
        raise UsageError(f"{typed}: after the colon comes the name of the app, as in {place or 'app'}:app")
    return place, attribute


def _find(place: str, cwd: Path, app_dir: Path) -> tuple[Path, str, Path]:
    """File, module name, and the folder to import it from."""
    if not place:
        return placed(_first(cwd), cwd)
    path = cwd / Path(place).expanduser()
    if path.is_dir():
        return placed(_inside(path, place), cwd)
    if path.is_file():
        if path.suffix != ".py":
            raise UsageError(f"{place} is not a Python file")
        return placed(path, cwd)
    if path.suffix == ".py" or "/" in place or "\\" in place:
        raise UsageError(f"no such file: {place}{_alike(path, cwd)}")
    return _dotted(place, app_dir)


def _first(cwd: Path) -> Path:
    for folder in FOLDERS:
        for name in ENTRIES:
            file = (cwd / folder / name).absolute()
            if file.is_file() and (shape := outline(file)) is not None and shape.holds_app:
                return file
    raise UsageError(f"no app found in {cwd}: give the file that makes it, as in `fh-dash app.py`")


def _inside(folder: Path, typed: str) -> Path:
    files = [folder / name for name in ENTRIES if (folder / name).is_file()]
    for file in files:
        if (shape := outline(file)) is None or shape.holds_app:
            return file
    raise UsageError(f"no app in the folder {typed}: give the file that makes it")


def _dotted(name: str, cwd: Path) -> tuple[Path, str, Path]:
    """As uvicorn: from the working folder, else from wherever Python finds the first part of the name."""
    if not all(part.isidentifier() for part in name.split(".")):
        raise UsageError(f"no such file: {name}{_alike(cwd / name, cwd)}")
    for base in (cwd, *_installed(name.partition(".")[0])):
        stem = base.joinpath(*name.split("."))
        for file in (stem.with_name(f"{stem.name}.py"), stem / "__init__.py"):
            if file.is_file():
                return file, name, base
    raise UsageError(f"no module {name} in {cwd}, nor is it installed")


def _installed(package: str) -> Iterator[Path]:
    """The folders that hold the top-level package; nothing of it is run."""
    try:
        spec = importlib.util.find_spec(package)
    except (ImportError, ValueError):
        return
    if spec is not None and spec.submodule_search_locations:
        yield from (Path(folder).parent for folder in spec.submodule_search_locations)
    elif spec is not None and spec.origin:
        yield Path(spec.origin).parent


def _alike(path: Path, cwd: Path) -> str:
    """A hint with the files that could be meant."""
    folder = path.parent if path.parent.is_dir() else cwd
    names = sorted(p.name for p in folder.glob("*.py"))
    close = difflib.get_close_matches(f"{path.stem}.py", names, n=1)
    found = close or [name for name in names if name in ENTRIES]
    return f" (there is {_short(folder / found[0], cwd)})" if found else f" in {cwd}"


# --------------------------------------------------------------------------- script or part of a package


def placed(file: Path, cwd: Path) -> tuple[Path, str, Path]:
    """File, module name and base folder of a file that was given by its path.

    A script is imported by its bare name with its folder first in `sys.path`, as `python app.py` does, a part of a
    package by its dotted name. Which one it is, its own imports tell: an `__init__.py` beside it does not, since
    many lie beside files that say `import config`.
    """
    file = Path(os.path.abspath(file))
    shape = outline(file) or Outline()
    script = (file, file.stem, file.parent)
    level = max((level for level, _ in shape.imports), default=0)
    if file.name == "__init__.py":
        return _packaged(file, 0)
    if level:
        return _packaged(file, level)
    package = _packaged(file, 1)
    initialised = (file.parent / "__init__.py").is_file()
    names = [name for _, name in shape.imports]
    if "." in file.stem or any(_lies_in(name, file.parent) and not _lies_in(name, package[2]) for name in names):
        return script
    own = package[1].partition(".")[0]
    if any(name.startswith(f"{own}.") and _lies_in(name, package[2]) for name in names):
        return package
    return package if initialised and file.parent != cwd else script


def _packaged(file: Path, level: int) -> tuple[Path, str, Path]:
    """As a part of the package it lies in, which has `__init__.py` files or is at least `level` folders deep."""
    parts = [] if file.name == "__init__.py" else [file.stem]
    folder, depth = file.parent, 0
    while folder != folder.parent and (depth < max(level, 1) or (folder / "__init__.py").is_file()):
        parts.insert(0, folder.name)
        folder, depth = folder.parent, depth + 1
    if any("." in part for part in parts):
        raise UsageError(f"{file}: a module or folder with a dot in its name cannot be imported; rename it")
    return file, ".".join(parts), folder


def _lies_in(name: str, folder: Path) -> bool:
    """Whether a dotted name (or the module it is taken from) is a file below the folder."""
    parts = name.split(".")
    candidates = [parts] if len(parts) == 1 else [parts, parts[:-1]]
    for candidate in candidates:
        stem = folder.joinpath(*candidate)
        if stem.with_name(f"{stem.name}.py").is_file() or (stem / "__init__.py").is_file():
            return True
    return False


def _roots(file: Path, module: str, base: Path, cwd: Path) -> tuple[Path, ...]:
    """The folder of the script or of its whole package, and the working folder if that is a project around it."""
    depth = module.count(".") + (file.name == "__init__.py")
    folder = file.parents[depth - 1] if depth else file.parent
    roots = [folder]
    for around in (base, cwd):
        if around in folder.parents and any((around / marker).exists() for marker in MARKERS):
            roots.append(around)
    return outermost(roots)


def _refuse_loaded(module: str, file: Path) -> None:
    """A file named like a module that already runs (`code.py`, `types.py`) would never be imported."""
    loaded = sys.modules.get(module.partition(".")[0])
    place = getattr(loaded, "__file__", None)
    if loaded is None or (hasattr(loaded, "__path__") and not place):  # a namespace package is open to all
        return
    if not (place and Path(place).resolve().is_relative_to(file.parent.resolve())):
        where = f" from {place}" if place else ""
        raise UsageError(f"{file.name}: a module named {module} is already loaded{where}; rename the file")


# --------------------------------------------------------------------------------------------- wording


def _short(file: Path, cwd: Path) -> Path:
    return file.relative_to(cwd) if file.is_relative_to(cwd) else file


def _a(noun: str) -> str:
    return "None" if noun == "NoneType" else f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}"


def _and(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
