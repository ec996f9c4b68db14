"""Packages without `__init__.py`: the import system makes them of folders, and the engine has no record of them."""

from __future__ import annotations

from fh_dash.engine.imports import names
from fh_dash.engine.journal import Journal
from fh_dash.engine.namespaces import forget
from fh_dash.engine.program import Program


def drop_unused(program: Program, journal: Journal) -> None:
    """After a walk: take those out that no import statement leads to any more, and that no module is in."""
    there = {name for name in program.namespaces if program.is_namespace(name)}
    for name in sorted(there, reverse=True):  # what is inside before what is around it
        inside = any(other.startswith(f"{name}.") for other in (*program.records, *there))
        if not inside and not _is_imported(program, name):
            there.discard(name)
            forget(name, journal)


def _is_imported(program: Program, name: str) -> bool:
    """Be it by a module that was not there in the end."""
    graph = program.graph
    failed = (failure.source.analysis for broken, failure in program.broken.items() if graph.leads_to(broken))
    return graph.leads_to(name) or any(names(analysis, name) for analysis in failed)


def forget_inside(program: Program, package: str, journal: Journal) -> None:
    """A package is about to be unloaded: those inside of it ask it for their folders each time."""
    for name in sorted(program.namespaces, reverse=True):
        if name.startswith(f"{package}."):
            forget(name, journal)
