"""Analyse a parsed module: its top-level statements, imports and definitions."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TypeAlias

from fh_dash.engine.analysis import STAR, Analysis, Definition, Import, Kind, Unit
from fh_dash.engine.collector import UseCollector
from fh_dash.engine.digests import Digests
from fh_dash.engine.file_names import file_names
from fh_dash.engine.made_once import made_once
from fh_dash.engine.methods import builders_of, methods_of, settings_of, tellers_of
from fh_dash.engine.trees import children, walk, without_shadowed
from fh_dash.engine.uses import IMPORTED, Use, absolute

DYNAMIC = frozenset({"globals", "vars", "locals", "exec", "eval", "setattr", "delattr"})
"""Calls at the top level that may bind names which no static look can see."""
_NAMESPACE = frozenset({"dir", "globals", "vars", "locals"})


def analyse(tree: ast.Module, module: str, is_package: bool) -> Analysis:
    """Analyse one parsed module; `module` is its dotted name, against which relative imports are resolved."""
    package = module if is_package else module.rpartition(".")[0]
    living = without_shadowed(tree)
    imports = tuple(_imports(living, package))
    later = any(i.module == "__future__" and i.name == "annotations" for i in imports)
    context = _Context(package, later, Digests(), [])
    units = tuple(_units(living.body, context))
    nodes = context.nodes
    strings, named = _strings(nodes), {*_names(nodes)}
    by_name = _by_name(units)
    binds = frozenset().union(*(u.binds for u in units)) if units else frozenset()
    return Analysis(
        module=module,
        digest=context.digests.of(tree),
        units=units,
        imports=imports,
        definitions=tuple(_definitions(tree, context.digests)),
        docstring=ast.get_docstring(tree, clean=False) is not None,
        dynamic=any(use.called and use.path[0] in DYNAMIC for u in units for use in u.now),
        binds=binds | {i.local for i in imports if not i.deferred and not i.typing_only and i.local not in (STAR, "")},
        by_name=by_name,
        named=frozenset(u.path[1] for unit in units for u in (*unit.now, *unit.later) if u.path[0] == IMPORTED),
        files=file_names(nodes, strings, {i.module.partition(".")[0] for i in imports}),
        certain=frozenset(name for unit in units if not unit.conditional for name in unit.binds),
        looks_around=any(_looks_around(use) for use in _at_import(units, by_name)),
        mentions=frozenset(use.path[0] for unit in units for use in (*unit.now, *unit.later)),
        parts=frozenset(part for unit in units for use in (*unit.now, *unit.later) for part in use.path),
        strings=frozenset(filter(str.isidentifier, strings)),
        asks=ASKING.intersection(named),
        looks_at_users=not _GLOBALS.isdisjoint(named),
        declared=frozenset(n for node in nodes if isinstance(node, ast.Global) for n in node.names),
        stars=tuple(i for i in imports if i.local == STAR and not i.deferred),
        takes_from=frozenset(i.module for i in imports if i.name is not None and not i.deferred),
    )


ASKING = frozenset({"stat", "getmtime", "getsize", "find_spec"})
"""Functions that ask for the size or time of files, or for modules; reading leaves a trace, this does not."""


_GLOBALS = frozenset({"__globals__", "f_globals", "f_locals", "getmodule"})
"""Attributes and functions by which code comes to the globals of other code."""


def _names(nodes: list[ast.AST]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.Name):
            yield node.id


def _strings(nodes: list[ast.AST]) -> list[str]:
    constants = [node.value for node in nodes if isinstance(node, ast.Constant)]
    return [text for text in constants if isinstance(text, str) and len(text) < 200]


def _at_import(units: tuple[Unit, ...], by_name: dict[str, tuple[Unit, ...]]) -> Iterator[Use]:
    """The uses of all statements, and of the module's own functions that they call."""
    waiting = [use for unit in units for use in unit.now]
    entered: set[int] = set()
    while waiting:
        yield (use := waiting.pop())
        for unit in by_name.get(use.path[0], ()) if use.called and len(use.path) == 1 else ():
            if unit.kind == "def" and id(unit) not in entered:
                entered.add(id(unit))
                waiting += unit.later


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


@dataclass(frozen=True, slots=True)
class _Context:
    """What the analysis of a statement depends on, besides itself."""

    package: str
    annotations_later: bool
    """`from __future__ import annotations`"""
    digests: Digests
    nodes: list[ast.AST]
    """All that was met so far."""


def _units(body: list[ast.stmt], context: _Context, header: tuple[ast.AST, ...] = ()) -> Iterator[Unit]:
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
            names = [ast.Name(h.name, ast.Store(), lineno=h.lineno) for h in statement.handlers if h.name]
            return (*(h.type for h in statement.handlers if h.type is not None), *names)
        case ast.Match():
            patterns = [part for case in statement.cases for part in (case.pattern, case.guard) if part]
            return (statement.subject, *patterns)
    return None


def _unit(statement: ast.stmt | _Header, context: _Context, header: tuple[ast.AST, ...]) -> Unit:
    found = UseCollector(context.package, annotations_later=context.annotations_later)
    if isinstance(statement, _Header):
        nodes, line, kind = statement.parts, statement.statement.lineno, "other"
        surface = ""
    else:
        nodes, line, kind = (statement,), statement.lineno, _kind(statement)
        surface = context.digests.surface_of(statement)
    for node in nodes:
        found.visit(node)
    binds, mutates = frozenset(found.binds), frozenset(found.mutates)
    for node in header:  # what is bound here depends on the condition around it
        found.visit(node)
    parts = [part for node in nodes for part in walk(node)]
    context.nodes.extend(parts)
    readers, writers = methods_of(statement)
    declares = frozenset(name for part in parts if isinstance(part, ast.Global) for name in part.names)
    return Unit(
        kind=kind,  # type: ignore[arg-type]
        line=line,
        binds=binds,
        mutates=mutates - binds if kind in ("def", "class", "import") else mutates,
        now=tuple(found.now),
        later=tuple(found.later),
        digest=context.digests.of(*header, *nodes),
        conditional=bool(header) or isinstance(statement, _Header),
        declares=declares,
        surface=surface,
        results=frozenset(found.results),
        asks_subclasses=any(isinstance(part, ast.Attribute) and part.attr == "__subclasses__" for part in parts),
        readers=readers,
        writers=writers,
        builders=builders_of(statement),
        tellers=tellers_of(statement),
        settings=settings_of(statement),
        makes=made_once(parts) if declares and kind in ("def", "class") else (),
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


# ------------------------------------------------------------------------------------- imports, definitions


def _imports(tree: ast.Module, package: str) -> Iterator[Import]:
    stack: list[tuple[ast.AST, bool, bool, bool, bool]] = [(tree, False, False, False, False)]
    while stack:
        node, deferred, guarded, typing_only, in_class = stack.pop()
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = _import_names(node, package, deferred, guarded, typing_only)
            yield from (replace(found, local="") if in_class and not deferred else found for found in names)
            continue
        in_class = in_class or isinstance(node, ast.ClassDef)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            deferred = True
        if isinstance(node, ast.Try | ast.TryStar | ast.If):
            guarded = True
        below: list[tuple[ast.AST, bool, bool, bool, bool]] = []
        for name, value in ast.iter_fields(node):
            hidden = typing_only or (name == "body" and isinstance(node, ast.If) and _is_type_checking(node.test))
            items = value if isinstance(value, list) else [value]
            below += [(i, deferred, guarded, hidden, in_class) for i in items if isinstance(i, _HOLDERS)]
        stack.extend(reversed(below))


_HOLDERS = (ast.stmt, ast.ExceptHandler, ast.match_case)
"""What may be, or have in it, an import statement."""


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


def _definitions(tree: ast.Module, digests: Digests) -> Iterator[Definition]:
    for key, (node, qualname) in enumerate(import_time_definitions(tree)):
        yield Definition(key, qualname, digests.of(node), isinstance(node, ast.ClassDef), node.lineno)


Def: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def import_time_definitions(tree: ast.Module) -> list[tuple[Def, str]]:
    """Every `def` and `class` that runs while the module is imported, with its qualified name, in source order."""
    return list(_definitions_below(tree, ""))


def _definitions_below(node: ast.AST, prefix: str) -> Iterator[tuple[Def, str]]:
    # no function within the other one: that calls itself, so it would keep each tree until the next full collection
    for child in children(node):
        if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield child, prefix + child.name
        elif isinstance(child, ast.ClassDef):
            yield child, prefix + child.name
            yield from _definitions_below(child, prefix + child.name + ".")
        elif isinstance(child, _HOLDERS):
            yield from _definitions_below(child, prefix)
