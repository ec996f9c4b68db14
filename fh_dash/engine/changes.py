"""What an edit changed, by comparing two versions of a module's source."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from fh_dash.engine.analysis import STAR, Analysis, Import
from fh_dash.engine.imports import edges
from fh_dash.engine.names import Node
from fh_dash.engine.record import Record
from fh_dash.engine.sources import Source


def own_changes(records: Mapping[str, Record], sources: Mapping[str, Source]) -> tuple[set[Node], set[Node]]:
    """Definitions that differ; of these, the ones that differ in more than a function's body.

    Of data, only the value tells, once the module has run again.
    """
    own: set[Node] = set()
    surfaces: set[Node] = set()
    for name, source in sources.items():
        old = records[name].source.analysis
        own |= {(name, n) for n in changed_names(old, source.analysis) if not _is_data(n, old, source.analysis)}
        surfaces |= {(name, changed) for changed in changed_surfaces(old, source.analysis)}
    return own, surfaces


def _is_data(name: str, *analyses: Analysis) -> bool:
    kinds = {unit.kind for analysis in analyses for unit in analysis.by_name.get(name, ()) if name in unit.binds}
    return bool(kinds) and kinds <= {"other"}


def changed_names(old: Analysis, new: Analysis) -> set[str]:
    """Names of a module whose own statements differ between two versions of its source."""
    names = set(old.by_name) | set(new.by_name)
    changed = {name for name in names if _digests(old, name) != _digests(new, name)}
    imports = {i.local for i in set(_bindings(old)) ^ set(_bindings(new))}
    if STAR in imports:
        changed.add(STAR)
    return changed | (imports - {STAR})


def _digests(analysis: Analysis, name: str) -> tuple[str, ...]:
    return tuple(unit.digest for unit in analysis.by_name.get(name, ()) if unit.kind != "import")


def _bindings(analysis: Analysis) -> Iterator[Import]:
    return (edge for edge in edges(analysis) if edge.local and not edge.deferred and not edge.typing_only)


def changed_surfaces(old: Analysis, new: Analysis) -> set[str]:
    """Names of definitions of which something besides bodies of functions differs (arguments, decorators, kind)."""
    names = set(old.by_name) | set(new.by_name)
    return {name for name in names if _surfaces(old, name) != _surfaces(new, name)}


def _surfaces(analysis: Analysis, name: str) -> tuple[str, ...]:
    return tuple(unit.surface or unit.digest for unit in analysis.by_name.get(name, ()) if unit.kind != "import")
