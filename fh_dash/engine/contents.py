"""What modules' runs, and their going, did to the containers of others so far in a reload, and whom that concerns."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from types import BuiltinMethodType, FunctionType, MethodType, ModuleType

from fh_dash.engine.databases import Database, names_for
from fh_dash.engine.deltas import Segment, attributes_of, nodes_of, places_of
from fh_dash.engine.graph import Graph
from fh_dash.engine.kinds import is_a
from fh_dash.engine.names import ENVIRONMENT, Node
from fh_dash.engine.program import Program
from fh_dash.engine.reached import Reached
from fh_dash.engine.record import Record, value_of
from fh_dash.engine.tables import functions_in, node_of, tables_of
from fh_dash.engine.tracked import Tracked
from fh_dash.engine.uses import CONVERTORS, LOOKING_MUTATORS, READERS
from fh_dash.engine.walk import CONTAINERS


@dataclass(slots=True)
class Change:
    """What one module's run, or its going, did."""

    since: int | None = None
    """When the first of these entries came there in the last start: who had begun and ended before cannot see them."""
    entries: set[Node] = field(default_factory=set)
    """Names of containers of which entries behave differently."""
    structure: set[Node] = field(default_factory=set)
    """Of these, the ones that hold other entries than before."""
    attributes: set[tuple[Node, str]] = field(default_factory=set)
    """Of objects, what they have on them that is another one now."""
    derived: set[Node] = field(default_factory=set)
    """Names that are made from what the containers hold."""
    using: set[Node] = field(default_factory=set)
    """The same, with the functions that look as if they only put something there."""
    subclasses: bool = False
    """It is not containers, but the subclasses of other modules' classes; `derived` are those who ask for them."""


class Contents:
    """Grows while a plan is carried out."""

    def __init__(
        self,
        graph: Graph,
        program: Program,
        behaviour: Set[Node],
        concern: Callable[[Iterable[Node]], object],
    ) -> None:
        self._graph, self._program, self._records = graph, program, program.records
        self._behaviour, self._concern = behaviour, concern  # the set itself: it grows in place
        self._changes: list[Change] = []
        self._own: dict[str, Mapping[Node, set[Node]]] = {}

    # ------------------------------------------------------------------------------------------ learning

    def note_run(self, old: Collection[Segment], new: Collection[Segment]) -> None:
        """A module ran: what it put elsewhere behaves differently, for those that come after it."""
        self._fill(found := Change(), old, new)
        self.note_holders(found.derived, found.since)

    def note_gone(self, old: Collection[Segment]) -> None:
        """A module was unloaded: what it had put elsewhere is missing, for those that came after it last time."""
        self._fill(found := Change(since=min((segment.number for segment in old), default=0)), old, ())
        self.note_holders(found.derived, found.since)

    def note_subclasses(
        self,
        name: str,
        before: Sequence[tuple[str, int]],
        after: Sequence[tuple[str, int]],
        since: int | None = None,
    ) -> None:
        """What a module derived from others' classes (`successors.derived_classes`); `since` when it was unloaded."""
        if [*before] == [*after] and not any((name, cls.partition(".")[0]) in self._behaviour for cls, _ in after):
            return
        asking = self._graph.asking_subclasses()
        self._changes.append(Change(since, subclasses=True, derived=self._graph.spread(asking)))
        self._concern(self._changes[-1].derived)

    def note_holders(self, nodes: Collection[Node], since: int | None = 0) -> None:
        """Functions that were put into containers behave differently: so does who calls what it finds there.

        `since` is that of the change which makes them do so.
        """
        found, numbers, waiting = Change(), list[int](), {*nodes}
        while places := self._places(waiting):
            holders = self._graph.aliased(container for container, _ in places) - found.entries
            found.entries |= holders
            numbers += [number for _, number in places]
            # a function that goes through one table may itself be in another one
            waiting = self._graph.spread(holders, contents=True) - found.derived - self._behaviour
            found.derived |= waiting
        if numbers:
            found.since = None if since is None else max(since, min(numbers))
            found.derived -= found.entries
            self._changes.append(found)
            self._concern(found.derived | found.entries)

    def _places(self, nodes: Collection[Node]) -> set[tuple[Node, int]]:
        """The containers that hold these functions, and when they came there in the last start."""
        places = {place for node in nodes for place in self._holders.get(node, ())}
        return places | {(table, 0) for node in nodes for table in self._tables(node)}

    @functools.cached_property
    def _holders(self) -> dict[Node, set[tuple[Node, int]]]:
        """Function or class -> the containers into which modules have put it, and when in the last start."""
        found: dict[Node, set[tuple[Node, int]]] = {}
        for record in self._program.index.acting.values():
            for segment in record.segments:
                for delta in segment.deltas:
                    for thing in (found for pair in delta.added for part in pair for found in functions_in(part)):
                        found.setdefault(node_of(thing), set()).add((delta.tracked.node, segment.number))
        return found

    def _tables(self, node: Node) -> Set[Node]:
        """The tables that hold a function or class, in its own module and in those that imported that by name."""
        users = (user for user, targets in self._graph.dynamic.items() if node[0] in targets)
        return {table for module in (node[0], *users) for table in self._tables_in(module).get(node, ())}

    def _tables_in(self, module: str) -> Mapping[Node, set[Node]]:
        if module not in self._own:
            record = self._records.get(module)
            self._own[module] = tables_of(record.module, self._records.__contains__) if record else {}
        return self._own[module]

    def _fill(self, found: Change, old: Collection[Segment], new: Collection[Segment]) -> None:
        tracked = [delta.tracked for segment in (*old, *new) for delta in segment.deltas if delta.tracked.node[0]]
        places = (node for place in tracked for node in (place.node, *_classes_around(place), *self._tables_of(place)))
        if nodes := self._graph.aliased(places):
            found.entries = nodes - {place.node for place in tracked if place.only is not None}
            found.structure = nodes if places_of(old) != places_of(new) else set()
            set_anew = attributes_of(old) ^ attributes_of(new)
            found.attributes = {(node, name) for place, name, _ in set_anew for node in self._graph.aliased([place])}
            derived = self._graph.spread(nodes, contents=True)
            derived |= self._graph.spread(found.structure, contents=True, strict=True)
            found.derived = derived - nodes - self._behaviour
            found.using = self._graph.spread(nodes) - nodes - self._behaviour
            self._changes.append(found)
            self._concern(derived | found.using)

    def _tables_of(self, place: Tracked) -> Iterator[Node]:
        """Of a database, the other names by which a module that looks into it may come to it."""
        if isinstance(place.container, Database) and (record := self._records.get(place.node[0])):
            names = names_for(place.container.connection, vars(record.module))
            yield from ((place.node[0], name) for name in names)

    @contextlib.contextmanager
    def so_far(self, old: Collection[Segment], new: Collection[Segment]) -> Iterator[None]:
        """What a running module had put elsewhere before it imports another one, last time and now, counts for that."""
        found = Change()
        self._fill(found, old, new)
        try:
            yield
        finally:
            self._changes = [other for other in self._changes if other is not found]

    # ------------------------------------------------------------------------------------------- asking

    def touched(self) -> set[Node]:
        """Names that look into the containers, and these; not cached functions of which the containers are results."""
        found = set[Node]().union(*(change.derived | change.entries for change in self._changes))
        values = [value_of(self._records, node) for change in self._changes for node in change.entries]
        cached = {id(value) for value in values if is_a(value, functools._lru_cache_wrapper)}
        return {node for node in found if id(value_of(self._records, node)) not in cached} if cached else found

    def made_from(self, containers: Collection[Node]) -> set[Node]:
        """Names whose value or behaviour is made from what these hold."""
        return self._graph.spread(containers, contents=True) if containers else set()

    def behind(self, containers: Collection[Node]) -> set[Node]:
        """What functions that these hold are made from: who goes through a table may call them."""
        held = {node for node, places in self._holders.items() if any(place in containers for place, _ in places)}
        for module in {module for module, _ in containers}:
            held |= {node for node, tables in self._tables_in(module).items() if not tables.isdisjoint(containers)}
        return self._graph.made_of(held)

    def seen_by(self, name: str, end: int, later: bool) -> Moment:
        """What concerns a module of which the last run ended then; with `later`, it was walked over before."""
        changes = [c for c in self._changes if (not later if c.since is None else end > c.since)]
        return Moment(self._graph, self._records, changes, self._wrote(name) if changes else set())

    def _wrote(self, name: str) -> set[Node]:
        """Names of others in which a module put something when it ran last."""
        record = self._records.get(name)
        return nodes_of(record.segments) if record else set()


@dataclass(frozen=True, slots=True)
class Moment:
    """Changes of containers that one module may have to follow."""

    graph: Graph
    records: Mapping[str, Record]
    changes: Sequence[Change]
    wrote: Collection[Node]
    """Names of others in which it put something itself when it ran last."""

    def concerns(self, reached: Reached) -> bool:
        return any(self._concerns(change, reached) for change in self.changes)

    def concerns_own(self, reached: Reached) -> bool:
        """The same for a name of its own, which modules have changed that it imports in a circle."""
        return any(not change.subclasses and self._looks(change, reached) for change in self.changes)

    def _concerns(self, found: Change, reached: Reached) -> bool:
        node, use = reached.node, reached.use
        if found.subclasses:
            return use.path[-1] == "__subclasses__" or (use.callee and node in found.derived)
        if node in (ENVIRONMENT, CONVERTORS):
            return node in found.structure and not reached.mutates
        if use.callee and self._only_adds(node):
            return False
        if reached.behaves and found.entries.isdisjoint(self.wrote) and self._uses(found, node):
            return True  # what it called there to no effect is no registration
        return self._looks(found, reached)

    def _looks(self, found: Change, reached: Reached) -> bool:
        node, use = reached.node, reached.use
        if node in found.derived and (reached.behaves or (is_read(self.graph, reached) and not use.handed_on)):
            return True
        if node in found.structure and use.handed_on and self._is_container(node):
            return True  # a library gets it, and may copy what is in it: `Starlette(routes=ROUTES)`
        if node in found.structure and reached.builds:
            return True
        if any((node, name) in found.attributes for name in reached.settings):
            return True
        if use.decorates and use.path[-1] in READERS and self._is_container(node):
            return node in found.entries  # `@TABLE.get("log")`
        return node in found.entries and (reached.looks_inside or self._dispatches(reached))

    def _uses(self, found: Change, node: Node) -> bool:
        if node in found.entries and node not in found.structure:
            return str(type(value_of(self.records, node)).__module__).partition(".")[0] not in _ROUTERS
        return node in found.using or node in found.entries

    def _only_adds(self, node: Node) -> bool:
        """Whether it is a method of an object under a name of its own, `rt = app.route`, that looks at nothing."""
        method = value_of(self.records, node)
        if not is_a(method, MethodType | BuiltinMethodType) or is_a(method.__self__, ModuleType):
            return False
        name = method.__name__
        if name in READERS | LOOKING_MUTATORS:
            return False
        owners = [node_of(cls) for cls in type(method.__self__).__mro__ if name in vars(cls)]
        units = [unit for owner in owners[:1] for unit in self.graph.classes(owner)]
        return not any(name in unit.readers | unit.builders | unit.tellers for unit in units)

    def _is_container(self, node: Node) -> bool:
        return is_a(value_of(self.records, node), CONTAINERS)

    def _dispatches(self, reached: Reached) -> bool:
        """A `singledispatch` function is called as itself, and looks into its own registry."""
        thing = value_of(self.records, reached.node)
        return is_a(thing, FunctionType) and hasattr(thing, "dispatch") and reached.use.path[-1] != "register"


_ROUTERS = frozenset({"fasthtml", "starlette", "fastapi"})
"""Libraries whose objects hand on the functions that they hold (`router.to_app(app)`), and call them on requests."""


def _classes_around(place: Tracked) -> Iterator[Node]:
    """Classes that a container hangs on: their own methods find it there, by whatever name a module came to it."""
    at: Tracked | None = place
    while at is not None:
        yield from (node_of(thing) for thing in (at.container, at.owner) if is_a(thing, type))
        at = at.above


def is_read(graph: Graph, reached: Reached) -> bool:
    """Whether a use that calls nothing sees more than which object it is: all of data, attributes of a class."""
    (module, name), path = graph.origin(reached.node), reached.use.path
    analysis = graph.analyses.get(module)
    kinds = {unit.kind for unit in (analysis.by_name.get(name, ()) if analysis else ())} - {"import"}
    if kinds <= {"class"}:  # nothing is known of what may come from several modules
        return len(path) > 1 and path[-1] not in (name, reached.node[1])
    return not kinds <= {"def"}
