"""Star imports, in the course of a reload: what they give now, and give no more."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from typing import Any

from fh_dash.engine.analysis import STAR, Import
from fh_dash.engine.circles import Arrival
from fh_dash.engine.graph import Graph
from fh_dash.engine.journal import MISSING
from fh_dash.engine.names import Node
from fh_dash.engine.namespaces import Hidden, given_by_star
from fh_dash.engine.record import Record


class Stars:
    """Asked about one module at a time, by what is known to have changed so far: see `Facts` for the collections."""

    def __init__(
        self,
        graph: Graph,
        former: Graph,
        records: Mapping[str, Record],
        values: Mapping[Node, tuple[Any, Any]],
        existence: AbstractSet[Node],
        ran: AbstractSet[str],
    ) -> None:
        self._graph, self._former, self._records = graph, former, records
        self._values, self._existence, self._ran = values, existence, ran

    def reason(self, name: str, imported: Import) -> str:
        """A name that came to, or went from, what a star import gives, while something else binds it as well."""
        if imported.local != STAR or imported.deferred or name not in self._records:
            return ""
        given = self._records.get(imported.module)
        _, offered = self._values.get((imported.module, "__all__"), (None, MISSING))
        if offered is MISSING and given and imported.module in self._ran:
            offered = vars(given.module).get("__all__", MISSING)
        wrong = not isinstance(offered, list | tuple) or not (given and set(offered) <= vars(given.module).keys())
        if offered is not MISSING and wrong:
            return f"imports * from {imported.module}, line {imported.line}"
        if offered is not MISSING and (gone := self._no_more_offered(name, imported.module, set(offered))):
            return f"uses {gone} of {imported.module}, which `__all__` does not name, line {imported.line}"
        namespace, binds = vars(self._records[name].module), self._graph.analyses[name].binds
        for module, key in self._existence:
            if module != imported.module or key.startswith("_") or (module, key) not in self._values:
                continue  # the last: it has the value again that it had
            old, new = self._values[module, key]
            others = any(key in self._graph.exports(star.module) for star in self._others(name, module))
            came = old is MISSING and key in namespace and namespace[key] is not new
            went = new is MISSING and namespace.get(key) is old and (key in binds or others)
            if came or went:
                return f"imports * from {module}, which has another {key}, line {imported.line}"
        return ""

    def _no_more_offered(self, name: str, module: str, offered: set[str]) -> str:
        """A name that the import of a module uses and got by a star import, but gets no more."""
        for reached in self._graph.reached(name):
            node, use = reached.node, reached.use
            if node[0] == module and node[1] == use.path[0] and node[1] not in offered:
                return node[1]
        return ""

    def only_giver(self, name: str, imported: Import, key: str) -> bool:
        """Whether it is a star import, and a name comes from nowhere else."""
        if imported.local != STAR or imported.deferred or key.startswith("_"):
            return False
        others = self._others(name, imported.module)
        return key not in self._graph.analyses[name].binds and not any(
            key in self._graph.exports(star.module) for star in others
        )

    def holder(self, submodule: str) -> str:
        """A module that has a submodule from a star import of its package; empty when there is none."""
        package, _, key = submodule.rpartition(".")
        module = self._records[submodule].module
        for name in self._graph.importers(package) if package else ():
            stars = (star.module for star in self._graph.analyses[name].stars)
            if package in stars and name in self._records and vars(self._records[name].module).get(key) is module:
                return name
        return ""

    def _others(self, name: str, module: str) -> list[Import]:
        return [star for star in self._graph.analyses[name].stars if star.module != module]

    def more(self, name: str, step: Arrival, hidden: Hidden, is_there: Callable[[str], bool]) -> str:
        """A star import of a module may give more now: submodules and, if it was in an import circle last time, more.

        A submodule is a name of its package from the moment when its own import has ended (`is_there`).
        """
        analysis = self._graph.analyses.get(name)
        if analysis is None or not analysis.stars or name not in self._former.analyses:
            return ""
        namespace = vars(self._records[name].module)
        for star in analysis.stars:
            here = analysis.units[step.unit].line if step.unit < len(analysis.units) else 0
            if (star.module, star.line) != (step.module, here):
                continue
            given = self._records.get(star.module)
            own = self._graph.exports(star.module)
            offered = given_by_star(vars(given.module), hidden.get(star.module, ())) if given else []
            for key in offered:
                submodule = f"{star.module}.{key}"
                inside = submodule in self._records
                if (submodule == name or not is_there(submodule)) if inside else not self._former.cyclic(name):
                    continue
                if not inside and key not in own:
                    continue  # somebody has set it there, and that may have been later
                if key not in namespace and key not in analysis.binds:
                    return f"imports * from {star.module}, which has {key} by then"
        return ""
