"""What a module's source says about itself, without running it.

The unit is the top-level statement (statements inside a top-level `if`, `try`, `with`, `for` or `match` count each
for themselves, with the header's uses added). For each unit: the names it binds, the names it uses while the module
is being imported, the names it uses only later inside function bodies, and the names whose contents it may change.
Nothing here depends on other modules or on the running program, so an analysis is cached by the content's hash.
"""

from __future__ import annotations

import ast
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from fh_dash.engine.uses import Use, UseCollector, absolute

Kind: TypeAlias = Literal["def", "class", "import", "other"]
STAR = "*"
DYNAMIC = frozenset({"globals", "vars", "locals", "exec", "eval", "setattr", "delattr"})
"""Calls at the top level that may bind names which no static look can see."""

_MAKERS = frozenset({"__init__", "__new__", "__post_init__", "__init_subclass__", "__set_name__", "__class_getitem__"})
_NAMESPACE = frozenset({"dir", "globals", "vars", "locals"})


@dataclass(frozen=True, slots=True)
class Import:
    """One name bound by an import statement."""

    local: str
    """The name that is bound; `*` for a star import."""
    module: str
    """Absolute dotted name."""
    name: str | None
    """The attribute that is taken from `module`; None when the module itself is bound."""
    line: int
    deferred: bool = False
    """Inside a function: it happens when that runs."""
    guarded: bool = False
    """Inside `try` or `if`: its failure may be handled."""
    typing_only: bool = False
    """Under `if TYPE_CHECKING`: it never happens."""


@dataclass(frozen=True, slots=True)
class Unit:
    """One top-level statement."""

    kind: Kind
    line: int
    binds: frozenset[str]
    mutates: frozenset[str]
    now: tuple[Use, ...]
    later: tuple[Use, ...]
    digest: str
    """Of the syntax tree without positions."""
    conditional: bool
    """Inside of a compound statement."""
    declares: frozenset[str]
    """Names that functions in it declare `global`: calling them may bind these."""
    surface: str
    """For a `def`: digest of all but its body, so of what one that only holds it can notice; for a `class`: of all but
    the bodies of its methods, those that make objects excepted."""


@dataclass(frozen=True, slots=True)
class Definition:
    """A `def` or `class` statement that runs at import time, at any depth of class bodies."""

    key: int
    """Its number in source order; the instrumented code passes it to the keep hook."""
    qualname: str
    digest: str
    is_class: bool


@dataclass(frozen=True, slots=True)
class Analysis:
    module: str
    digest: str
    """Of the whole tree without positions: equal digests mean that only comments or layout differ."""
    units: tuple[Unit, ...]
    imports: tuple[Import, ...]
    definitions: tuple[Definition, ...]
    docstring: bool
    dynamic: bool
    """Binds names in a way that cannot be seen (`globals()[…] = …`, `exec`)."""
    binds: frozenset[str] = field(default=frozenset())
    by_name: dict[str, tuple[Unit, ...]] = field(default_factory=dict, compare=False)
    """Name -> the units that bind or mutate it, in source order."""
    files: frozenset[str] = frozenset()
    """String constants that look like the name of a data file."""
    certain: frozenset[str] = frozenset()
    """Of `binds`, what is bound whatever happens: outside of `if`, `try`, `for` and the like."""
    looks_around: bool = False
    """Looks at its own namespace as a whole while it runs (`dir()`, `globals()`)."""
    declared: frozenset[str] = frozenset()
    """Names that some function declares `global`: it may bind them when it runs."""
    mentions: frozenset[str] = frozenset()
    """Every name that stands at the beginning of a use, anywhere in the source."""

    def stars(self) -> tuple[Import, ...]:
        return tuple(i for i in self.imports if i.local == STAR and not i.deferred)

    def may_handle(self, unit: int) -> bool:
        """Whether the failure of an import that this top-level statement makes may be handled by the module."""
        found = self.units[unit] if unit < len(self.units) else None
        return found is None or found.conditional or found.kind != "import"


def digest(*nodes: ast.AST | None) -> str:
    """Of syntax trees, without positions."""
    text = "\0".join(_text(node) for node in nodes)
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()


def _text(tree: ast.AST | None) -> str:
    """What `ast.dump` gives, less pretty: that one recurses, and Python 3.12 bounds how deep C code may."""
    parts: list[str] = []
    waiting: list[Any] = [tree]
    while waiting:
        thing = waiting.pop()
        if isinstance(thing, ast.AST):
            parts.append(f"{type(thing).__name__}(")
            waiting.append(_END)
            waiting += [getattr(thing, name, None) for name in reversed(thing._fields)]
        elif isinstance(thing, list):
            parts.append("[")
            waiting.append(_END)
            waiting += reversed(thing)
        else:
            parts.append(")" if thing is _END else repr(thing))
    return ",".join(parts)


_END = object()


def analyse(tree: ast.Module, module: str, is_package: bool) -> Analysis:
    """Analyse one parsed module; `module` is its dotted name, against which relative imports are resolved."""
    package = module if is_package else module.rpartition(".")[0]
    imports = tuple(_imports(tree, package))
    later = any(i.module == "__future__" and i.name == "annotations" for i in imports)
    units = tuple(_units(tree.body, (package, later)))
    by_name = _by_name(units)
    binds = frozenset().union(*(u.binds for u in units)) if units else frozenset()
    return Analysis(
        module=module,
        digest=digest(tree),
        units=units,
        imports=imports,
        definitions=tuple(_definitions(tree)),
        docstring=ast.get_docstring(tree, clean=False) is not None,
        dynamic=any(use.called and use.path[0] in DYNAMIC for u in units for use in u.now),
        binds=binds | {i.local for i in imports if not i.deferred and not i.typing_only and i.local != STAR},
        by_name=by_name,
        files=frozenset(_file_names(tree)),
        certain=frozenset(name for unit in units if not unit.conditional for name in unit.binds),
        looks_around=any(_looks_around(use) for unit in units for use in unit.now),
        mentions=frozenset(use.path[0] for unit in units for use in (*unit.now, *unit.later)),
        declared=frozenset(n for node in ast.walk(tree) if isinstance(node, ast.Global) for n in node.names),
    )


_FILE = re.compile(r"[\w./-]*[\w-]\.(?!py\b)[A-Za-z][A-Za-z0-9]{0,9}")


def _file_names(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        text = node.value if isinstance(node, ast.Constant) else None
        if isinstance(text, str) and len(text) < 200 and _FILE.fullmatch(text):
            yield text


def _looks_around(use: Use) -> bool:
    return (use.called and use.path[0] in _NAMESPACE) or use.path[:2] == ("sys", "modules")


def _by_name(units: tuple[Unit, ...]) -> dict[str, tuple[Unit, ...]]:
    # `app, rt = fast_app()`: what changes the one may change the other
    together: dict[str, frozenset[str]] = {}
    for unit in units:
        if unit.kind == "other" and len(unit.binds) > 1:
            together |= dict.fromkeys(unit.binds, unit.binds)
    found: dict[str, list[Unit]] = {}
    for unit in units:
        mutates = frozenset().union(*(together.get(name, {name}) for name in unit.mutates))
        for name in unit.binds | mutates | unit.declares:
            found.setdefault(name, []).append(unit)
    return {name: tuple(of_name) for name, of_name in found.items()}


# --------------------------------------------------------------------------------------------- statements


def _units(body: list[ast.stmt], context: tuple[str, bool], header: tuple[ast.AST, ...] = ()) -> Iterator[Unit]:
    for statement in body:
        heads = _header(statement)
        if heads is None:
            yield _unit(statement, context, header)
            continue
        yield _unit(_Header(statement, heads), context, header)
        for number, block in enumerate(_blocks(statement)):
            # which of its blocks a statement is in belongs to its digest: moved to the `else`, it is another one
            yield from _units(block, context, (*header, *heads, ast.Constant(f"{type(statement).__name__} {number}")))


def _blocks(statement: ast.stmt) -> list[list[ast.stmt]]:
    """In source order."""
    blocks = [getattr(statement, "body", [])]
    blocks += [handler.body for handler in getattr(statement, "handlers", [])]
    blocks += [getattr(statement, name, []) for name in ("orelse", "finalbody")]
    return blocks + [case.body for case in getattr(statement, "cases", [])]


@dataclass(frozen=True, slots=True)
class _Header:
    """The part of a compound statement that is outside its bodies."""

    statement: ast.stmt
    parts: tuple[ast.AST, ...]


def _header(statement: ast.stmt) -> tuple[ast.AST, ...] | None:
    match statement:
        case ast.If() | ast.While():
            return (statement.test,)
        case ast.For() | ast.AsyncFor():
            return (statement.target, statement.iter)
        case ast.With() | ast.AsyncWith():
            return tuple(statement.items)
        case ast.Try() | ast.TryStar():
            return tuple(h.type for h in statement.handlers if h.type is not None)
        case ast.Match():
            patterns = [part for case in statement.cases for part in (case.pattern, case.guard) if part]
            return (statement.subject, *patterns)
    return None


def _unit(statement: ast.stmt | _Header, context: tuple[str, bool], header: tuple[ast.AST, ...]) -> Unit:
    found = UseCollector(context[0], annotations_later=context[1])
    if isinstance(statement, _Header):
        nodes, line, kind = statement.parts, statement.statement.lineno, "other"
        surface = ""
    else:
        nodes, line, kind = (statement,), statement.lineno, _kind(statement)
        surface = _surface(statement)
    for node in nodes:
        found.visit(node)
    binds, mutates = frozenset(found.binds), frozenset(found.mutates)
    for node in header:  # what is bound here depends on the condition around it
        found.visit(node)
    return Unit(
        kind=kind,  # type: ignore[arg-type]
        line=line,
        binds=binds,
        mutates=mutates - binds if kind in ("def", "class", "import") else mutates,
        now=tuple(found.now),
        later=tuple(found.later),
        digest=digest(*header, *nodes),
        conditional=bool(header) or isinstance(statement, _Header),
        declares=frozenset(
            n for node in nodes for part in ast.walk(node) if isinstance(part, ast.Global) for n in part.names
        ),
        surface=surface,
    )


def _kind(statement: ast.stmt) -> Kind:
    match statement:
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            return "def"
        case ast.ClassDef():
            return "class"
        case ast.Import() | ast.ImportFrom():
            return "import"
    return "other"


def _surface(statement: ast.stmt) -> str:
    match statement:
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            return _function_surface(statement)
        case ast.ClassDef():
            inner = [part if _makes(part) else ast.Constant(_surface(part)) for part in statement.body]
            return digest(
                ast.Constant(statement.name), *statement.bases, *statement.keywords, *inner, *statement.decorator_list
            )
    return ""


def _makes(part: ast.stmt) -> bool:
    """Whether what a statement of a class body does is in the objects that were made while it was so."""
    return not _surface(part) or getattr(part, "name", "") in _MAKERS


def _function_surface(statement: ast.FunctionDef | ast.AsyncFunctionDef) -> str:
    own = [n for part in statement.body for n in _own_nodes(part)]
    generates = any(isinstance(n, ast.Yield | ast.YieldFrom) for n in own)
    kind = ast.Constant(f"{type(statement).__name__} {generates} {ast.get_docstring(statement)}")
    return digest(kind, ast.Constant(statement.name), statement.args, statement.returns, *statement.decorator_list)


def _own_nodes(node: ast.AST) -> Iterator[ast.AST]:
    """The node and what is in it, without the inside of nested functions."""
    yield node
    if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
        for child in ast.iter_child_nodes(node):
            yield from _own_nodes(child)


# ------------------------------------------------------------------------------------- imports, definitions


def _imports(tree: ast.Module, package: str) -> Iterator[Import]:
    stack: list[tuple[ast.AST, bool, bool, bool]] = [(tree, False, False, False)]
    while stack:
        node, deferred, guarded, typing_only = stack.pop()
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield from _import_names(node, package, deferred, guarded, typing_only)
            continue
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            deferred = True
        if isinstance(node, ast.Try | ast.TryStar | ast.If):
            guarded = True
        children: list[tuple[ast.AST, bool, bool, bool]] = []
        for name, value in ast.iter_fields(node):
            hidden = typing_only or (name == "body" and isinstance(node, ast.If) and _is_type_checking(node.test))
            items = value if isinstance(value, list) else [value]
            children += [(i, deferred, guarded, hidden) for i in items if isinstance(i, ast.AST)]
        stack.extend(reversed(children))


def _is_type_checking(test: ast.expr) -> bool:
    name = test.attr if isinstance(test, ast.Attribute) else test.id if isinstance(test, ast.Name) else ""
    return name == "TYPE_CHECKING"


def _import_names(
    node: ast.Import | ast.ImportFrom, package: str, deferred: bool, guarded: bool, typing_only: bool
) -> Iterator[Import]:
    rest = (node.lineno, deferred, guarded, typing_only)
    if isinstance(node, ast.Import):
        for alias in node.names:
            if alias.asname:
                yield Import(alias.asname, alias.name, None, *rest)
            else:
                yield Import(alias.name.partition(".")[0], alias.name, None, *rest)
        return
    base = absolute(node, package)
    for alias in node.names:
        yield Import(alias.asname or alias.name, base, alias.name, *rest)


def _definitions(tree: ast.Module) -> Iterator[Definition]:
    for key, (node, qualname) in enumerate(import_time_definitions(tree)):
        yield Definition(key, qualname, digest(node), isinstance(node, ast.ClassDef))


Def: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def import_time_definitions(tree: ast.Module) -> list[tuple[Def, str]]:
    """Every `def` and `class` that runs while the module is imported, with its qualified name, in source order."""
    found: list[tuple[Def, str]] = []

    def walk(node: ast.AST, prefix: str) -> None:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
                found.append((child, prefix + child.name))
            elif isinstance(child, ast.ClassDef):
                found.append((child, prefix + child.name))
                walk(child, prefix + child.name + ".")
            elif not isinstance(child, ast.Lambda | ast.expr):
                walk(child, prefix)

    walk(tree, "")
    return found
