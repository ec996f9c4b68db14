"""Find the containers that a module's import-time code can reach through the names it uses of other modules."""

from __future__ import annotations

import functools
import threading
from abc import ABCMeta
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator
from types import (
    BuiltinMethodType,
    CodeType,
    FunctionType,
    GetSetDescriptorType,
    MemberDescriptorType,
    MethodType,
    MethodWrapperType,
    ModuleType,
    SimpleNamespace,
)
from typing import Any

from fh_dash.engine.abcs import Registry
from fh_dash.engine.asked import Asked
from fh_dash.engine.databases import Database, is_in_memory
from fh_dash.engine.draws import SOURCES, Draws
from fh_dash.engine.kinds import is_a
from fh_dash.engine.mappings import Cells, Defaults, Slots, plain_attribute
from fh_dash.engine.memos import Memo, results
from fh_dash.engine.names import Node
from fh_dash.engine.streams import STREAMS, Stream
from fh_dash.engine.tracked import Tracked, changeable, contents

CONTAINERS = (dict, list, set, deque)
_BOUND = (BuiltinMethodType, MethodWrapperType)
ATOMS = (str, bytes, int, float, complex, bool, type(None), range, CodeType)
_OPAQUE = frozenset(
    "logging threading _thread asyncio uvloop concurrent socket ssl re typing types inspect ast sqlite3 apsw decimal "
    "datetime numpy torch pandas polars tensorflow jax transformers sentence_transformers sklearn random io "
    "_io codecs contextvars fh_dash".split()
)
"""Packages whose objects hold large or shared graphs and no registrations."""
_PLAIN = (threading.local, SimpleNamespace)
"""Classes of these packages whose objects hold what programs put there."""
_RENEWED = frozenset({"sqlalchemy"})
"""Packages whose registries link the entries of several modules with each other (mappers, relationships)."""
_ELEMENT = object()
"""In the place of a key, where a container has none."""
_DEPTH = 8
_NODES = 3000
_SMALL = 64
"""Elements of larger containers are compared, not entered."""


class Walker:
    """A breadth-first walk over live objects, bounded in depth and number."""

    def __init__(
        self,
        modules: Callable[[str], ModuleType | None],
        declared: Callable[[str], frozenset[str]],
        assigned: Collection[str],
    ) -> None:
        self._modules, self._declared, self._assigned = modules, declared, assigned
        self._names: set[tuple[int, str]] = set()
        self._seen: dict[int, tuple[object, int]] = {}
        """`id` -> the object, and how deep it was."""
        self._cut = False
        """There was more, but too deep."""
        self._queue: deque[tuple[Node, Any, Any, Any, int, bool]] = deque()
        self._tracked: dict[int, Tracked] = {}
        self._renew = False
        self.apps: list[Any] = []
        """Starlette applications that were met: they keep a middleware stack made from what is tracked."""
        self.asked = Asked()
        self.dispatchers: list[Any] = []
        """`singledispatch` functions that were met: they cache what they find in their registry."""

    def first(self, module: ModuleType, name: str) -> bool:
        """Whether a name of a module is met for the first time."""
        place = (id(module), name)
        seen = place in self._names
        self._names.add(place)
        return not seen

    def forget(self, module: str) -> None:
        """Its functions and classes have new contents: they are to be looked through once more."""
        renewed = [
            key
            for key, (thing, _) in self._seen.items()
            if is_a(thing, FunctionType | type) and thing.__module__ == module
        ]
        for key in renewed:
            del self._seen[key]

    def walk(self, roots: Iterable[tuple[Node, Any]]) -> Iterator[Tracked]:
        self._queue.extend((node, thing, None, None, 0, False) for node, thing in roots)
        yield from self._walk()

    def inside(self, tracked: Tracked, things: Iterable[tuple[Any, Any]]) -> Iterator[Tracked]:
        """Of what came into a container meanwhile, as items of it (None as keys where they have none)."""
        keyed = isinstance(tracked.container, dict)
        self._tracked.setdefault(id(tracked.container), tracked)
        self._queue.extend(
            (tracked.node, thing, tracked.container, key if keyed else _ELEMENT, 1, tracked.renew)
            for key, thing in things
        )
        yield from self._walk()

    def _walk(self) -> Iterator[Tracked]:
        while self._queue and len(self._seen) < _NODES:
            node, thing, owner, key, depth, self._renew = self._queue.popleft()
            if is_a(thing, ATOMS) or self._was_seen(thing, depth):
                continue
            self._seen[id(thing)] = thing, depth
            yield from self._enter(node, thing, owner, key, depth + 1)

    def _was_seen(self, thing: object, depth: int) -> bool:
        """From less deep, more of what hangs on it can be reached."""
        _, before = self._seen.get(id(thing), (None, _DEPTH + 1))
        return before <= depth or (before <= _DEPTH and not self._cut)

    def _push(self, node: Node, things: Iterable[tuple[Any, Any]], owner: Any, depth: int) -> None:
        if depth <= _DEPTH:
            self._queue.extend((node, thing, owner, key, depth, self._renew) for key, thing in things)
        elif not self._cut:
            self._cut = not all(is_a(thing, ATOMS) for _, thing in things)

    def _enter(self, node: Node, thing: Any, owner: Any, key: Any, depth: int) -> Iterator[Tracked]:
        if is_a(thing, CONTAINERS):
            if is_a(thing, dict) and not changeable(thing):
                return
            yield self._track(node, thing, thing, owner, key)
            if len(thing) <= _SMALL:
                items = list(thing.items()) if is_a(thing, dict) else [(_ELEMENT, part) for part in thing]
                self._push(node, items, thing, depth)
            if type(thing) not in CONTAINERS and self._modules(type(thing).__module__) is not None:
                yield from self._attributes(node, thing, owner, key, depth)  # of `class Registry(dict)`
        elif is_a(thing, tuple):
            self._push(node, [(None, part) for part in tuple.__iter__(thing)], None, depth)
        elif is_a(thing, FunctionType):
            yield from self._function(node, thing, owner, key, depth)
        elif is_a(thing, _BOUND):
            if is_a(thing.__self__, (*CONTAINERS, *SOURCES)):  # `register = HANDLERS.append`
                self._push(node, [(None, thing.__self__)], None, depth)
        elif type(thing) in STREAMS:
            yield self._track(node, Stream(thing), thing, owner, key)
        elif type(thing) in SOURCES:
            yield Tracked(node, Draws(thing), renew=True)
        elif is_a(thing, Memo):
            yield Tracked(node, thing, renew=True)
        elif is_a(thing, functools._lru_cache_wrapper):
            self.asked.meet(thing)
            self._push(node, [(None, result) for result in results(thing)], None, depth)
            self._push(node, [(None, thing.__wrapped__)], None, depth)
        elif is_a(thing, MethodType):
            self._push(node, [(None, thing.__self__), (None, thing.__func__)], None, depth)
        elif is_a(thing, functools.partial):
            parts = [thing.func, *thing.args, *thing.keywords.values()]
            self._push(node, [(None, part) for part in parts], None, depth)
        elif is_a(thing, type):
            yield from self._class(node, thing, depth)
        elif is_a(thing, ModuleType):
            return
        else:
            yield from self._instance(node, thing, owner, key, depth)

    def _track(self, node: Node, container: Any, thing: Any, owner: Any, key: Any) -> Tracked:
        """The container that `thing` is, or that has its attributes."""
        above = self._tracked.get(id(owner)) if owner is not None else None
        tracked = Tracked(node, container, above=above, renew=self._renew)
        if key is not _ELEMENT:
            tracked.owner, tracked.key, tracked.attributes = owner, key, container is not thing
        if above is not None and (key is _ELEMENT or isinstance(container, Slots | Stream)):
            tracked.element = thing
        self._tracked[id(container)] = tracked
        return tracked

    def _function(self, node: Node, function: FunctionType, owner: Any, key: Any, depth: int) -> Iterator[Tracked]:
        module = function.__globals__.get("__name__", "")
        if module.partition(".")[0] == "fh_dash":
            return  # what is kept by a decorator of ours, and `import_module` as long as we stand in for it
        if function.__closure__:
            cells = self._part(node, Cells(function), function, owner, key)
            if self._modules(module) is not None:
                yield cells
            self._push(node, list(cells.container.items()), cells.container, depth)
        values = (*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values())
        if not all(is_a(value, ATOMS) for value in values):
            defaults = self._part(node, Defaults(function), function, owner, key).container
            self._push(node, list(defaults.items()), defaults, depth)
        name = function.__name__
        if function.__dict__ or name in self._assigned or name in code_names(function.__code__):
            yield Tracked(node, function.__dict__)
            self._push(node, list(function.__dict__.items()), function.__dict__, depth)
        if hasattr(function, "dispatch") and hasattr(function, "_clear_cache"):
            self.dispatchers.append(function)
            cache = getattr(function._clear_cache, "__self__", None)
            self._seen[id(cache)] = cache, 0
        if (found := self._modules(module)) is not None:
            names = code_names(function.__code__)
            for name in names & self._declared(module):
                if self.first(found, name):
                    yield Tracked((module, name), function.__globals__, only=frozenset({name}))
            self._globals(module, function.__globals__, names, depth)

    def _part(self, node: Node, part: Any, function: FunctionType, owner: Any, key: Any) -> Tracked:
        """What a function has of its own is there as long as itself, or what it is wrapped in."""
        tracked = Tracked(node, part)
        if (above := self._tracked.get(id(owner))) is not None:
            tracked.above = above
            tracked.element = function if key is _ELEMENT else contents(owner).get(key, function)
        self._tracked[id(tracked.container)] = tracked
        return tracked

    def _globals(self, module: str, namespace: dict[str, Any], names: frozenset[str], depth: int) -> None:
        """What a function may mean by these names: globals of its module, and those of modules that are among them."""
        waiting, entered = deque([(module, namespace, depth)]), {id(namespace)}
        while waiting:
            module, namespace, depth = waiting.popleft()
            for name in names & namespace.keys():
                value = namespace[name]
                if not is_a(value, ModuleType):
                    owner = namespace if is_a(value, CONTAINERS) else None
                    self._push((module, name), [(name, value)], owner, depth)
                elif self._modules(value.__name__) is not None and id(vars(value)) not in entered:
                    entered.add(id(vars(value)))
                    waiting.append((value.__name__, vars(value), depth + 1))

    def _class(self, node: Node, cls: type, depth: int) -> Iterator[Tracked]:
        if self._modules(cls.__module__) is None:
            self._push(
                node, [(None, vars(cls)[name]) for name in ("metadata", "registry") if name in vars(cls)], None, depth
            )
            return
        tracked = self._tracked[id(cls)] = Tracked(node, cls)
        yield tracked
        if isinstance(cls, ABCMeta):
            yield Tracked(node, Registry(cls))
        self._push(node, [(k, v) for k, v in vars(cls).items() if k != "__dict__"], cls, depth)
        for name, part in [(name, part) for name, value in vars(cls).items() for part in inside(value)]:
            self._push(node, [(name, part)], cls if is_a(part, FunctionType) else None, depth)
        self._push(node, [(None, base) for base in (*cls.__mro__[1:], type(cls))], None, depth)

    def _instance(self, node: Node, thing: Any, owner: Any, key: Any, depth: int) -> Iterator[Tracked]:
        cls = type(thing)
        if (cls.__module__ or "").partition(".")[0] in _OPAQUE and cls not in _PLAIN:
            if is_in_memory(thing):
                yield Tracked(node, Database(thing), renew=True)
            return
        yield from self._slots(node, thing, owner, key, depth)
        yield from self._attributes(node, thing, owner, key, depth)

    def _attributes(self, node: Node, thing: Any, owner: Any, key: Any, depth: int) -> Iterator[Tracked]:
        cls = type(thing)
        attributes = plain_attribute(thing, "__dict__")
        if type(attributes) is not dict:
            return
        self._renew = self._renew or cls.__module__.partition(".")[0] in _RENEWED
        if "middleware_stack" in attributes and hasattr(cls, "build_middleware_stack"):
            self.apps.append(thing)
        yield self._track(node, attributes, thing, owner, key)
        self._push(node, list(attributes.items()), attributes, depth)
        if self._modules(cls.__module__) is not None:
            self._push(node, [(None, cls)], None, depth)

    def _slots(self, node: Node, thing: Any, owner: Any, key: Any, depth: int) -> Iterator[Tracked]:
        cls = type(thing)
        members = {n: v for c in cls.__mro__[::-1] for n, v in vars(c).items() if is_a(v, MemberDescriptorType)}
        if not members or self._modules(cls.__module__) is None:
            return
        slots = Slots(thing, members)
        yield self._track(node, slots, thing, owner, key)
        self._push(node, list(slots.items()), slots, depth)


_WRAPPERS = ("__func__", "fget", "fset", "fdel", "func", "__wrapped__", "dispatcher")
_NO_WRAPPERS = frozenset({*ATOMS, tuple, list, dict, set, frozenset, GetSetDescriptorType, MemberDescriptorType})
"""Most of what is in a class. To ask such an object for an attribute that it cannot have costs an exception each."""


def inside(value: Any) -> Iterator[Any]:
    """The functions behind `classmethod`, `property`, `cached_property`, `partialmethod` and the like."""
    if type(value) not in _NO_WRAPPERS and not is_a(value, FunctionType | type):
        for name in _WRAPPERS:
            part = plain_attribute(value, name)
            if callable(part):
                yield part


@functools.lru_cache(maxsize=4096)
def code_names(code: CodeType) -> frozenset[str]:
    """The names that code uses, that inside of it included: globals and attributes."""
    names = set(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            names |= code_names(constant)
    return frozenset(names)
