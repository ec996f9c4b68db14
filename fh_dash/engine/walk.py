"""Find the containers that a module's import-time code can reach through the names it uses of other modules."""

from __future__ import annotations

import functools
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import Any

from fh_dash.engine.graph import Node

CONTAINERS = (dict, list, set, deque)
_ATOMS = (str, bytes, int, float, complex, bool, type(None), range, CodeType)
_OPAQUE = frozenset(
    "logging threading _thread asyncio uvloop concurrent socket ssl re typing types inspect ast sqlite3 apsw decimal "
    "datetime numpy torch pandas polars tensorflow jax transformers sentence_transformers sklearn random io "
    "_io codecs contextvars".split()
)
"""Packages whose objects hold large or shared graphs and no registrations."""
_RENEWED = frozenset({"sqlalchemy"})
"""Packages whose registries link the entries of several modules with each other (mappers, relationships)."""
_DEPTH = 8
_NODES = 3000
_SMALL = 64
"""Elements of larger containers are compared, not entered."""


@dataclass(slots=True)
class Tracked:
    """One container and where it hangs: `owner[key]` when it is an attribute or item of something that is tracked too.

    The place outlives the object: FastHTML builds a new route list for each route it adds.
    """

    node: Node
    container: Any
    owner: Any = None
    key: Any = None
    only: str | None = None
    """Of a module's namespace: the one name that counts."""
    before: Any = None
    renew: bool = False
    """It cannot be taken back entry by entry: the module that owns it has to run again."""

    def current(self) -> Any:
        if self.owner is None:
            return self.container
        found = contents(self.owner).get(self.key)
        return found if type(found) is type(self.container) else self.container


def contents(container: Any) -> Any:
    """What is compared: the items of a container, the attributes of a class."""
    return vars(container) if isinstance(container, type) else container


def changeable(mapping: dict[Any, Any]) -> bool:
    """Whether a dict can be changed at all: `immutabledict` in C and the like cannot."""
    return "immutable" not in type(mapping).__name__.lower()


def copy_of(container: Any, only: str | None = None) -> Any:
    """A shallow copy for a later comparison."""
    inside = contents(container)
    if only is not None:
        return {only: inside[only]} if only in inside else {}
    return dict(inside) if isinstance(container, dict | type) else list(inside)


class Walker:
    """A breadth-first walk over live objects, bounded in depth and number."""

    def __init__(self, modules: Callable[[str], ModuleType | None]) -> None:
        self._modules = modules
        self._seen: dict[int, object] = {}
        self._queue: deque[tuple[Node, Any, Any, Any, int, bool]] = deque()
        self._renew = False
        self.apps: list[Any] = []
        """Starlette applications that were met: they keep a middleware stack made from what is tracked."""

    def walk(self, roots: Iterable[tuple[Node, Any]]) -> Iterator[Tracked]:
        self._queue.extend((node, thing, None, None, 0, False) for node, thing in roots)
        while self._queue and len(self._seen) < _NODES:
            node, thing, owner, key, depth, self._renew = self._queue.popleft()
            if isinstance(thing, _ATOMS) or id(thing) in self._seen:
                continue
            self._seen[id(thing)] = thing
            yield from self._enter(node, thing, owner, key, depth + 1)

    def _push(self, node: Node, things: Iterable[tuple[Any, Any]], owner: Any, depth: int) -> None:
        if depth <= _DEPTH:
            self._queue.extend((node, thing, owner, key, depth, self._renew) for key, thing in things)

    def _enter(self, node: Node, thing: Any, owner: Any, key: Any, depth: int) -> Iterator[Tracked]:
        if isinstance(thing, CONTAINERS):
            if isinstance(thing, dict) and not changeable(thing):
                return
            yield Tracked(node, thing, owner, key, renew=self._renew)
            if len(thing) <= _SMALL:
                items = list(thing.items()) if isinstance(thing, dict) else [(None, t) for t in thing]
                self._push(node, items, thing if isinstance(thing, dict) else None, depth)
        elif isinstance(thing, FunctionType):
            yield from self._function(node, thing, depth)
        elif isinstance(thing, MethodType):
            self._push(node, [(None, thing.__self__), (None, thing.__func__)], None, depth)
        elif isinstance(thing, functools.partial):
            parts = [thing.func, *thing.args, *thing.keywords.values()]
            self._push(node, [(None, part) for part in parts], None, depth)
        elif isinstance(thing, type):
            yield from self._class(node, thing, depth)
        elif isinstance(thing, ModuleType):
            return
        else:
            yield from self._instance(node, thing, depth)

    def _function(self, node: Node, function: FunctionType, depth: int) -> Iterator[Tracked]:
        cells = [cell.cell_contents for cell in function.__closure__ or () if _filled(cell)]
        self._push(node, [(None, cell) for cell in cells], None, depth)
        if function.__dict__:
            yield Tracked(node, function.__dict__)
            self._push(node, list(function.__dict__.items()), function.__dict__, depth)
        module = function.__globals__.get("__name__", "")
        if self._modules(module) is not None:
            self._globals(module, function.__globals__, _names(function.__code__), depth)

    def _globals(self, module: str, namespace: dict[str, Any], names: set[str], depth: int) -> None:
        for name in names & namespace.keys():
            value = namespace[name]
            if isinstance(value, ModuleType):
                if self._modules(value.__name__) is not None and depth <= _DEPTH:
                    self._globals(value.__name__, vars(value), names, depth + 1)
            else:
                self._push(
                    (module, name),
                    [(name, value)],
                    namespace if isinstance(value, CONTAINERS) else None,
                    depth,
                )

    def _class(self, node: Node, cls: type, depth: int) -> Iterator[Tracked]:
        if self._modules(cls.__module__) is None:
            self._push(
                node, [(None, vars(cls)[name]) for name in ("metadata", "registry") if name in vars(cls)], None, depth
            )
            return
        yield Tracked(node, cls)
        self._push(node, [(k, v) for k, v in vars(cls).items() if k != "__dict__"], cls, depth)
        self._push(node, [(None, base) for base in (*cls.__mro__[1:], type(cls))], None, depth)

    def _instance(self, node: Node, thing: Any, depth: int) -> Iterator[Tracked]:
        cls = type(thing)
        if (cls.__module__ or "").partition(".")[0] in _OPAQUE:
            return
        attributes = getattr(thing, "__dict__", None)
        if type(attributes) is not dict:
            return
        self._renew = self._renew or cls.__module__.partition(".")[0] in _RENEWED
        if "middleware_stack" in attributes and hasattr(cls, "build_middleware_stack"):
            self.apps.append(thing)
        yield Tracked(node, attributes, renew=self._renew)
        self._push(node, list(attributes.items()), attributes, depth)
        if self._modules(cls.__module__) is not None:
            self._push(node, [(None, cls)], None, depth)


def _filled(cell: Any) -> bool:
    try:
        cell.cell_contents  # noqa: B018
    except ValueError:
        return False
    return True


@functools.lru_cache(maxsize=4096)
def _code_names(code: CodeType) -> frozenset[str]:
    names = set(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            names |= _code_names(constant)
    return frozenset(names)


def _names(code: CodeType) -> set[str]:
    return set(_code_names(code))
