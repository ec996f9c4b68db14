"""Why a plan has to be carried out from the beginning once more, and how it is amended for that."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from fh_dash.engine.plan import Plan


class Broken(BaseException):
    """A module fails that is imported inside `try` only: it counts as not loaded, and its importers run again."""

    def __init__(self, module: str) -> None:
        super().__init__(module)
        self.module = module

    def is_new(self, plan: Plan) -> bool:
        """Whether the plan does not say so already."""
        return self.module not in plan.gone

    def amend(self, plan: Plan) -> Plan:
        assert plan.graph is not None
        sources = {name: source for name, source in plan.sources.items() if name != self.module}
        return replace(
            plan,
            gone=plan.gone | {self.module},
            sources=sources,
            graph=plan.graph.with_changes({self.module: None}),
        )


class Again(Exception):
    """The plan must be carried out from the beginning, with one more module to run, and without those out of use."""

    def __init__(self, module: str, reason: str, unused: Iterable[str] = ()) -> None:
        super().__init__(module)
        self.module, self.reason, self._unused = module, reason, frozenset(unused)

    def is_new(self, plan: Plan) -> bool:
        """Whether the plan does not say so already."""
        return self.module not in plan.reruns or not self._unused <= plan.unused

    def amend(self, plan: Plan) -> Plan:
        return replace(plan, reruns={self.module: self.reason, **plan.reruns}, unused=plan.unused | self._unused)
