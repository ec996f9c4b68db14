"""Which methods of a class only read its objects, by their source. Pure.

`registry.add(…)` at import time puts something there, `MENU = registry.items_by_title()` looks at what is there: two
calls alike, until one knows what the methods do. What cannot be seen counts as changing. A method that changes one
attribute while it goes through another, which others fill (`container.freeze()`), reads: its outcome depends on them.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import TypeAlias

from fh_dash.engine.trees import children, walk
from fh_dash.engine.uses import CALLERS, ORDERING, READERS, dotted

_Method: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef


def _methods(statement: object) -> list[_Method]:
    body = statement.body if isinstance(statement, ast.ClassDef) else ()
    return [part for part in body if isinstance(part, _Method)]


def methods_of(statement: object) -> tuple[frozenset[str], frozenset[str]]:
    """Of a class: the methods that read, and the others; of anything else nothing."""
    methods = {method.name: method for method in _methods(statement)}
    readers = {name for name, method in methods.items() if method.args.args and not _assigns(method)}
    while writers := {name for name in readers if _calls_more_than(methods[name], READERS | readers)}:
        readers -= writers
    if methods.keys() - readers:
        changed = {name: _changed(method) for name, method in methods.items()}
        readers |= {name for name in methods.keys() - readers if _goes_through_others(name, methods[name], changed)}
    return frozenset(readers), frozenset(methods.keys() - readers)


def builders_of(statement: object) -> frozenset[str]:
    """Of a class: the methods whose outcome depends on what they found in an attribute that they change.

    They number by its length, or sort it: `self.columns[name] = len(self.columns)`.
    """
    cls = statement.name if isinstance(statement, ast.ClassDef) else ""
    return frozenset(m.name for m in _methods(statement) if not _changed(m, cls).isdisjoint(_built_on(m, cls)))


def tellers_of(statement: object) -> frozenset[str]:
    """Of a class: the methods that return something else than they were given, or a function for it."""
    return frozenset(method.name for method in _methods(statement) if _returns_data(method))


def settings_of(statement: object) -> frozenset[tuple[str, str]]:
    """Of a class: its methods that change something, each with the attributes that it reads and does not change.

    `def entity(self, cls): self.entries.append(f"{self.url}/{cls.__name__}")`: what it adds depends on the `url`.
    """
    changed = {method: _changed(method) for method in _methods(statement)}
    return frozenset((m.name, name) for m, names in changed.items() if names for name in _loaded(m) - names)


def _loaded(method: _Method) -> set[str]:
    """Attributes of its object that it reads, be it only to call a method of what is there."""
    nodes = (node for node in _inner(method) if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load))
    return _attributes(method, map(dotted, nodes))


def _built_on(method: _Method, cls: str) -> set[str]:
    """Attributes of its object, or its class, that it goes through, counts or sorts."""
    inner = list(_inner(method))
    calls = [dotted(node.func) for node in inner if isinstance(node, ast.Call)]
    ordered = [path for path in calls if path[-1:] and path[-1] in ORDERING]
    return _attributes(method, [*ordered, *(part for node in inner for part in _gone_through(node))], cls)


def _goes_through_others(name: str, method: _Method, changed: Mapping[str, set[str]]) -> bool:
    """Whether it looks into an attribute that other methods change, and that it does not change itself."""
    others = set[str]().union(*(names for other, names in changed.items() if other not in (name, "__init__")))
    return bool(others - changed[name]) and not _looked_into(method).isdisjoint(others - changed[name])


def _changed(method: _Method, cls: str = "") -> set[str]:
    """Attributes of its object that it sets, or calls methods of that may change them."""
    places = []
    for node in _inner(method):
        if isinstance(node, ast.Attribute | ast.Subscript) and not isinstance(node.ctx, ast.Load):
            places.append(dotted(node))
        elif isinstance(node, ast.Call) and len(path := dotted(node.func)) > 2 and path[-1] not in READERS:
            places.append(path)
    return _attributes(method, places, cls)


def _looked_into(method: _Method) -> set[str]:
    """Attributes of its object whose contents it goes through or, where it returns some of it, looks up."""
    places = [part for node in _inner(method) for part in _gone_through(node)]
    if _returns_data(method):
        for node in _inner(method):
            if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load):
                places.append(dotted(node.value))
            elif isinstance(node, ast.Call) and len(path := dotted(node.func)) > 2 and path[-1] in READERS:
                places.append(path)
    return _attributes(method, places)


def _gone_through(node: ast.AST) -> Iterator[tuple[str, ...]]:
    if isinstance(node, ast.For | ast.AsyncFor | ast.comprehension):
        yield from map(dotted, walk(node.iter))
    elif isinstance(node, ast.Call) and dotted(node.func)[-1:] and dotted(node.func)[-1] in CALLERS:
        yield from map(dotted, node.args)


def _attributes(method: _Method, places: Iterable[tuple[str, ...]], cls: str = "") -> set[str]:
    own = method.args.args[0].arg if method.args.args else ""
    return {path[1] for path in places if len(path) > 1 and path[0] in (own, cls)}


def _returns_data(method: _Method) -> bool:
    """Something else than what it was given, itself, or a function that it makes: a decorator only registers."""
    arguments = {argument.arg for argument in (*method.args.args, *method.args.kwonlyargs)}
    inner = {node.name for node in _inner(method) if isinstance(node, _Method)}
    returned = (node.value for node in _own(method) if isinstance(node, ast.Return))
    return any(
        not (value is None or isinstance(value, ast.Constant | ast.Lambda))
        and not (isinstance(value, ast.Name) and value.id in arguments | inner)
        for value in returned
    )


def _own(node: ast.AST) -> Iterator[ast.AST]:
    for child in children(node):
        if not isinstance(child, _Method | ast.Lambda):
            yield child
            yield from _own(child)


def _assigns(method: _Method) -> bool:
    """It sets an attribute, an item or a global, or hands its object on."""
    own = method.args.args[0].arg
    whole = {id(node.value) for node in walk(method) if isinstance(node, ast.Attribute)}
    return any(
        isinstance(node, ast.Global | ast.Nonlocal)
        or (isinstance(node, ast.Attribute | ast.Subscript) and not isinstance(node.ctx, ast.Load))
        or (isinstance(node, ast.Name) and node.id == own and id(node) not in whole)
        for node in _inner(method)
    )


def _calls_more_than(method: _Method, harmless: Collection[str]) -> bool:
    called = (node.func for node in _inner(method) if isinstance(node, ast.Call))
    return any(isinstance(func, ast.Attribute) and func.attr not in harmless for func in called)


def _inner(method: _Method) -> Iterator[ast.AST]:
    for statement in method.body:
        yield from walk(statement)
