"""Which project module imports which, by the statements as they stand, and by name while they run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from fh_dash.engine.analysis import STAR, Analysis, Import
from fh_dash.engine.names import Names, Node


class Imports(Names):
    """The import graph of all loaded project modules."""

    def __init__(self) -> None:
        super().__init__()
        self.dynamic: dict[str, tuple[str, ...]] = {}
        """Module -> modules that it imported by `importlib.import_module` while it ran."""
        self.threading: frozenset[str] = frozenset()
        """Modules of which threads that they started imported others while they ran."""
        self._mentions: dict[str, frozenset[str]] = {}
        """Dotted name -> modules with an import statement in which it may be a module. No set is changed in place."""
        self._alive: frozenset[str] | None = None
        self._cyclic: frozenset[str] | None = None

    def _take_edges(self, module: str, old: Analysis | None, new: Analysis | None) -> None:
        if old is not None and new is not None and old.named == new.named and set(edges(old)) == set(edges(new)):
            return
        self._alive = self._cyclic = None
        for name in _mentioned(old):
            self._mentions[name] -= {module}
        for name in _mentioned(new):
            self._mentions[name] = self._mentions.get(name, frozenset()) | {module}

    def targets(self, found: Import) -> list[str]:
        """The project modules that one import statement loads, in the order in which they load."""
        names = [found.module] if found.name in (None, STAR) else [found.module, f"{found.module}.{found.name}"]
        parts = found.module.split(".")
        parents = [".".join(parts[:n]) for n in range(1, len(parts))]
        return [name for name in (*parents, *names) if name in self.analyses]

    def imports_of(self, module: str, *, deferred: bool = True) -> list[str]:
        """The project modules that `module` imports; with `deferred`, also inside functions."""
        found: dict[str, None] = {}
        parent = module.rpartition(".")[0]
        if parent in self.analyses:
            found[parent] = None
        for imported in self.analyses[module].imports:
            if not imported.typing_only and (deferred or not imported.deferred):
                found |= dict.fromkeys(self.targets(imported))
        found |= dict.fromkeys(name for name in self.dynamic.get(module, ()) if name in self.analyses)
        found.pop(module, None)
        return list(found)

    def add_dynamic(self, module: str, target: str, *, on_thread: bool = False) -> None:
        """A module imported another one by name, or had a thread do it that it started."""
        if on_thread:
            self.threading |= {module}
        if target in self.dynamic.get(module, ()):
            return
        self.dynamic[module] = (*self.dynamic.get(module, ()), target)
        self._mentions[target] = self._mentions.get(target, frozenset()) | {module}
        self._alive = self._cyclic = None

    def looks_for_modules(self, module: str) -> bool:
        """Whether its source mentions `sys.modules`, or its threads import: nobody sees at which statement."""
        if module in self.threading:
            return True
        analysis = self.analyses.get(module)
        units = analysis.units if analysis and {"sys", "modules"} <= analysis.parts else ()
        return any(use.path[:2] == ("sys", "modules") for unit in units for use in (*unit.now, *unit.later))

    def looks_at_users(self, used: Iterable[Node]) -> bool:
        """Whether one of these may look into the globals of the module that calls it, or of a function that it gets."""
        analyses = (self.analyses.get(module) for module in {module for module, _ in used})
        return any(analysis.looks_at_users for analysis in analyses if analysis)

    def forget_dynamic(self, module: str) -> None:
        """It runs again, and imports by name what it imports now."""
        self.threading -= {module}
        if forgotten := self.dynamic.pop(module, None):
            self._alive = self._cyclic = None
            for name in {*forgotten} - _mentioned(self.analyses.get(module)):
                self._mentions[name] -= {module}

    def importers(self, module: str) -> set[str]:
        """The modules with an import statement, anywhere in them, that loads or may load `module`."""
        return {user for user in self._mentions.get(module, ()) if user in self.analyses and user != module}

    def leads_to(self, name: str) -> bool:
        """Whether an import statement at the top level of a module names this one, or what is inside of it."""
        return any(names(self.analyses[user], name) for user in self.importers(name))

    def cyclic(self, name: str) -> bool:
        """Whether a module imports itself by way of others, at the top level."""
        if self._cyclic is None:
            self._cyclic = frozenset(self._in_circles())
        return name in self._cyclic

    def _in_circles(self) -> Iterator[str]:
        """The members of strongly connected components, by Kosaraju's algorithm."""
        edges = {name: self.imports_of(name, deferred=False) for name in self.analyses}
        back: dict[str, list[str]] = {name: [] for name in edges}
        for name, targets in edges.items():
            for target in targets:
                back[target].append(name)
        seen: set[str] = set()
        finished = [done for name in edges for done in _postorder(name, edges, seen)]
        seen.clear()
        for name in reversed(finished):
            component = list(_postorder(name, back, seen))
            if len(component) > 1:
                yield from component

    def reachable(self, roots: Iterable[str]) -> frozenset[str]:
        """The modules that `roots` (always the same ones for a graph) import, directly or not, with themselves.

        With the packages around them, be they folders without a module.
        """
        if self._alive is None:
            found: set[str] = set()
            waiting = [root for root in roots if root in self.analyses]
            while waiting:
                module = waiting.pop()
                if module not in found:
                    found.add(module)
                    waiting += self.imports_of(module)
            self._alive = frozenset(
                ".".join(name.split(".")[:n]) for name in found for n in range(1, name.count(".") + 2)
            )
        return self._alive


def names(analysis: Analysis, module: str) -> bool:
    """Whether an import statement at the top level names a module, or what is inside of it."""
    found = (f"{i.module}.{i.name}." for i in analysis.imports if not i.deferred and not i.typing_only)
    return any(dotted.startswith(f"{module}.") for dotted in found)


def _mentioned(analysis: Analysis | None) -> set[str]:
    """Every dotted name that may be a module in an import statement, parents included, or in `import_module`."""
    found = {*analysis.named} if analysis else set[str]()
    for imported in analysis.imports if analysis else ():
        names = (
            [imported.module]
            if imported.name in (None, STAR)
            else [imported.module, f"{imported.module}.{imported.name}"]
        )
        for name in names:
            parts = name.split(".")
            found |= {".".join(parts[:n]) for n in range(1, len(parts) + 1)}
    return found


def edges(analysis: Analysis) -> Iterator[Import]:
    """Its import statements, wherever they stand."""
    for found in analysis.imports:
        yield replace(found, line=0)


def _postorder(start: str, edges: Mapping[str, Iterable[str]], seen: set[str]) -> Iterator[str]:
    """What is reached from `start` and was not seen before, each after all that it leads to."""
    if start in seen:
        return
    seen.add(start)
    stack = [(start, iter(edges[start]))]
    while stack:
        _, rest = stack[-1]
        following = next((target for target in rest if target not in seen), None)
        if following is None:
            yield stack.pop()[0]
        else:
            seen.add(following)
            stack.append((following, iter(edges[following])))
