"""A project as data: modules made of items (top-level statements), with symbolic references between them.

A reference is written into an item's text as `«module:name|usage»`. When a module is rendered, `usage` is filled in
with the expression by which the module reaches the name, and the import statements that this needs are put on top.
So an import style can be swapped, a name or module renamed, without looking at the code. Usages that begin with `!`
cannot be left out; others stand for an integer, and become `0` when the name goes.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

Ref: TypeAlias = tuple[str, str]
"""(module, global name); an empty name stands for the module itself."""
Files: TypeAlias = dict[str, str]
"""Path relative to the project's folder -> text."""

TOKEN = re.compile(r"«([\w.]+):(\w*)\|([^»]*)»")
LIBRARIES = "abc asyncio dataclasses enum functools importlib pkgutil types typing collections".split()
STYLES = ("from", "from_as", "module", "module_as", "from_package", "relative", "star")


def ref(module: str, name: str, usage: str = "{}") -> str:
    return f"«{module}:{name}|{usage}»"


@dataclass
class Item:
    """One top-level statement: decorators and header (or simple statements), and blocks of a body."""

    kind: str
    name: str
    head: list[str]
    body: list[str] = field(default_factory=list)
    comment: str = ""
    blank: int = 0
    late: bool = False
    """Its result depends on what other modules register: not to be used while a module is imported."""

    def text(self) -> str:
        lines = [""] * self.blank
        lines += [f"# {self.comment}"] if self.comment else []
        lines += self.head
        for block in self.body:
            lines += ["    " + line if line else "" for line in block.split("\n")]
        return "\n".join(lines) + "\n"

    @property
    def imports(self) -> bool:
        """It is an import statement, or has one in it."""
        return any(line.lstrip().startswith(("import ", "from ")) for line in self.head)

    def refs(self) -> Iterator[tuple[Ref, str]]:
        for found in TOKEN.finditer("\n".join([*self.head, *self.body])):
            yield (found[1], found[2]), found[3]

    def replace(self, change: Callable[[re.Match[str]], str]) -> None:
        self.head = [TOKEN.sub(change, line) for line in self.head]
        self.body = [TOKEN.sub(change, block) for block in self.body]


@dataclass
class Module:
    name: str
    package: bool = False
    items: list[Item] = field(default_factory=list)
    access: dict[Ref, str] = field(default_factory=dict)
    """How it imports what it uses of others; those that are used no more are passed over."""
    docstring: str = ""
    exports: list[str] | None = None
    """`__all__`."""
    damage: str = ""
    """A statement that breaks the module, put at `damaged_at` among the items."""
    damaged_at: int = 0
    newline: str = "\n"

    @property
    def path(self) -> str:
        return self.name.replace(".", "/") + ("/__init__.py" if self.package else ".py")

    def find(self, name: str) -> Item | None:
        return next((item for item in reversed(self.items) if item.name == name), None)


@dataclass
class World:
    modules: dict[str, Module]
    """In layers: while it is imported, a module uses only modules before it."""
    entry: str = "app"
    data: Files = field(default_factory=dict)
    """Files that are not Python."""

    def copy(self) -> World:
        return copy.deepcopy(self)

    def files(self) -> Files:
        return {m.path: self.render(m) for m in self.modules.values()} | self.data

    def symbols(self) -> Iterator[tuple[str, Item]]:
        for module in self.modules.values():
            for item in module.items:
                if item.name:
                    yield module.name, item

    # ----------------------------------------------------------------------------------------- rendering

    def render(self, module: Module) -> str:
        imports: dict[str, None] = {}
        parts = [item.text() for item in module.items]
        if module.damage:
            parts.insert(min(module.damaged_at, len(parts)), module.damage + "\n")
        text = "".join(parts)
        text = TOKEN.sub(lambda found: self._reach(module, found, imports), text)
        libraries = [f"import {name}" for name in LIBRARIES if re.search(rf"\b{name}\.", text)]
        head = [f'"""{module.docstring}"""'] if module.docstring else []
        head += [*libraries, *imports]
        if module.exports is not None:
            head.append(f"__all__ = {module.exports!r}")
        whole = "\n".join(head) + "\n" * bool(head) + text
        return whole.replace("\n", module.newline)

    def _reach(self, module: Module, found: re.Match[str], imports: dict[str, None]) -> str:
        target, name, usage = found[1], found[2], found[3].removeprefix("!")
        if usage == "@module":
            return target
        if usage == "@name":
            return name
        if target == module.name:
            return usage.replace("{}", name)
        style = module.access.get((target, name), "from")
        statement, expression = _statement(style, module, target, name)
        imports[statement] = None
        return usage.replace("{}", expression)


def _statement(style: str, module: Module, target: str, name: str) -> tuple[str, str]:
    """The import statement, and the expression that stands for the name then."""
    package, _, last = target.rpartition(".")
    own_package = module.name if module.package else module.name.rpartition(".")[0]
    if not name:
        style = style if style in ("module", "module_as", "from_package", "relative") else "module_as"
    if style == "relative" and (not own_package or package != own_package):
        style = "from"
    if style == "from_package" and not package:
        style = "module"
    alias = f"{last}_{name}" if name else f"{last}_"
    dotted = f".{name}" if name else ""
    match style:
        case "from_as":
            return f"from {target} import {name} as {alias}", alias
        case "module":
            return f"import {target}", f"{target}{dotted}"
        case "module_as":
            return f"import {target} as {last}_", f"{last}_{dotted}"
        case "from_package":
            return f"from {package} import {last}", f"{last}{dotted}"
        case "relative" if not name:
            return f"from . import {last}", last
        case "relative":
            return f"from .{last} import {name}", name
        case "star":
            return f"from {target} import *", name
    return f"from {target} import {name}", name


def changed(before: Files, after: Files) -> list[str]:
    """Paths whose text differs, with those that are gone."""
    return sorted(path for path in before.keys() | after.keys() if before.get(path) != after.get(path))
