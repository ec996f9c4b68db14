"""What a dotted name in a module stands for: which global of which project module."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeAlias

from fh_dash.engine.analysis import STAR, Analysis, Import
from fh_dash.engine.uses import CONVERTORS, IMPORTED

Node: TypeAlias = tuple[str, str]
"""(module, global name); the name `*` stands for the module as a whole."""
ENVIRONMENT: Node = ("os", "environ")
"""What modules set and read of the process environment."""
_ENVIRONMENT = frozenset({"environ", "getenv"})


class Names:
    """Resolves names against the analyses of all loaded project modules."""

    def __init__(self) -> None:
        self.analyses: dict[str, Analysis] = {}

    def exports(self, module: str, seen: frozenset[str] = frozenset()) -> set[str]:
        """What `from module import *` may bind, by the source: public names, its own star imports followed."""
        analysis = self.analyses.get(module)
        if analysis is None or module in seen:
            return set()
        names = {name for name in analysis.binds | analysis.declared if not name.startswith("_")}
        for star in analysis.stars:
            names |= self.exports(star.module, seen | {module})
        return names

    def origin(self, node: Node, value: Callable[[Node], object] | None = None) -> Node:
        """Where a name that modules hand on by import statements is made; the node itself when that is not certain.

        Of several modules that may give it, the one that has the same object, if `value` tells what they have.
        """
        seen = {node}
        while givers := self._givers(*node):
            if len(givers) > 1:
                found = [giver for giver in sorted(givers) if value and value(giver) is value(node)]
                givers = {*found[:1]}
            if givers <= seen:
                break
            node = givers.pop()
            seen.add(node)
        return node

    def _givers(self, module: str, name: str) -> set[Node]:
        analysis = self.analyses.get(module)
        if analysis is None or analysis.is_bound_again(name):
            return set()
        found = {
            (i.module, i.name) for i in analysis.imports if i.local == name and not i.deferred and i.name is not None
        }
        found |= {(star.module, name) for star in analysis.stars if name in self.exports(star.module)}
        return {node for node in found if node[0] in self.analyses}

    def resolve(self, module: str, path: tuple[str, ...]) -> Iterator[Node]:
        """The nodes that a dotted use in `module` may stand for; nothing for builtins and foreign modules."""
        if path[0] == IMPORTED:
            if path[1:] == CONVERTORS:
                yield CONVERTORS
            yield from self._member(path[1], path[2] if len(path) > 2 else STAR)
            return
        analysis = self.analyses[module]
        name = path[0]
        if name == "globals" and name not in analysis.binds:
            yield module, STAR
        if not _ENVIRONMENT.isdisjoint(path) and self._is_foreign(module, name):
            yield ENVIRONMENT
        imports = [i for i in analysis.imports if i.local == name and not i.typing_only and not i.deferred]
        for found in imports:
            yield from self._imported(found, path[1:])
        own = [unit for unit in analysis.by_name.get(name, ()) if unit.kind != "import"]
        if any(name in unit.binds or name in unit.declares for unit in own):
            yield module, name
        for star in analysis.stars:
            if name in self.exports(star.module):
                yield star.module, name

    def _is_foreign(self, module: str, name: str) -> bool:
        return any(i.local == name and i.module == "os" for i in self.analyses[module].imports)

    def _imported(self, found: Import, rest: tuple[str, ...]) -> Iterator[Node]:
        if found.name is not None:
            yield from self._member(found.module, found.name, rest)
            return
        whole = found.local != found.module.partition(".")[0] or "." not in found.module
        start = found.module if whole else found.local
        yield from self._walk(start, rest)

    def _member(self, module: str, name: str, rest: tuple[str, ...] = ()) -> Iterator[Node]:
        inner, further = self._inside(module, (name, *rest))
        if inner != module and not self._binds_itself(module, name):
            yield from self._attribute(inner, further[0] if further else STAR)
        elif module in self.analyses:
            yield from self._attribute(module, name)

    def _binds_itself(self, module: str, name: str) -> bool:
        """Whether a package gives a name another meaning than that of its submodule."""
        analysis = self.analyses.get(module)
        if analysis is None or name not in analysis.binds:
            return False
        if analysis.is_bound_again(name):
            return True
        submodule = f"{module}.{name}"
        same = [i for i in analysis.imports if i.local == name and not i.deferred]
        return not all(f"{i.module}.{i.name}" == submodule or i.module == submodule or i.name is None for i in same)

    def _walk(self, module: str, rest: tuple[str, ...]) -> Iterator[Node]:
        module, rest = self._inside(module, rest)
        if module in self.analyses:
            yield from self._attribute(module, rest[0] if rest else STAR)

    def _inside(self, module: str, rest: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
        """The module that a dotted name leads to, and what is behind that; packages without `__init__.py` are none."""
        for end in range(len(rest), 0, -1):
            if (inner := ".".join((module, *rest[:end]))) in self.analyses:
                return inner, rest[end:]
        return module, rest

    def _attribute(self, module: str, name: str) -> Iterator[Node]:
        yield module, name
        binds = self.analyses[module].binds
        if name not in binds and "__getattr__" in binds:
            yield module, "__getattr__"
