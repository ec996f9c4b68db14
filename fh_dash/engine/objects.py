"""What the sources tell of objects: which class made one, which calls only read it, which names are the same one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from fh_dash.engine.analysis import Unit
from fh_dash.engine.imports import Imports
from fh_dash.engine.names import Node
from fh_dash.engine.uses import ANSWERING, ORDERING, Use

_MAKERS_OF_CLASSES = frozenset({"__init_subclass__", "__new__", "__init__"})
"""Methods of a base, or of a metaclass, that run when a class is made."""


class Objects(Imports):
    """The objects that modules make at the top level."""

    def reads(self, module: str, use: Use) -> bool:
        """Whether it calls a method that only reads, of a project's class or of an object that the top level made."""
        classes = list(self.methods(module, use.path)) if use.callee else []
        return bool(classes) and all(use.path[-1] in unit.readers for unit in classes)

    def only_reads(self, cls: type, method: str) -> bool:
        """Whether a method of a class, be it of a library, changes none of its objects, as far as that is known."""
        owner = next((base for base in cls.__mro__ if method in vars(base)), object)
        if owner.__module__ not in self.analyses:
            return method in ANSWERING
        return any(method in unit.readers for unit in self.classes((owner.__module__, owner.__qualname__)))

    def builds(self, module: str, use: Use) -> bool:
        """Whether what it adds depends on what is there already: a method that numbers or sorts."""
        if use.called and not use.callee:
            return any(map(self._builds_on_subclasses, self.resolve(module, use.path)))
        if not use.callee or len(use.path) < 2:
            return False
        return use.path[-1] in ORDERING or any(use.path[-1] in cls.builders for cls in self.methods(module, use.path))

    def settings(self, module: str, use: Use) -> frozenset[str]:
        """Attributes on which depends what it adds: a method that reads them, and changes others."""
        classes = self.methods(module, use.path) if use.callee else ()
        return frozenset(name for cls in classes for method, name in cls.settings if method == use.path[-1])

    def _builds_on_subclasses(self, node: Node) -> bool:
        """Whether a class, or one that it is derived from or made by, numbers or sorts its subclasses."""
        waiting, seen = [node], set[Node]()
        while waiting:
            origin = self.origin(waiting.pop())
            for unit in () if origin in seen else self.classes(origin):
                if not unit.builders.isdisjoint(_MAKERS_OF_CLASSES):
                    return True
                for use in (use for use in unit.now if use.called and not use.callee):
                    waiting += self.resolve(origin[0], use.path)
            seen.add(origin)
        return False

    def methods(self, module: str, path: tuple[str, ...]) -> Iterator[Unit]:
        """The project's classes that a dotted name may stand for a method of, be it by way of an object."""
        if len(path) < 2:
            return
        for node in self.resolve(module, path[:-1]):
            origin = self.origin(node)
            for cls in (origin, *map(self.origin, self._makers(origin))):
                for unit in self.classes(cls):
                    if path[-1] in unit.readers | unit.writers:
                        yield unit

    def _makers(self, node: Node) -> Iterator[Node]:
        """What was called where a name of data got its value."""
        analysis = self.analyses.get(node[0])
        for unit in analysis.by_name.get(node[1], ()) if analysis else ():
            if unit.kind == "other" and node[1] in unit.binds:
                for use in unit.now:
                    if use.callee:
                        yield from self.resolve(node[0], use.path)

    def classes(self, node: Node) -> Iterator[Unit]:
        analysis = self.analyses.get(node[0])
        for unit in analysis.by_name.get(node[1], ()) if analysis else ():
            if unit.kind == "class" and node[1] in unit.binds:
                yield unit

    def asking_subclasses(self) -> set[Node]:
        """Names of which the definition mentions `__subclasses__`."""
        units = ((module, unit) for module, analysis in self.analyses.items() for unit in analysis.units)
        return {(module, name) for module, unit in units if unit.asks_subclasses for name in unit.binds}

    def asks_subclasses(self, module: str, used: Iterable[Node]) -> bool:
        """Whether a module mentions `__subclasses__`, or what it uses does."""
        analyses = (self.analyses.get(name) for name in {module, *(name for name, _ in used)})
        return any(unit.asks_subclasses for analysis in analyses if analysis for unit in analysis.units)

    def aliased(self, nodes: Iterable[Node]) -> set[Node]:
        """The nodes, and the names of the objects that they are parts of: `site` for `section = site.section`.

        Of names that one statement binds together (`app, rt = fast_app()`), each.
        """
        found: set[Node] = set()
        waiting = list(nodes)
        while waiting:
            node = waiting.pop()
            if node not in found:
                found.add(node)
                waiting += self._same_object(node)
        return found

    def _same_object(self, node: Node) -> Iterator[Node]:
        module, name = node
        analysis = self.analyses.get(module)
        for unit in analysis.by_name.get(name, ()) if analysis else ():
            if unit.kind == "other" and name in unit.binds:
                yield from ((module, other) for other in unit.binds)
                if len(unit.now) == 1 and not unit.now[0].called:
                    yield from self.resolve(module, unit.now[0].path)
