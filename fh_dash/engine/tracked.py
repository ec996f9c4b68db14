"""One container that modules may change, where it hangs, and what of it is compared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fh_dash.engine.abcs import Registry
from fh_dash.engine.irreversible import Irreversible
from fh_dash.engine.mappings import Cells, Slots, plain_attribute
from fh_dash.engine.names import Node
from fh_dash.engine.streams import Stream


@dataclass(slots=True)
class Tracked:
    """One container and where it hangs: `owner[key]` when it is an attribute or item of something that is tracked too.

    The place outlives the object: FastHTML builds a new route list for each route it adds, and who comes first makes
    the list that others find in a table.
    """

    node: Node
    container: Any
    owner: Any = None
    key: Any = None
    above: Tracked | None = None
    """The owner as it is tracked, which may hang somewhere itself."""
    only: frozenset[str] | None = None
    """Of a namespace: the names that count."""
    before: Any = None
    mark: tuple[int, ...] | None = None
    """What is in it, by `id`: equal means unchanged. None when that does not tell."""
    fresh: Any = None
    """What is in it when it is made, for containers that appear while a module runs."""
    renew: bool = False
    """It cannot be taken back entry by entry: the module that owns it has to run again."""
    attributes: bool = False
    """It is the `__dict__` of the object that hangs there."""

    element: Any = None
    """What it is, or belongs to, where `above` is a list or a set, or the object has slots: such have no place."""

    def current(self) -> Any:
        found = self._found()
        return found if type(found) is type(self.container) else self.container

    def is_there(self) -> bool:
        """Whether something like it hangs where it was found, as far as that can be told."""
        if self.above is not None and not self.above.is_there():
            return False
        if self.element is not None and self.above is not None:
            inside = contents(self.above.current())
            return any(thing is self.element for thing in (inside.values() if isinstance(inside, Mapping) else inside))
        return self.owner is None or type(self._found()) is type(self.container)

    def _found(self) -> Any:
        if self.owner is None:
            return self.container
        owner = self.above.current() if self.above is not None else self.owner
        found = contents(owner).get(self.key)
        return plain_attribute(found, "__dict__") if self.attributes else found


def contents(container: Any) -> Any:
    """What is compared: the items of a container, the attributes of a class."""
    return vars(container) if isinstance(container, type) else container


def changeable(mapping: dict[Any, Any]) -> bool:
    """Whether a dict can be changed at all: `immutabledict` in C and the like cannot."""
    return "immutable" not in type(mapping).__name__.lower()


def copy_of(container: Any, only: frozenset[str] | None = None) -> Any:
    """A shallow copy for a later comparison."""
    if isinstance(container, Registry):
        return container.classes()
    if isinstance(container, Stream):
        return container.state()
    inside = contents(container)
    if only is not None:
        return {name: inside[name] for name in only if name in inside}
    return dict(inside) if isinstance(container, dict | type | Slots | Cells | Irreversible) else list(inside)


def mark_of(tracked: Tracked) -> tuple[int, ...] | None:
    """See `Tracked.mark`; `before` keeps alive what it was taken of."""
    container = tracked.container
    if tracked.only is not None or isinstance(container, Registry | Slots | Cells | Irreversible | Stream):
        return None
    inside = contents(container)
    if isinstance(container, dict | type):
        return (*map(id, inside), *map(id, inside.values()))
    return tuple(map(id, inside))
