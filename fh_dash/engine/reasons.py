"""Why a module must run again: asked when a walk comes to it, at each of its imports, and when these are behind it."""

from __future__ import annotations

from collections.abc import Collection, Set

from fh_dash.engine.circles import Arrival
from fh_dash.engine.effects import Effects
from fh_dash.engine.facts import Facts
from fh_dash.engine.program import Program
from fh_dash.engine.retry import Again
from fh_dash.engine.underway import UnderWay


class Reasons:
    """Of one attempt. Raises `Again` where a module must run that the walk has gone past already."""

    def __init__(
        self, program: Program, facts: Facts, effects: Effects, under_way: UnderWay, arrived: Collection[str]
    ) -> None:
        self._program, self._facts, self._effects, self._under_way = program, facts, effects, under_way
        self._arrived = arrived
        self.known: Set[str] = frozenset()
        """The modules that were loaded when the walk began."""
        self.failed: dict[str, str] = {}
        """Modules whose re-run failed, and an importer handled that; each import of them tries it anew."""

    def early(self, name: str) -> str:
        """As far as that is known before its imports; empty when there is none."""
        under_way = self._under_way
        early = self._facts.reason(name) or under_way.missing(name) or under_way.used_before(name)
        return early or self.failed.get(name, "")

    def check_moment(self, name: str, step: Arrival) -> None:
        """What an import statement would bind at this moment must be what it has bound."""
        more = self._facts.stars.more(name, step, self._under_way.hidden(name), self.is_there)
        if reason := more or self._facts.moment_reason(name, step.module):
            raise Again(name, reason)

    def late(self, name: str) -> str:
        """What its imports gave it, once they are all there; empty when there is none."""
        early = self._facts.attribute_reason(name) or self._effects.out_of_order(name)
        if not early and self._facts.in_circle(name):
            early = self._under_way.optional(name, self._facts.values) or self._under_way.outlived(name)
        if early:
            raise Again(name, early)
        reason = self._facts.reason(name)
        if reason and (self._effects.acted_during(name) or self._program.graph.cyclic(name)):
            # a cold start runs its first lines before its imports: go through it once more, knowing this
            raise Again(name, reason)
        return reason

    def is_there(self, name: str) -> bool:
        """Whether the import of a module has ended at this moment of a cold start."""
        begun = name in self._arrived or (name in self._program.records and name not in self.known)
        return begun and name not in self._under_way.walked.keys() | self._under_way.running.keys()
