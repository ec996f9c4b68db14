"""Which module uses which names of which other, at import time and later. Pure: analyses in, facts out."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from fh_dash.engine.analysis import STAR, Analysis
from fh_dash.engine.names import Node
from fh_dash.engine.objects import Objects
from fh_dash.engine.reached import Reached
from fh_dash.engine.uses import ANNOTATED, KEEPERS_OF_BEHAVIOUR, MAKERS_ON_DEMAND, Use


class Graph(Objects):
    """The analyses of all loaded project modules, with their names resolved against each other.

    Resolution is cached per module and dropped when that module gets another analysis, or when one that it imports
    binds other names; when modules come or go, all of it is.
    """

    def __init__(self) -> None:
        super().__init__()
        self._deps: dict[str, dict[str, frozenset[Node]]] = {}
        self._users: dict[Node, frozenset[Node]] = {}
        """The other way round: node -> the names that are made from it, of modules whose dependencies are known."""
        self._mutators: dict[str, dict[str, dict[Node, bool]]] = {}
        self._reached: dict[str, tuple[Reached, ...]] = {}
        self._own: dict[str, tuple[Reached, ...]] = {}
        self._looked: dict[str, frozenset[Node]] = {}

    # ----------------------------------------------------------------------------------------- contents

    def update(self, changes: Mapping[str, Analysis | None]) -> None:
        """Take in new analyses; None takes a module out."""
        stale = set(changes)
        for module, analysis in changes.items():
            old = self.analyses.get(module)
            if old is None or analysis is None or _shape(old) != _shape(analysis):
                stale |= self._mentions.get(module, frozenset())
            self._take_edges(module, old, analysis)
            if analysis is None:
                self.analyses.pop(module, None)
                self.dynamic.pop(module, None)
            else:
                self.analyses[module] = analysis
        self._looked.clear()
        for module in stale:
            self._mutators.pop(module, None)
            self._reached.pop(module, None)
            self._own.pop(module, None)
            for name, nodes in self._deps.pop(module, {}).items():
                for node in nodes:
                    self._users[node] -= {(module, name)}

    def with_changes(self, changes: Mapping[str, Analysis | None]) -> Graph:
        """A copy with `changes` taken in; this one stays as it is."""
        copy = Graph()
        copy.analyses = dict(self.analyses)
        copy.dynamic, copy.threading = dict(self.dynamic), self.threading
        copy._deps, copy._mutators = dict(self._deps), dict(self._mutators)
        copy._reached, copy._own, copy._users = dict(self._reached), dict(self._own), dict(self._users)
        copy._mentions = dict(self._mentions)
        copy._alive, copy._cyclic = self._alive, self._cyclic
        copy.update(changes)
        return copy

    def dependencies(self, module: str) -> Mapping[str, frozenset[Node]]:
        """Global name -> the nodes that its value or behaviour is made from."""
        if module not in self._deps:
            analysis = self.analyses[module]
            deps: dict[str, set[Node]] = {}
            for name, units in analysis.by_name.items():
                found = deps.setdefault(name, set())
                for unit in units:
                    # a handler registered by `@ar.get(…)` changes `ar`, but not with each change in its body
                    uses = (*unit.now, *unit.later) if name in unit.binds | unit.declares else unit.now
                    for use in uses:
                        found.update(self._made_from(module, name, use))
            for imported in analysis.imports:
                if imported.local not in (STAR, "") and not imported.deferred and not imported.typing_only:
                    deps.setdefault(imported.local, set()).update(self._imported(imported, ()))
            for star in analysis.stars:
                for name in self.exports(star.module):
                    deps.setdefault(name, set()).add((star.module, name))
            self._deps[module] = {name: frozenset(found) for name, found in deps.items()}
            for name, nodes in self._deps[module].items():
                for node in nodes:
                    self._users[node] = self._users.get(node, frozenset()) | {(module, name)}
        return self._deps[module]

    def _made_from(self, module: str, name: str, use: Use) -> Iterator[Node]:
        if use.via == ANNOTATED:
            return
        kept = use.handed_on and use.via[-1] not in KEEPERS_OF_BEHAVIOUR and not self.behaves(module, use)
        nodes = list(self.resolve(module, use.path))
        if len(nodes) > 1 and use.path[0] != name:
            nodes.append((module, use.path[0]))  # which of them it stands for is known when the module has run
        for node in nodes:
            # a route is not another one because the body of its handler is
            if node != (module, name) and not (kept and self._is_function(node)):
                yield node

    def _is_function(self, node: Node) -> bool:
        analysis = self.analyses.get(node[0])
        units = analysis.by_name.get(node[1], ()) if analysis else ()
        return bool(units) and all(unit.kind == "def" for unit in units if node[1] in unit.binds)

    def reached(self, module: str) -> tuple[Reached, ...]:
        """Every use that the import of `module` makes of a project name, its own functions that it calls followed."""
        if module not in self._reached:
            self._reached[module] = tuple(self._reach(module))
        return self._reached[module]

    def _reach(self, module: str) -> Iterator[Reached]:
        analysis = self.analyses[module]
        waiting = [(use, False) for unit in reversed(analysis.units) for use in reversed(unit.now)]
        entered: set[tuple[int, bool]] = set()
        seen: set[tuple[Node, bool, bool, bool, bool]] = set()
        while waiting:
            use, runs = waiting.pop()
            behaves = runs or self.behaves(module, use)
            for node in self.resolve(module, use.path):
                if node[0] == module:
                    if behaves or not use.handed_on:
                        waiting += self._enter(analysis, node[1], behaves, entered)
                    continue
                found = self._found(module, node, use, behaves)
                if (kind := (node, behaves, use.handed_on, found.mutates, found.builds)) not in seen:
                    seen.add(kind)
                    yield found

    def _found(self, module: str, node: Node, use: Use, behaves: bool) -> Reached:
        shown = any(self.methods(module, use.via))
        reads, builds, settings = self.reads(module, use), self.builds(module, use), self.settings(module, use)
        return Reached(node, use, behaves, reads, builds, shown, settings)

    def reached_own(self, module: str) -> tuple[Reached, ...]:
        """Every use that a module makes at the top level of a name of its own, once it has imported another one.

        What the name stands for may have been changed by that: `ROUTES = []`, `import views`, `App(routes=ROUTES)`.
        """
        if module not in self._own:
            analysis = self.analyses[module]
            imports = [i.line for i in analysis.imports if not i.deferred and self.targets(i)]
            units = [unit for unit in analysis.units if imports and unit.line > min(imports)]
            uses = [(use, node) for unit in units for use in unit.now for node in self.resolve(module, use.path)]
            own = ((use, node) for use, node in uses if node[0] == module)
            found = (self._found(module, node, use, self.behaves(module, use)) for use, node in own)
            self._own[module] = tuple(found)
        return self._own[module]

    def _enter(
        self, analysis: Analysis, name: str, behaves: bool, entered: set[tuple[int, bool]]
    ) -> Iterator[tuple[Use, bool]]:
        """What the use of an own name leads to: the body of a function that is called, what a table is made from."""
        for unit in analysis.by_name.get(name, ()):
            binds = name in unit.binds
            if unit.kind == "import" or (unit.kind in ("def", "class") and binds and not behaves):
                continue
            if (id(unit), binds) in entered:
                continue
            entered.add((id(unit), binds))
            for use in unit.now:
                # what was given to a library stays only given, except by a class that is instantiated
                keeper = use.via[-1] if use.handed_on and binds else ""
                runs = keeper in KEEPERS_OF_BEHAVIOUR and (behaves or keeper in MAKERS_ON_DEMAND)
                yield use, unit.kind == "class" or not use.handed_on or runs
            if binds:
                for use in unit.later:
                    yield use, not use.handed_on

    def used_by(self, name: str) -> set[Node]:
        """What the import of a module uses of the project, what the functions that it calls are made from with it."""
        seen = {reached.node for reached in self.reached(name)}
        return seen | self.made_of([reached.node for reached in self.reached(name) if reached.behaves])

    def made_of(self, nodes: Collection[Node]) -> set[Node]:
        """These, and all that their values or behaviour are made from."""
        seen, waiting = {*nodes}, [*nodes]
        while waiting:
            module, key = waiting.pop()
            if module in self.analyses:
                new = self.dependencies(module).get(key, frozenset()) - seen
                seen |= new
                waiting += new
        return seen

    def looked_into(self, module: str) -> frozenset[Node]:
        """Names whose contents the import of a module may look at, be it in functions that it calls."""
        if module not in self._looked:
            found = {reached.node for reached in self.reached(module) if reached.looks_inside or reached.builds}
            waiting = [reached.node for reached in self.reached(module) if reached.behaves]
            seen: set[Node] = set()
            while waiting:
                node = waiting.pop()
                if node in seen or node[0] not in self.analyses:
                    continue
                seen.add(node)
                only_added = self.mutators(node[0]).get(node[1], {})
                inner = {n for n in self.dependencies(node[0]).get(node[1], ()) if not only_added.get(n)}
                found |= inner
                waiting += inner
            self._looked[module] = frozenset(found)
        return self._looked[module]

    def fills(self, module: str) -> set[Node]:
        """Names in whose contents the import of a module may put something, be it by functions that it calls."""
        uses = ((reached.node, reached.use) for reached in self.reached(module) if reached.mutates)
        found = {node for node, use in uses if not (use.callee and node[1] == use.path[-1])}  # `module.function()`
        for where, name in (reached.node for reached in self.reached(module) if reached.behaves):
            found |= self.mutators(where).get(name, {}).keys() if where in self.analyses else set()
        return found

    def behaves(self, module: str, use: Use) -> bool:
        """Whether what the used object *does* counts at import time, not only which object it is.

        It does when it is called there, or given to a function of the project, which may call it.
        """
        return use.called or (bool(use.via) and any(True for _ in self._functions(module, use.via)))

    def _functions(self, module: str, path: tuple[str, ...]) -> Iterator[Node]:
        for node in self.resolve(module, path):
            analysis = self.analyses.get(node[0])  # none of the process environment
            units = analysis.by_name.get(node[1], ()) if analysis else ()
            if any(unit.kind in ("def", "class") for unit in units):
                yield node

    # ----------------------------------------------------------------------------------------- changes

    def mutators(self, module: str) -> Mapping[str, Mapping[Node, bool]]:
        """Function name -> nodes whose contents its body may change -> whether that is all it does with them.

        Such a function registers; what it registers is not made from what is there already.
        """
        if module not in self._mutators:
            analysis = self.analyses[module]
            found: dict[str, dict[Node, bool]] = {}
            for name, units in analysis.by_name.items():
                changes, reads = set[Node](), set[Node]()
                for use in (use for unit in units if name in unit.binds for use in unit.later):
                    nodes, mutates = set(self.resolve(module, use.path)), use.mutates and not self.reads(module, use)
                    if use.callee and all(node[1] == use.path[-1] for node in nodes):
                        mutates = False  # `module.function()`
                    changes |= nodes if mutates else set()
                    reads |= nodes if not mutates or self.builds(module, use) else set()
                if changes:
                    found[name] = {node: node not in reads for node in changes}
            self._mutators[module] = found
        return self._mutators[module]

    def spread(self, changed: Collection[Node], *, contents: bool = False, strict: bool = False) -> set[Node]:
        """`changed` and every name whose value or behaviour is made from one of them, over all modules.

        With `contents`, what changed is only what the named containers hold: functions that themselves put things
        into such a container do not count as changed; with `strict`, only those that do nothing else with it.
        """
        found, waiting = set(changed), list(changed)
        indexed: set[str] = set()
        while waiting:
            node = waiting.pop()
            module = node[0]
            if module not in self.analyses:
                continue
            if module not in indexed:
                indexed.add(module)
                for user in (module, *self.importers(module)):
                    self.dependencies(user)
            for made_from in (node, (module, STAR)):
                for user_node in self._users.get(made_from, ()):
                    if user_node not in found and not (contents and self._only_adds(user_node, made_from, strict)):
                        found.add(user_node)
                        waiting.append(user_node)
        return found

    def _only_adds(self, user: Node, node: Node, strict: bool) -> bool:
        only = self.mutators(user[0]).get(user[1], {}).get(node)
        return only is not None and (only or not strict)


def _shape(analysis: Analysis) -> tuple[frozenset[str], frozenset[tuple[str, frozenset[str]]]]:
    """What other modules' resolution depends on: the names that are bound, and which of them are definitions."""
    defined = {(name, unit.readers) for unit in analysis.units if unit.kind in ("def", "class") for name in unit.binds}
    return analysis.binds | analysis.declared, frozenset(defined)
