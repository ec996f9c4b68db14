"""A module's globals over several runs: what must go before, what after, and what counts as another value."""

from __future__ import annotations

import builtins
import sys
from collections.abc import Callable, Collection, Iterator, Mapping
from importlib.util import find_spec
from types import ModuleType
from typing import Any, TypeAlias

from fh_dash.engine.analysis import Analysis
from fh_dash.engine.journal import MISSING, Journal
from fh_dash.engine.kinds import is_a
from fh_dash.engine.sources import HOOK, Source
from fh_dash.engine.uses import IMPORTED, Use

SYSTEM_NAMES = frozenset(
    {
        HOOK,  # while it runs
        *"__name__ __doc__ __package__ __loader__ __spec__ __path__ __file__ __cached__ __builtins__ __debug__".split(),
    }
)
_FRESH = ("__annotations__", "__warningregistry__", "__conditional_annotations__")
"""Globals that accumulate over runs and must not."""

Hidden: TypeAlias = Mapping[str, frozenset[str]]
"""Module -> names that its star import does not give, since a circle leads there before they are bound."""


def public_names(namespace: dict[str, Any]) -> list[str]:
    """What `from module import *` binds."""
    offered = namespace.get("__all__")
    if offered is not None and is_a(offered, list | tuple):
        return [name for name in offered if isinstance(name, str)]
    return [name for name in namespace if not name.startswith("_")]


def given_by_star(namespace: dict[str, Any], hidden: Collection[str]) -> list[str]:
    """The same of a module in the middle of its import, without the names that it has not bound yet."""
    shown = {**namespace, "__all__": None} if "__all__" in hidden else namespace
    return [name for name in public_names(shown) if name in namespace and name not in hidden]


def given_by_stars(
    analysis: Analysis, hidden: Hidden, of: Callable[[str], bool] = sys.modules.__contains__
) -> dict[int, list[str]]:
    """The names that the star imports of a module give, by their lines; only those of some modules."""
    stars = [star for star in analysis.stars if star.module in sys.modules and of(star.module)]
    return {star.line: given_by_star(vars(sys.modules[star.module]), hidden.get(star.module, ())) for star in stars}


def prepare(
    name: str, namespace: dict[str, Any], analysis: Analysis, provided: Collection[str], *, clear: bool
) -> None:
    """Take out of the namespace what a fresh interpreter would not find there when the code begins to run.

    `provided` is what star imports will bind. With `clear`, somebody looks around there; else the rest stays until the
    code binds it anew: a request that outlived the wait at the gate may be using it.
    """
    for gone in _all_own(name, namespace) if clear else _too_early(name, namespace, analysis, provided):
        del namespace[gone]
    for fresh in _FRESH:
        namespace.pop(fresh, None)
    if not analysis.docstring:
        namespace["__doc__"] = None


def drop_gone(name: str, namespace: dict[str, Any], before: dict[str, Any], analysis: Analysis, hidden: Hidden) -> None:
    """After a run: delete the names of the last run that this one did not bind."""
    provided = {key for names in given_by_stars(analysis, hidden).values() for key in names}
    for gone in left_over(name, namespace, before, analysis, provided):
        del namespace[gone]


def left_over(
    name: str,
    namespace: Mapping[str, Any],
    before: Mapping[str, Any],
    analysis: Analysis,
    provided: Collection[str],
) -> set[str]:
    """Names of the last run that are still there, and that no statement of the new source binds."""
    unbound = () if analysis.dynamic else _unbound(name, before, analysis)
    return {
        key
        for key in unbound
        if namespace.get(key, MISSING) is before[key] and key not in provided and key not in analysis.declared
    }


def show_submodules(name: str, namespace: dict[str, Any], before: dict[str, Any]) -> None:
    """A submodule that a name of its package had hidden is an attribute again when that name is gone."""
    for gone in before.keys() - namespace.keys():
        submodule = sys.modules.get(f"{name}.{gone}")
        if submodule is not None:
            namespace[gone] = submodule


def _unbound(name: str, before: Mapping[str, Any], analysis: Analysis) -> Iterator[str]:
    """Globals of the last run that no statement of the new source is seen to bind."""
    for key, value in before.items():
        is_submodule = is_a(value, ModuleType) and sys.modules.get(f"{name}.{key}") is value
        if key not in analysis.binds and key not in SYSTEM_NAMES and not is_submodule:
            yield key


def _all_own(name: str, before: dict[str, Any]) -> set[str]:
    return {key for key in before if key not in SYSTEM_NAMES and not is_submodule(name, key, before[key])}


def _too_early(name: str, before: dict[str, Any], analysis: Analysis, provided: Collection[str]) -> set[str]:
    unbound = set(_unbound(name, before, analysis))
    early = set(unbound) if analysis.dynamic else unbound & analysis.declared
    early |= {key for key in before if key in analysis.binds and key not in analysis.certain}
    early |= unbound - set(provided)
    return early | (_used_early(name, before, unbound & set(provided), analysis) & before.keys())


def is_submodule(name: str, key: str, value: object) -> bool:
    return is_a(value, ModuleType) and sys.modules.get(f"{name}.{key}") is value


def _used_early(name: str, before: dict[str, Any], provided: set[str], analysis: Analysis) -> set[str]:
    """Names that are used before a statement has bound them: they would be missing, or be the builtin."""
    own = [imported for imported in analysis.imports if imported.module == name and not imported.deferred]
    itself = {imported.local for imported in own if imported.name is None}
    early: set[str] = set()
    bound: set[str] = set()
    entered: set[str] = set()
    for unit in analysis.units:
        waiting = list(unit.now)
        while waiting:
            use = waiting.pop()
            key = _own_name(name, itself, use)
            if key not in bound and key not in SYSTEM_NAMES and key not in provided:
                early.add(key)
            if key in bound and key not in entered:  # whoever gets a function, be it in a table, may call it
                entered.add(key)
                waiting += [use for unit in analysis.by_name.get(key, ()) if key in unit.binds for use in unit.later]
        early |= {i.name for i in own if i.line == unit.line and i.name is not None and i.name not in bound}
        bound |= unit.binds if not unit.conditional else unit.binds - analysis.certain  # those come later, in any case
    return {key for key in early if not (hasattr(builtins, key) and key not in before)}


def _own_name(name: str, itself: Collection[str], use: Use) -> str:
    """The global that a use begins with, be it by way of the module itself, imported by itself."""
    first, *rest = use.path
    if rest and first in itself:
        return rest[0]
    if first == IMPORTED and rest[0] == name:
        return rest[-1]
    return first


def relocate(module: ModuleType, source: Source, journal: Journal) -> None:
    """A module that became a package, or a package that became a module, stays the same object."""
    name = module.__name__
    if getattr(module, "__file__", None) == str(source.path):
        return
    saved = sys.modules.pop(name)
    try:
        spec = find_spec(name)
    finally:
        sys.modules[name] = saved
    if spec is None:
        return
    journal.save_mapping(vars(module))
    module.__spec__, module.__loader__, module.__file__ = spec, spec.loader, str(source.path)
    module.__package__ = spec.parent
    if spec.submodule_search_locations is not None:
        module.__path__ = spec.submodule_search_locations
    elif hasattr(module, "__path__"):
        del module.__path__


def forget(name: str, journal: Journal) -> None:
    """Take a module out of `sys.modules` and out of its package."""
    module = sys.modules.pop(name, None)
    if module is None:
        return
    journal.add(lambda: sys.modules.__setitem__(name, module))
    package, _, last = name.rpartition(".")
    parent = sys.modules.get(package)
    if parent is not None and vars(parent).get(last) is module:
        delattr(parent, last)
        journal.add(lambda: setattr(parent, last, module))
