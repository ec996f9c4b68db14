"""What a module can get hold of while it is imported, by its source: objects of others, and what it assigns on them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import _lru_cache_wrapper
from types import ModuleType
from typing import Any

from fh_dash.engine.analysis import STAR, Analysis, Import
from fh_dash.engine.kinds import is_a
from fh_dash.engine.memos import Memo
from fh_dash.engine.names import Node
from fh_dash.engine.sources import Source
from fh_dash.engine.uses import Use


@dataclass(frozen=True, slots=True)
class Patch:
    """An attribute that is assigned on something of a library: `json.JSONEncoder.default = …`."""

    path: tuple[str, ...]
    """From the module to what has the attribute; empty for the module itself."""
    name: str | None
    """None for any attribute: `setattr(…)`."""


def roots(
    source: Source, target: str, namespace: dict[str, Any], only_reads: Callable[[type, str], bool]
) -> Iterator[tuple[Node, Any]]:
    """The objects of another module, with their names there, that `source` may use; `only_reads`: see `Objects`."""
    names: set[str] = set()
    for imported in source.analysis.imports:
        if imported.module == target and imported.name == STAR:
            names |= {use.path[0] for use in _uses(source)} & namespace.keys()
        elif imported.module == target and imported.name:
            names.add(imported.name)
        elif imported.name or f"{target}.".startswith(f"{imported.module}.") or _leads_to(imported, target):
            names |= attributes(source) & namespace.keys()
    if not any(f"{i.module}.{i.name}.".startswith(f"{target}.") for i in source.analysis.imports):
        names |= attributes(source) & namespace.keys()  # it is imported by name
    for name in names & namespace.keys():
        thing = namespace[name]
        if not is_a(thing, ModuleType):
            yield (target, name), thing
        if is_a(thing, _lru_cache_wrapper) and (methods := _called_on_result(source, target, name)):
            yield (target, name), Memo(thing, methods, only_reads)


def _called_on_result(source: Source, target: str, name: str) -> set[str]:
    """Methods that may change what a function of another module returns: `registry().add(…)`."""
    names = {name, *(i.local for i in source.analysis.imports if (i.module, i.name) == (target, name))}
    return {method for unit in source.analysis.units for function, method in unit.results if function in names}


def _leads_to(imported: Import, target: str) -> bool:
    """`import pkg.inner` gives `pkg`."""
    return imported.local != imported.module and imported.module.startswith(f"{target}.")


def attributes(source: Source) -> frozenset[str]:
    """Every name that follows a dot in the source, and every global that is used; those given to `getattr` as well."""
    found = source.analysis.parts
    return found if found.isdisjoint(_BY_STRING) else found | source.analysis.strings


_BY_STRING = frozenset({"getattr", "setattr", "delattr", "vars", "attrgetter"})


def modules_looked_for(source: Source) -> Iterator[str]:
    """Files of the modules that `find_spec` may be asked for."""
    if "find_spec" in source.analysis.asks:
        for name in source.analysis.strings:
            yield from (f"{name}.py", os.path.join(name, "__init__.py"))


def assigned_on(source: Source, target: str) -> set[str]:
    """Names of `target` that import-time code of `source` assigns (`conf.DEBUG = True`)."""
    last = target.rpartition(".")[2]
    locals_ = {i.local for i in source.analysis.imports if i.module == target and i.name is None}
    locals_ |= {i.local for i in source.analysis.imports if f"{i.module}.{i.name}" == target}
    by_string = not source.analysis.parts.isdisjoint(_SETTERS) and any(
        use.via in {(name,) for name in _SETTERS} and use.path[0] in locals_ for use in _uses(source)
    )
    return {
        use.path[-1]
        for use in _uses(source)
        if use.stored and len(use.path) > 1 and (use.path[0] in locals_ or use.path[-2] == last)
    } | (source.analysis.strings if by_string else set())


_SETTERS = frozenset({"setattr", "delattr"})


def inserts(source: Source) -> bool:
    """Whether it may put something in front of what is in a sequence."""
    return not source.analysis.parts.isdisjoint(_INSERTERS)


_INSERTERS = frozenset({"insert", "insort", "insort_left", "insort_right", "appendleft", "extendleft"})


def assigned_parts(source: Source) -> frozenset[str]:
    """What has an attribute or item assigned: `register` of `core.register.n = 1`."""
    return frozenset(use.path[-2] for use in _uses(source) if use.stored and len(use.path) > 1)


def patches(source: Source) -> dict[str, list[Patch]]:
    """What `source` may assign on imported modules and their classes, by module."""
    found: dict[str, list[Patch]] = {}
    for use, name in _patched(source):
        for module, path in _places(source.analysis, use.path):
            if name is None or path:
                found.setdefault(module, []).append(Patch(path, None) if name is None else Patch(path[:-1], path[-1]))
    return found


def _patched(source: Source) -> Iterator[tuple[Use, str | None]]:
    """Uses that something is set on: by an assignment with the name of the attribute, by others without."""
    for use in _uses(source):
        if use.via == ("setattr",):
            yield use, None
        elif use.stored:
            yield use, use.path[-1]
    for unit in source.analysis.units:  # fastcore's `@patch def method(self: Class)`, `@patch_to(Class)`
        if unit.kind == "def" and any(use.decorates and use.path[-1].startswith("patch") for use in unit.now):
            yield from ((use, None) for use in unit.now if not use.decorates)


def _places(analysis: Analysis, path: tuple[str, ...]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The modules that a dotted name may begin in, with what follows there."""
    imports = [i for i in analysis.imports if not i.deferred and not i.typing_only]
    named = [_place(imported, path[1:]) for imported in imports if imported.local == path[0]]
    yield from named
    if not named and path[0] not in analysis.binds:
        yield from ((star.module, path) for star in analysis.stars)


def _place(imported: Import, rest: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
    if imported.name is not None:
        return imported.module, (imported.name, *rest)
    top = imported.module.partition(".")[0]
    return (top if imported.local == top else imported.module), rest


def owners(module: ModuleType, found: Iterable[Patch]) -> Iterator[tuple[Any, str | None]]:
    """The objects that the patches are for, classes and modules; what is not there, or is something else, is left."""
    for patch in found:
        thing: Any = module
        for part in patch.path:
            thing = vars(thing).get(part) if is_a(thing, type | ModuleType) else None
        if is_a(thing, type) or (is_a(thing, ModuleType) and patch.name):
            yield thing, patch.name


def _uses(source: Source) -> Iterator[Use]:
    return (use for unit in source.analysis.units for use in (*unit.now, *unit.later))
