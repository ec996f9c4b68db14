"""What can be seen of a loaded project: a flat, deterministic account, equal for equal programs.

Every global of every project module is described: values by their content, functions by calling them, classes by
their contents and the methods of an instance, all objects by who else holds them. An object is described where it is
first met, and named by that place afterwards, so that `a.f is b.f` is part of the account. Probes must be pure.
"""

from __future__ import annotations

import enum
import functools
import inspect
import os
import pickle
import re
import sys
import traceback
from collections import deque
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from types import CoroutineType, FunctionType, GeneratorType, MappingProxyType, MethodType, ModuleType
from typing import Any, TypeAlias

from tests.random_reload.probes import arguments, finish, is_made, methods, own, signature, slots

Account: TypeAlias = dict[str, str]
"""Place (`shop.menu.TABLE[0]`) -> what is there."""

_ATOMS = (str, bytes, int, float, complex, bool, type(None), type(Ellipsis), range)
_SYSTEM = frozenset(
    "__builtins__ __loader__ __spec__ __cached__ __dict__ __weakref__ __abstractmethods__ _abc_impl __module__ "
    "__qualname__ __firstlineno__ __static_attributes__ __conditional_annotations__ __slotnames__ __path__ "
    "__parameters__ __orig_bases__ __warningregistry__ __file__".split()
)
_ADDRESS = re.compile(r"0x[0-9a-f]{6,}")
_DEPTH = 7
FAILED_LATE = "a function imports a module that fails"
SOURCE = " source"
"""Ends the places of source lines in tracebacks. They are read from the files, so they change with a bad save, too."""


def project_modules(root: str) -> dict[str, ModuleType]:
    """The loaded modules whose file, or for a namespace package whose folder, lies under `root`."""
    return {name: module for name, module in sorted(sys.modules.items()) if _is_under(module, root + os.sep)}


def _is_under(module: ModuleType, start: str) -> bool:
    file = getattr(module, "__file__", None)
    if file:
        return str(file).startswith(start)
    try:
        return any(str(place).startswith(start) for place in getattr(module, "__path__", None) or ())
    except KeyError:  # a namespace package in a package that is not loaded any more
        return True


def observe(root: str, names: Collection[str] | None = None) -> Account:
    """The account of all project modules (or of those with these names), taken once probes import nothing more."""
    while True:
        modules = project_modules(root)
        shown = {name: module for name, module in modules.items() if names is None or name in names}
        caches = [*_empty_caches(modules)]
        with _cached_properties_not_kept():
            account = _Observer(root, shown).account()
        if project_modules(root) == modules:
            account["more modules"] = " ".join(modules.keys() - shown.keys())
            return account
        for cache in caches:  # asked by the probes before others had been imported: that order is nobody's matter
            cache.cache_clear()


def _empty_caches(modules: Mapping[str, ModuleType]) -> Iterator[Any]:
    """The cached functions that nobody has asked yet."""
    for value in (value for module in modules.values() for value in vars(module).values()):
        if isinstance(value, functools._lru_cache_wrapper) and not value.cache_info().currsize:
            yield value


@contextmanager
def _cached_properties_not_kept() -> Iterator[None]:
    """What an instance was asked for once is its state and outlives saves: that probes ask must leave no trace."""
    cached: Any = functools.cached_property
    keeping = cached.__get__

    def computing(self: Any, thing: Any, owner: type | None = None) -> Any:
        there = vars(thing) if hasattr(thing, "__dict__") else {}
        if thing is None or self.attrname is None or self.attrname in there:
            return keeping(self, thing, owner)
        return self.func(thing)

    cached.__get__ = computing
    try:
        yield
    finally:
        cached.__get__ = keeping


class _Observer:
    def __init__(self, root: str, modules: Mapping[str, ModuleType]) -> None:
        self._root, self._modules = root, modules
        self._account: Account = {}
        self._places: dict[int, str] = {}
        self._held: list[object] = []  # so that no id is used twice

    def account(self) -> Account:
        self._account["sys.modules"] = " ".join(self._modules)
        for name, module in self._modules.items():
            self._account[f"{name}.__file__"] = self._file(getattr(module, "__file__", None) or "")
            self._account[f"{name}.__package__"] = f"{module.__package__} {bool(getattr(module, '__path__', None))}"
            for key in sorted(vars(module)):
                if key not in _SYSTEM:
                    self._value(f"{name}.{key}", vars(module)[key])
        return self._account

    def _file(self, name: str) -> str:
        return os.path.relpath(name, self._root) if name.startswith(self._root) else os.path.basename(name)

    # ------------------------------------------------------------------------------------------- values

    def _value(self, place: str, value: Any, depth: int = 0) -> None:
        if isinstance(value, _ATOMS) and not isinstance(value, enum.Enum):
            self._account[place] = _ADDRESS.sub("0x", repr(value))
            return
        if isinstance(value, ModuleType):
            if not self._is_current(value):
                self._account[place] = f"module {value.__name__} (another)"
            return
        if known := self._places.get(id(value)):
            self._account[place] = f"is {known}"
            return
        if type(value) not in (tuple, frozenset):
            self._places[id(value)] = place
        self._held.append(value)
        if depth > _DEPTH:
            self._account[place] = type(value).__name__
            return
        for kinds, describe in _DESCRIBERS:
            if isinstance(value, kinds):
                describe(self, place, value, depth + 1)
                return
        self._instance(place, value, depth + 1)

    def _is_current(self, module: ModuleType) -> bool:
        return sys.modules.get(module.__name__) is module

    def _sequence(self, place: str, value: Any, depth: int) -> None:
        self._account[place] = f"{type(value).__name__} of {len(value)}"
        for number, item in enumerate(list(value)):  # looking at one may add more
            self._value(f"{place}[{number}]", item, depth)

    def _set(self, place: str, value: Any, depth: int) -> None:
        self._account[place] = f"{type(value).__name__} of {len(value)}"
        for number, item in enumerate(sorted(value, key=lambda i: getattr(i, "__qualname__", None) or repr(i))):
            self._value(f"{place}{{{number}}}", item, depth)

    def _mapping(self, place: str, value: Any, depth: int) -> None:
        self._account[place] = f"{type(value).__name__} of {[self._label(key) for key in value]}"
        for key, item in list(value.items()):
            self._value(f"{place}[{self._label(key)}]", item, depth)

    def _label(self, thing: Any) -> str:
        """A short name for a dict's key or a class, that tells whether it is the one its module has now."""
        name = getattr(thing, "__qualname__", None)
        if name is None:
            return repr(thing) if isinstance(thing, (*_ATOMS, tuple)) else f"{self._label(type(thing))} object"
        if thing.__module__ not in self._modules:
            return f"{thing.__module__}.{name}"
        found: Any = self._modules[thing.__module__]
        for part in name.split("."):
            found = getattr(found, part, None)
        return f"{thing.__module__}.{name}{'' if found is thing else ' (another)'}"

    # ---------------------------------------------------------------------------------------- functions

    def _function(self, place: str, function: FunctionType, depth: int) -> None:
        code = function.__code__
        self._account[place] = f"function {function.__module__}.{function.__qualname__} {signature(function)}"
        self._account[f"{place} line"] = f"{self._file(code.co_filename)}:{code.co_firstlineno}"
        self._value(f"{place}.__doc__", function.__doc__, depth)
        self._value(f"{place}.__defaults__", function.__defaults__, depth)
        self._value(f"{place}.__kwdefaults__", function.__kwdefaults__, depth)
        self._members(place, vars(function), depth)
        self._account[f"{place} pickled"] = self._pickled(function)
        self._call(f"{place}()", function, depth)

    def _callable(self, place: str, thing: Any, depth: int) -> None:
        self._account[place] = f"{type(thing).__name__} {getattr(thing, '__name__', '')}"
        inner = getattr(thing, "__wrapped__", None)
        if inner is not None:
            self._value(f"{place}.__wrapped__", inner, depth)
        self._call(f"{place}()", thing, depth)

    def _method(self, place: str, method: MethodType, depth: int) -> None:
        self._account[place] = f"method {method.__func__.__qualname__}"
        self._value(f"{place}.__self__", method.__self__, depth)
        self._value(f"{place}.__func__", method.__func__, depth)

    def _partial(self, place: str, thing: Any, depth: int) -> None:
        self._account[place] = "partial"
        self._value(f"{place}.func", thing.func, depth)
        self._value(f"{place}.args", thing.args, depth)
        self._call(f"{place}()", thing, depth)

    def _call(self, place: str, function: Any, depth: int, *first: Any) -> None:
        given = arguments(function)
        if given is None:
            return
        try:
            answer = function(*first, *given)
            if isinstance(answer, GeneratorType | CoroutineType):
                answer = self._finished(answer, function(*first, *given))
        except BaseException as error:
            self._raised(place, error)
            return
        self._value(place, answer, depth)

    def _finished(self, answer: Any, again: Any) -> Any:
        """What it gives; one that a cache keeps is spent by whoever looks at it first."""
        again.close()
        if again is answer:
            return f"the same {type(answer).__name__}"
        return list(answer) if isinstance(answer, GeneratorType) else finish(answer)

    def _raised(self, place: str, error: BaseException) -> None:
        frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename.startswith(self._root)]
        if any(frame.name == "<module>" for frame in frames):
            self._account[FAILED_LATE] = "yes"
        if isinstance(error, RecursionError):  # where it comes depends on the depth of the caller
            self._account[place] = "raises RecursionError"
            return
        self._account[place] = f"raises {type(error).__name__}: {error}"
        frames = frames[-3:]
        self._account[f"{place} trace"] = ", ".join(f"{self._file(f.filename)}:{f.lineno} {f.name}" for f in frames)
        self._account[place + SOURCE] = " | ".join(f.line or "" for f in frames)

    def _pickled(self, thing: Any) -> str:
        package = str(getattr(thing, "__module__", "")).partition(".")[0]
        if package not in sys.modules:  # its import failed: pickling would try it again
            return "not tried"
        try:
            return "same" if pickle.loads(pickle.dumps(thing)) is thing else "another"
        except BaseException as error:
            return type(error).__name__

    # ------------------------------------------------------------------------------------------ classes

    def _class(self, place: str, cls: type, depth: int) -> None:
        if cls.__module__ not in self._modules:
            self._account[place] = f"class {cls.__module__}.{cls.__qualname__}"
            return
        self._account[place] = f"class {cls.__module__}.{cls.__qualname__}"
        self._account[f"{place} mro"] = " ".join(self._label(base) for base in cls.__mro__)
        self._account[f"{place} meta"] = self._label(type(cls))
        subclasses = sorted(map(self._label, type.__subclasses__(cls)))
        self._account[f"{place} subclasses"] = " ".join(subclasses)
        self._account[f"{place} pickled"] = self._pickled(cls)
        if issubclass(cls, enum.Enum):
            members = " ".join(f"{k}={m.value!r}" for k, m in cls.__members__.items())
            self._account[f"{place} members"] = _ADDRESS.sub("0x", members)
        self._members(place, own(cls), depth)
        try:
            given = None if issubclass(cls, enum.Enum) or inspect.isabstract(cls) else arguments(cls)
            thing = cls(*given) if given is not None else None
        except BaseException as error:
            self._raised(f"{place}()", error)
            return
        if thing is not None:
            self._value(f"{place}()", thing, depth)

    def _members(self, place: str, members: Mapping[str, Any], depth: int) -> None:
        for name in sorted(members):
            if name not in _SYSTEM and not (name.startswith("__") and name.endswith("__") and is_made(members[name])):
                self._value(f"{place}.{name}", members[name], depth)

    def _descriptor(self, place: str, thing: Any, depth: int) -> None:
        self._account[place] = type(thing).__name__
        for part in ("__func__", "fget", "func"):
            inner = getattr(thing, part, None)
            if inner is not None:
                self._value(f"{place}.{part}", inner, depth)

    def _member(self, place: str, member: enum.Enum, depth: int) -> None:
        value = _ADDRESS.sub("0x", repr(member._value_))
        self._account[place] = f"member {self._label(type(member))}.{member._name_} = {value}"
        current = type(member).__members__.get(member._name_ or "")
        self._account[f"{place} current"] = str(current is member)
        self._methods(place, member, depth)

    def _instance(self, place: str, thing: Any, depth: int) -> None:
        cls = type(thing)
        self._account[place] = f"instance of {self._label(cls)}"
        if cls.__module__ not in self._modules:
            return
        held = getattr(thing, "__dict__", None) or {}
        filled = [name for c in cls.__mro__ for name in slots(c) if hasattr(thing, name)]
        self._members(place, {**held, **{name: getattr(thing, name) for name in filled}}, depth)
        there = {*held}
        self._methods(place, thing, depth)
        for name in held.keys() - there:  # what a method has set would be state that outlives saves
            del held[name]

    def _methods(self, place: str, thing: Any, depth: int) -> None:
        for name in methods(type(thing)):
            if isinstance(thing, enum.Enum) and isinstance(vars(type(thing)).get(name), functools.cached_property):
                continue  # what it was asked for once is state of the member, which lives on
            try:
                found = getattr(thing, name)
            except BaseException as error:
                self._raised(f"{place}.{name}", error)
                continue
            if isinstance(found, MethodType | FunctionType):
                self._call(f"{place}.{name}()", found, depth)
            elif not callable(found):
                self._value(f"{place}.{name}", found, depth)

    def _exception(self, place: str, error: BaseException, depth: int) -> None:
        self._account[place] = _ADDRESS.sub("0x", f"exception {self._label(type(error))} {error}")


_Describer: TypeAlias = Any
_DESCRIBERS: tuple[tuple[Any, _Describer], ...] = (
    (enum.Enum, _Observer._member),
    (type, _Observer._class),
    (FunctionType, _Observer._function),
    (MethodType, _Observer._method),
    (functools.partial, _Observer._partial),
    (functools._lru_cache_wrapper, _Observer._callable),
    ((staticmethod, classmethod, property, functools.cached_property), _Observer._descriptor),
    (BaseException, _Observer._exception),
    ((tuple, list, deque), _Observer._sequence),
    ((set, frozenset), _Observer._set),
    ((dict, MappingProxyType), _Observer._mapping),
)


def differences(expected: Account, found: Account) -> list[str]:
    """One line for each place that is not the same."""
    places = dict.fromkeys([*expected, *found])
    return [
        f"{place}: {expected.get(place, 'nothing')} (cold start) / {found.get(place, 'nothing')} (reload)"
        for place in places
        if expected.get(place) != found.get(place)
    ]
