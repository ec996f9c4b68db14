"""What certainly need not run again after an edit, judged by the files alone and not by the engine's analysis.

A module need not run when its tree is the same, it imports none of the changed files, directly or over others, inside
functions or outside, and no module that can put something into what it imports has to run either.
"""

from __future__ import annotations

import ast
import functools
from collections import Counter
from collections.abc import Iterator

from tests.random_reload.world import Files


def overruns(before: Files, after: Files, executed: Counter[str]) -> list[str]:
    """Files that were executed although nothing they can depend on has changed."""
    if not executed:
        return []
    changed = {p for p in before.keys() | after.keys() if _tree(before.get(p)) != _tree(after.get(p))}
    moved = _from_entry(before) ^ _from_entry(after)  # what was loaded and is not any more, or the other way
    changed |= moved | _giving_more(moved | changed, before, after)
    changed |= _reordered(before, after, changed)
    reach = _dependents(before, changed) | _dependents(after, changed)
    return [f"{path} ran, nothing it imports has changed" for path in executed if path not in reach]


@functools.lru_cache(maxsize=4096)
def _tree(text: str | None) -> str | None:
    if text is None:
        return None
    try:
        return ast.dump(ast.parse(text))
    except SyntaxError:
        return text


def _dependents(files: Files, changed: set[str]) -> set[str]:
    """Files that may see a change: by an import, or because an affected module registers with what they import."""
    imports = {path: _imported(path, text, files) for path, text in files.items() if path.endswith(".py")}
    found = set(changed)
    circular = _in_circles(files)
    while True:
        more = {path for path, targets in imports.items() if targets & found}
        # a module that ran again may have put something into any module that it reaches
        for path in (found | more) & imports.keys():
            if _acts(files[path]):
                more |= _reached(path, imports)
            elif path in changed:
                more |= circular & _reached(path, imports)  # it may come to a circle at another place
        if more <= found:
            return found
        found |= more


def _reordered(before: Files, after: Files, changed: set[str]) -> set[str]:
    """Files that put something into others, and may do so in another order now."""
    imports = {path: _imported(path, text, after) for path, text in after.items() if path.endswith(".py")}
    lists = (
        (path, _names(path, before[path], True), _names(path, after[path], True))
        for path in changed & after.keys() & before.keys()
    )
    other = [path for path, one, two in lists if one != two]
    return {inner for path in other for inner in _reached(path, imports) & after.keys() if _acts(after[inner])}


def has_circle(files: Files) -> bool:
    """Whether modules import each other in a circle while they are imported."""
    return bool(_in_circles(files))


def _in_circles(files: Files) -> set[str]:
    """The modules of import circles, and those that lead there."""
    imports = {path: _imported(path, text, files, deferred=False) & files.keys() for path, text in files.items()}
    while True:
        leaves = {path for path, targets in imports.items() if not targets & imports.keys()}
        if not leaves:
            return set(imports)
        imports = {path: targets for path, targets in imports.items() if path not in leaves}


def _from_entry(files: Files) -> set[str]:
    imports = {path: _imported(path, text, files) for path, text in files.items() if path.endswith(".py")}
    return _reached("app.py", imports) & files.keys()


def _giving_more(paths: set[str], *states: Files) -> set[str]:
    """Files with a star import of a package, a module of which one of these imports: it is a name of it from then on."""
    found: set[str] = set()
    for files in states:
        imports = {path: _imported(path, text, files) for path, text in files.items() if path.endswith(".py")}
        reached = {*paths, *(inner for path in paths for inner in _reached(path, imports))}
        packages = {f"{path.rpartition('/')[0]}/__init__.py" for path in reached if "/" in path}
        found |= {path for path, targets in imports.items() if targets & packages and "import *" in files[path]}
    return found


def _reached(path: str, imports: dict[str, set[str]]) -> set[str]:
    found: set[str] = set()
    waiting = [path]
    while waiting:
        for target in imports.get(waiting.pop(), set()) - found:
            found.add(target)
            waiting.append(target)
    return found


@functools.lru_cache(maxsize=4096)
def _acts(text: str) -> bool:
    """Whether a module's own code may change objects of others while it is imported."""
    try:
        body = ast.parse(text).body
    except SyntaxError:
        return True
    return any(_may_act(statement) for statement in body)


def _may_act(statement: ast.stmt) -> bool:
    match statement:
        case ast.Import() | ast.ImportFrom():
            return False
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            return bool(statement.decorator_list)
        case ast.ClassDef():
            return bool(statement.decorator_list or statement.bases)
        case ast.Assign() | ast.AnnAssign():
            targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
            plain = all(isinstance(target, ast.Name) for target in targets)
            return not plain or any(isinstance(node, ast.Call) for node in ast.walk(statement))
        case ast.Expr(ast.Constant()):
            return False
    return True


def imported_names(path: str, text: str) -> set[str]:
    """Modules that a file may import, be it inside of functions: these stay when they are loaded."""
    names = (name.split(".") for name in _names(path, text, True))
    return {".".join(parts[:end]) for parts in names for end in range(1, len(parts) + 1)}


def _imported(path: str, text: str, files: Files, *, deferred: bool = True) -> set[str]:
    found: set[str] = set()
    for name in _names(path, text, deferred):
        parts = name.split(".")
        for end in range(1, len(parts) + 1):
            stem = "/".join(parts[:end])
            found |= {f"{stem}.py", f"{stem}/__init__.py"}
    return found - {path}


@functools.lru_cache(maxsize=4096)
def _names(path: str, text: str, deferred: bool) -> tuple[str, ...]:
    """Dotted names that may be modules: of import statements, and strings for `import_module`."""
    try:
        tree = ast.parse(text)
    except SyntaxError:
        return ()
    nodes = ast.walk(tree) if deferred else _run_at_import(tree)
    package = ".".join(path.split("/")[:-1])
    found = dict.fromkeys(name for node in nodes for name in _mentioned(node, path))
    return tuple(found | dict.fromkeys([package] if package and deferred else []))


def _run_at_import(node: ast.AST) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield child
            yield from _run_at_import(child)


def _mentioned(node: ast.AST, path: str) -> Iterator[str]:
    package = path.removesuffix(".py").split("/")[:-1]
    match node:
        case ast.Import():
            yield from (alias.name for alias in node.names)
        case ast.ImportFrom():
            base = [*package[: len(package) - node.level + 1], node.module] if node.level else [node.module]
            name = ".".join(filter(None, base))
            yield from (name, *(f"{name}.{alias.name}".strip(".") for alias in node.names))
        case ast.Constant(str() as text) if text.replace(".", "").isidentifier():
            yield text
