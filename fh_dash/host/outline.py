"""What a source file shows of the app in it without being run: names, factories, imports."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from fh_dash.syntax import parse

CONSTRUCTORS = frozenset(
    ("FastHTML", "FastHTMLWithLiveReload", "fast_app", "Starlette", "FastAPI", "Quart", "Litestar", "Flask")
)
"""Calls that make an app; `fast_app` gives it as the first of several values."""

NO_APPS = frozenset(
    "APIRouter getLogger Path database Database open compile getenv connect dict list set tuple int float str "
    "TypeVar namedtuple Lock ContextVar Link".split()
)
"""Calls that do not."""
APP_NAMES = ("app", "application", "asgi", "api", "server", "web", "main_app")
FACTORY_NAMES = ("create_app", "make_app", "get_app", "build_app", "app_factory", "create_application")

Import = tuple[int, str]
"""Level (number of leading dots) and dotted name."""


@dataclass(slots=True)
class Outline:
    """The top level of one file."""

    apps: dict[str, str] = field(default_factory=dict)
    """Name -> constructor, in the order of the source."""
    factories: list[str] = field(default_factory=list)
    functions: dict[str, ast.FunctionDef | ast.AsyncFunctionDef] = field(default_factory=dict)
    literals: dict[str, str] = field(default_factory=dict)
    """Names bound to a constant, with its type."""
    values: set[str] = field(default_factory=set)
    """Names bound to something that only running the file can tell."""
    bound: set[str] = field(default_factory=set)
    imports: list[Import] = field(default_factory=list)
    star: bool = False
    """Names come in by `from … import *`, or are made up by a module `__getattr__`."""

    @property
    def holds_app(self) -> bool:
        """There is an app in it, as far as one can see."""
        return bool(self.apps) or ("app" in self.bound and "app" not in self.literals)

    @property
    def may_hold_app(self) -> bool:
        """Running it could show one."""
        return self.holds_app or bool(self.values) or self.star or any(n in self.bound for n in APP_NAMES)


def outline(path: Path) -> Outline | None:
    """The outline of a source file; None when it does not parse (the import will tell where)."""
    try:
        tree = parse(path.read_bytes())
    except (SyntaxError, ValueError, OSError, RecursionError, MemoryError):
        return None
    found = Outline()
    for statement in _statements(tree.body):
        _look(found, statement)
    return found


def _statements(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements that run on import, those in blocks included; not what only `python file.py` runs."""
    for statement in body:
        if isinstance(statement, ast.If) and _is_main_guard(statement.test):
            yield from _statements(statement.orelse)
            continue
        yield statement
        if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            continue
        for part in ("body", "orelse", "finalbody"):
            yield from _statements(getattr(statement, part, []))
        for block in [*getattr(statement, "handlers", []), *getattr(statement, "cases", [])]:
            yield from _statements(block.body)


def _is_main_guard(test: ast.expr) -> bool:
    return isinstance(test, ast.Compare) and any(
        isinstance(part, ast.Name) and part.id == "__name__" for part in (test.left, *test.comparators)
    )


def _look(found: Outline, statement: ast.stmt) -> None:
    if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef)):
        _function(found, statement)
    elif isinstance(statement, ast.ClassDef):
        found.bound.add(statement.name)
    elif isinstance(statement, ast.Import):
        found.imports += [(0, alias.name) for alias in statement.names]
        found.bound.update(alias.asname or alias.name.partition(".")[0] for alias in statement.names)
    elif isinstance(statement, ast.ImportFrom):
        _import_from(found, statement)
    elif isinstance(statement, ast.Assign):
        for target in statement.targets:
            _assign(found, target, statement.value)
    elif isinstance(statement, ast.AnnAssign) and statement.value is not None:
        _assign(found, statement.target, statement.value)


def _function(found: Outline, function: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
    found.bound.add(function.name)
    found.functions[function.name] = function
    if function.name == "__getattr__":
        found.star = True
    returned = [node.value for node in ast.walk(function) if isinstance(node, ast.Return) and node.value]
    makes = any(_called(value) in CONSTRUCTORS for value in ast.walk(function) if isinstance(value, ast.Call))
    if required(function) == 0 and returned and (function.name in FACTORY_NAMES or makes):
        found.factories.append(function.name)


def _import_from(found: Outline, statement: ast.ImportFrom) -> None:
    module = statement.module or ""
    found.imports.append((statement.level, module))
    for alias in statement.names:
        if alias.name != "*":
            found.bound.add(alias.asname or alias.name)
            found.imports.append((statement.level, f"{module}.{alias.name}".strip(".")))
        elif module.partition(".")[0] not in ("fasthtml", "starlette", "fastcore", "monsterui"):
            found.star = True


def _assign(found: Outline, target: ast.expr, value: ast.expr) -> None:
    constructor = _called(value)
    names = [node.id for node in ast.walk(target) if isinstance(node, ast.Name)]
    found.bound.update(names)
    if constructor in CONSTRUCTORS and names:
        found.apps[names[0]] = constructor
    elif isinstance(value, _UNKNOWN) and constructor not in NO_APPS:
        found.values.update(names)
    elif (literal := _literal(value)) is not None and isinstance(target, ast.Name):
        found.literals[target.id] = literal


_UNKNOWN = (ast.Call, ast.Name, ast.Attribute, ast.Subscript, ast.Await, ast.IfExp, ast.BoolOp)


def _called(value: ast.AST) -> str:
    """The last part of the called name: `fh.FastHTML(...)` gives `FastHTML`."""
    if not isinstance(value, ast.Call):
        return ""
    function = value.func
    return function.id if isinstance(function, ast.Name) else getattr(function, "attr", "")


def _literal(value: ast.expr) -> str | None:
    try:
        return type(ast.literal_eval(value)).__name__
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return None


def required(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """The number of arguments that a call must give by position."""
    arguments = function.args
    return len(arguments.posonlyargs) + len(arguments.args) - len(arguments.defaults)
