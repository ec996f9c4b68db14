"""Give the objects of the last run the contents of this one, so that all who hold them agree.

The rules follow IPython's autoreload (`IPython.extensions.autoreload.UPDATE_RULES`: functions get the new code,
classes the new contents, properties are looked through), turned around: there the new object wins and the old one is
made to look like it, for which all instances are searched on the heap, once per class and per old generation
(measured: 50 classes and 2 million live objects took 2.6 s, then 5.3 s). Here the old object stays the one in use and
is given to the code that runs (see `sources._instrument`), before any decorator sees it. Nothing is searched, and
`is`, `isinstance`, `singledispatch`, `except` and pickling by reference go on to agree.
"""

from __future__ import annotations

import abc
import enum
import functools
import inspect
import weakref
from collections.abc import Callable, Mapping, Sequence
from types import FunctionType, MemberDescriptorType
from typing import Any

from fh_dash.engine.abcs import Registry
from fh_dash.engine.adoption import is_adoptable, meets_itself
from fh_dash.engine.analysis import Definition
from fh_dash.engine.cells import functions_in, point_cell, same_cells
from fh_dash.engine.detach import being_made, detach
from fh_dash.engine.enums import adopt_members, parts_of
from fh_dash.engine.journal import FUNCTION_PARTS, MISSING, UNSETTABLE, Journal, set_parts
from fh_dash.engine.kinds import is_a
from fh_dash.engine.mappings import plain_attribute
from fh_dash.engine.places import order_attributes
from fh_dash.engine.shadows import unshadowed
from fh_dash.engine.sources import outer_key
from fh_dash.engine.values import containers_in, keep_equal_containers, same_value, same_variable
from fh_dash.engine.walk import inside


class Keeper:
    """The keep hook for one run of one module.

    `previous` are the objects of the last run by key of the *new* definitions; `pinned` tells which must not be
    touched (those behind `no_reload`); `namespace` is the module's, with the names of the last run in it. What other
    modules put on the objects was taken back before.
    """

    def __init__(
        self,
        definitions: Sequence[Definition],
        previous: Mapping[int, Sequence[object]],
        journal: Journal,
        *,
        pinned: Callable[[object], bool],
        is_project: Callable[[str], bool],
        namespace: Mapping[str, object],
    ) -> None:
        self._definitions, self._previous, self._journal = definitions, previous, journal
        self._namespace = namespace
        self._earlier = {id(thing): thing for thing in namespace.values() if is_a(thing, type)}
        """The classes that the namespace held before the run."""
        self.by_call: list[str] = []
        """Names of classes that calls made: `Thing = type("Thing", …)`."""
        self.renewed: set[str] = set()
        """Names of classes that the same code gave other objects: what has read these has to read them again."""
        self._pinned, self._is_project = pinned, is_project
        self.made: dict[int, list[object]] = {}
        """Key -> the objects of this run, as the code got them."""
        self.shadows: dict[int, tuple[object, object]] = {}
        """id(new class) -> (new class, kept class): who registered the first should hold the second."""
        self._met: dict[int, tuple[object, object]] = {}
        """Of these, the classes that code of the module met before they were exchanged."""
        self._inner: dict[str, list[int]] = {}
        """Qualified name of a class -> the keys of what was made in its body so far."""
        self._methods: dict[str, list[FunctionType]] = {}
        self._twins: dict[int, tuple[FunctionType, FunctionType]] = {}

    def __call__(self, key: int) -> Callable[[object], object]:
        return functools.partial(self._keep, key)

    def called(self, name: str, new: object) -> object:
        """What to bind a global to that a call gave: the class of the last run, renewed, or an equal type variable."""
        old = self._namespace.get(name)
        if same_variable(old, new):
            return old
        if not is_a(new, type) or not self._is_fresh(new):
            return new
        kept = self._renew_called(old, new)
        self.made[outer_key(len(self._definitions) + len(self.by_call))] = [kept]
        self.by_call.append(name)
        return kept

    def _renew_called(self, old: object, new: type) -> object:
        if not is_a(old, type) or self._pinned(old) or any(old is cls for cls in self.classes()):
            return new
        if (old.__module__, old.__qualname__) != (new.__module__, new.__qualname__) or not self._adopts(old, new):
            return new
        self._copy_class(new.__qualname__, old, new)
        return old

    def _is_fresh(self, cls: type) -> bool:
        """Whether a call of this module made it just now."""
        own = vars(cls).get("__module__") in (self._namespace.get("__name__"), "types")  # `make_dataclass` before 3.12
        return own and id(cls) not in self._earlier and not any(cls is other for other in self.classes())

    def _keep(self, key: int, new: object) -> object:
        if key not in self.made:
            self._inner.setdefault(self._outer(key), []).append(key)
        made = self.made.setdefault(key, [])
        earlier = self._previous.get(key, ())
        old = earlier[len(made)] if len(made) < len(earlier) else None
        old = old() if is_a(old, weakref.ref) else old
        kept = self._renew_decorated(key, old, new) if key < 0 else self._renew(self._definitions[key], old, new)
        made.append(kept)
        return kept

    def _outer(self, key: int) -> str:
        """The class in whose body a definition stands; what decorators made of one stands nowhere."""
        return self._definitions[key].qualname.rpartition(".")[0] if key >= 0 else ""

    def _renew(self, definition: Definition, old: object, new: object) -> object:
        outer = definition.qualname.rpartition(".")[0]
        if is_a(new, FunctionType):
            if outer:
                self._methods.setdefault(outer, []).append(new)
            if not is_a(old, FunctionType) or self._pinned(old) or not same_cells(old, new):
                return new
            self._copy_function(old, new)
            if outer and new.__closure__:  # `super()` in it; whether the class is kept is known only when it is made
                self._twins[id(new)] = (new, old)
                return new
            return old
        if is_a(new, type) and is_a(old, type) and not self._pinned(old) and self._adopts(old, new):
            self._copy_class(definition.qualname, old, new)
            return old
        return new

    def _renew_decorated(self, key: int, old: object, new: object) -> object:
        """What the decorators of a class gave: another class, or anything."""
        inner = self.made.get(outer_key(key), [None])[-1]
        if new is inner or not is_a(new, type) or not is_a(old, type) or self._pinned(old):
            return new
        if not self._adopts(old, new):
            return new
        self._copy_class(self._definitions[outer_key(key)].qualname, old, new)
        return old

    # ------------------------------------------------------------------------------------------ functions

    def _copy_function(self, old: FunctionType, new: FunctionType) -> None:
        self._journal.save_function(old)
        set_parts(old, {name: getattr(new, name) for name in FUNCTION_PARTS})
        attributes = old.__dict__
        for name in [n for n in attributes if n not in new.__dict__]:
            del attributes[name]
        attributes.update(new.__dict__)

    # -------------------------------------------------------------------------------------------- classes

    def _adopts(self, old: type, new: type) -> bool:
        return is_adoptable(old, new, self._is_project) and self._rebase(old, new)

    def _rebase(self, old: type, new: type) -> bool:
        if old.__bases__ == new.__bases__:
            return True
        self._journal.save_class(old)
        try:
            old.__bases__ = new.__bases__
        except TypeError:
            return False
        return True

    def _copy_class(self, qualname: str, old: type, new: type) -> None:
        self._journal.save_class(old)
        contents = dict(vars(new))
        if isinstance(old, enum.EnumMeta) and isinstance(new, enum.EnumMeta):
            contents = adopt_members(old, new, contents, self._journal)
        contents.pop("_abc_impl", None)
        if isinstance(old, abc.ABCMeta):
            self._clear_registry(old)
        plain = {id(value) for value in contents.values()}
        for kept in keep_equal_containers(vars(old), contents, holders=2):  # the new class has them, too
            for container in containers_in(kept):  # the module may go on to fill them
                self._journal.save_container(container)
        if any(_is_other_data(name, vars(old).get(name, MISSING), value) for name, value in contents.items()):
            self.renewed.add(qualname.partition(".")[0])
        contents = {name: self._method(value) for name, value in contents.items()}
        if meets_itself(new):
            self._met[id(new)] = new, old
            contents = {name: unshadowed(value, self._met) for name, value in contents.items()}
        for name in [n for n in vars(old) if n not in contents and _droppable(old, n)]:
            type.__delattr__(old, name)
        for name, value in contents.items():
            if name not in UNSETTABLE and not is_a(value, MemberDescriptorType):
                type.__setattr__(old, name, value)
        order_attributes(old, list(contents))
        for function in (*self._methods.pop(qualname, []), *functions_in(contents)):
            point_cell(function, old, new)
        for key in self._inner.get(qualname, ()):
            if key >= 0:
                self.made[key] = [self._method(thing) if id(thing) in plain else thing for thing in self.made[key]]
        _tell_descriptors(contents, old, new)
        if id(new) in self._met:
            self._tell_registries(new)
        old.__name__, old.__qualname__ = new.__name__, new.__qualname__
        self.shadows[id(new)] = (new, old)
        detach(new, self._is_project)

    def _tell_registries(self, new: type) -> None:
        """Where hooks of its bases and its metaclass have put the new class, the module may look in a moment."""
        kept = {id(new): self._met[id(new)]}
        families = [cls for cls in (*new.__mro__[1:], *inspect.getmro(type(new))) if self._is_project(cls.__module__)]
        functions = [part for cls in families for value in vars(cls).values() for part in (value, *inside(value))]
        places = {id(f.__globals__): f.__globals__ for f in functions if is_a(f, FunctionType)}
        namespaces = [*(dict(vars(cls)) for cls in families), *places.values()]
        for namespace in namespaces:
            for value in list(namespace.values()):
                if is_a(value, dict | list):
                    unshadowed(value, kept)

    def _method(self, value: Any) -> Any:
        """The method of the last run, renewed, in the place of its new twin: bound ones are kept by somebody."""
        twin = self._twins.get(id(value))
        if twin is None or twin[0] is not value:
            return value
        twin[1].__dict__.update(value.__dict__)
        self.shadows[id(value)] = twin
        return twin[1]

    def _clear_registry(self, cls: abc.ABCMeta) -> None:
        registry = Registry(cls)
        self._journal.save_tracked(registry)
        registry.replace(())

    def exchange(self, namespace: dict[str, Any]) -> None:
        """After a run: what the module itself put its new classes into gets the kept ones."""
        if not self._met:
            return
        for value in list(namespace.values()):
            unshadowed(value, self._met)
        for cls in self.classes():
            for name, value in list(vars(cls).items()):
                if (kept := unshadowed(value, self._met)) is not value:
                    type.__setattr__(cls, name, kept)

    def kept(self) -> dict[int, list[object]]:
        """What was made, for the next run; of a class that its decorators exchanged for another one, no more than that.

        `@dataclass(slots=True)` makes a second class, and nobody but us may hold the first one.
        """
        kept = dict(self.made)
        for key in (key for key in self.made if key < 0 and outer_key(key) in self.made):
            pairs = zip(self.made[outer_key(key)], self.made[key], strict=False)
            other = [is_a(inner, type) and is_a(outer, type) and inner is not outer for inner, outer in pairs]
            if any(other):
                kept[outer_key(key)] = [*map(weakref.ref, self.made[outer_key(key)])]
        return kept

    def classes(self) -> list[type]:
        return [thing for things in self.made.values() for thing in things if is_a(thing, type)]

    def parts_of_classes(self) -> set[int]:
        """`id` of what a module can reach of its own classes over others, in a circle: it is made by each run anew."""
        return {
            id(part) for cls in self.classes() for part in (cls, *(parts_of(cls) if is_a(cls, enum.EnumMeta) else ()))
        }

    def forget_new_classes(self, error: BaseException) -> list[type]:
        """After a failed run: classes that were new in it must not be among the subclasses of their bases."""
        known = {id(thing) for things in self._previous.values() for thing in things} | self._earlier.keys()
        unfinished = (cls for cls in being_made(error) if cls.__module__ == self._namespace.get("__name__"))
        new = [cls for cls in (*self.classes(), *unfinished) if id(cls) not in known]
        for cls in new:
            detach(cls, self._is_project)
        # the frames of the error go on to hold this keeper
        for held in (self.made, self.shadows, self._met, self._twins):
            held.clear()
        return new


def _is_other_data(name: str, old: object, new: object) -> bool:
    """Whether an attribute of a class is another object, and one that is taken by what it is."""
    if name.startswith("__") or is_a(new, type) or hasattr(type(new), "__get__"):
        return False
    return not same_value(old, new)


def _droppable(cls: type, name: str) -> bool:
    return name not in UNSETTABLE and name != "_abc_impl" and not is_a(vars(cls)[name], MemberDescriptorType)


def _tell_descriptors(contents: Mapping[str, Any], old: type, new: type) -> None:
    """Descriptors that noted their owner when the new class was made note the kept one."""
    for value in contents.values():
        attributes = plain_attribute(value, "__dict__") if hasattr(type(value), "__set_name__") else None
        if type(attributes) is dict:
            for name in [name for name, thing in attributes.items() if thing is new]:
                attributes[name] = old
