"""Load the entry and all that it imports: at the start, and once more when that has failed."""

from __future__ import annotations

import importlib

from fh_dash.engine.importer import ProjectFinder
from fh_dash.engine.plan import Plan
from fh_dash.engine.program import Program
from fh_dash.engine.steps import Steps

UNUSED = "nothing imports it any more"
"""Why a module is unloaded."""


def load(program: Program, finder: ProjectFinder, plan: Plan, steps: Steps) -> None:
    """What was imported in full before it failed stays, unless it has changed since; errors pass through."""
    for name in sorted(plan.gone, reverse=True):
        steps.unload(name, "changed since it was loaded")
    importlib.invalidate_caches()
    known = set(program.records)
    finder.orphans = program.orphans()
    importlib.import_module(program.entry)
    for name in program.records:
        if name not in known:
            steps.report(name, "loaded")
    left = program.records.keys() - program.alive()
    for name in left & known:
        steps.unload(name, UNUSED)
    program.loose |= left - known  # what imported it failed: after a cold start it is there
