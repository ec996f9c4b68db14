"""Why a module must run again: asked when a walk comes to it, at each of its imports, and when these are behind it."""

from __future__ import annotations

from collections.abc import Collection, Set

from fh_dash.engine.circles import Arrival
from fh_dash.engine.effects import Effects
from fh_dash.engine.facts import Facts
from fh_dash.engine.graph import Graph
from fh_dash.engine.journal import MISSING
from fh_dash.engine.program import Program
from fh_dash.engine.record import Record, value_of
from fh_dash.engine.retry import Again
from fh_dash.engine.underway import UnderWay
from fh_dash.engine.untried import is_helped
from fh_dash.engine.values import same_value


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

    @property
    def _graph(self) -> Graph:
        return self._program.graph

    def early(self, name: str) -> str:
        """As far as that is known before its imports; empty when there is none."""
        under_way = self._under_way
        early = self._facts.reason(name) or under_way.missing(name) or under_way.used_before(name)
        return early or self.failed.get(name, "")

    def check_moment(self, name: str, step: Arrival) -> None:
        """What an import statement would bind at this moment must be what it has bound."""
        more = self._facts.stars.more(name, step, self._under_way.hidden(name), self.is_there)
        if reason := more or self._of_moment(name, step.module):
            raise Again(name, reason)

    def _of_moment(self, name: str, module: str) -> str:
        """Others have set a name by then on the module that it imports, or not yet."""
        facts, own = self._facts, vars(self._program.records[name].module)
        for key, last in facts.attributes.of(module).items():
            now = value_of(self._program.records, (module, key), MISSING)
            for imported in self._graph.analyses[name].imports:
                here = (imported.module, imported.name) == (module, key) and not imported.deferred
                star = imported.module == module and facts.stars.only_giver(name, imported, key)
                held = own.get(key if star else imported.local, MISSING)
                if now is MISSING and imported.guarded and not same_value(held, last):
                    continue  # it was not there last time, either
                if (here or star) and not same_value(held, now):
                    return f"imports {key} from {module}, which others set, line {imported.line}"
        return ""

    def of_attributes(self, name: str) -> str:
        """What others set on modules came to other values, its imports being behind it.

        A module may have met them before others set them; so it is to run from the beginning.
        """
        others = self._facts.attributes.changed_before(self._facts.last.end(name))
        if not others or name not in self._graph.analyses:
            return ""
        for reached in self._facts.reached(name):
            if reached.node in others and not reached.use.stored:
                return reached.reason
        stars = {star.module for star in self._graph.analyses[name].stars}
        record = self._program.records.get(name)
        namespace = vars(record.module) if record else {}
        for (module, key), before in others.items():
            if module in stars and not key.startswith("_") and namespace.get(key, MISSING) is before:
                return f"imports * from {module}, which has another {key}"
        return ""

    def late(self, name: str) -> str:
        """What its imports gave it, once they are all there; empty when there is none."""
        early = self.of_attributes(name) or self._effects.out_of_order(name)
        if not early and self._facts.in_circle(name):
            early = self._under_way.optional(name, self._facts.values) or self._under_way.outlived(name)
        if early:
            raise Again(name, early)
        reason = self._facts.reason(name)
        if reason and (self._effects.acted_during(name) or self._graph.cyclic(name)):
            # a cold start runs its first lines before its imports: go through it once more, knowing this
            raise Again(name, reason)
        return reason

    def of_failure(self, name: str, record: Record, step: Arrival) -> str:
        """One of its imports has failed: it may handle that, or have to do something first, when it runs again."""
        analysis = record.source.analysis
        before = (unit for unit in analysis.units[: step.unit] if unit.kind == "other")
        acts = any(use.callee for unit in before for use in unit.now)
        if acts and (reason := self._facts.reason(name)):
            return reason
        return f"imports {step.module} inside try, and that fails" if analysis.may_handle(step.unit) else ""

    def to_try_again(self, name: str, step: Arrival) -> str:
        """One of its imports failed last time, and it handled that; empty when it would fail again."""
        if reason := self._facts.reason(step.module):
            return f"{step.module} failed when it was imported, and {reason}"
        if self.is_there(step.module):
            return f"{step.module} failed when it was imported, and has been imported by now"
        record, facts = self._program.records.get(step.module), self._facts
        source = self._program.failed_source(step.module) or (record.source if record else None)
        if source is None:
            return ""
        failed = source.analysis
        helped = is_helped(failed, facts.behaviour, facts.ran) or self._under_way.may_go_better(name, failed)
        return f"{step.module} can be tried again" if helped else ""

    def not_there(self, package: str) -> set[str]:
        """Names of what is in a package, and of folders without `__init__.py`, that has not been imported by then."""
        names: dict[bool, set[str]] = {True: set(), False: set()}
        for inner in (name for name in self._program.records if name.startswith(f"{package}.")):
            key = inner[len(package) + 1 :].partition(".")[0]
            if (own := f"{package}.{key}") == inner or own not in self._program.records:
                names[self.is_there(inner)].add(key)
        return names[False] - names[True]

    def is_there(self, name: str) -> bool:
        """Whether the import of a module has ended at this moment of a cold start."""
        begun = name in self._arrived or (name in self._program.records and name not in self.known)
        return begun and name not in self._under_way.walked.keys() | self._under_way.running.keys()
