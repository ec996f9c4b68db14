"""Which class of the last run can take the contents of its new version, and so stay the one that all hold."""

from __future__ import annotations

import abc
import enum
import inspect
import typing
from collections.abc import Callable

from fh_dash.engine.journal import MISSING, NAMES_OF_CLASSES
from fh_dash.engine.kinds import is_a

_METACLASSES: tuple[type, ...] = (
    type,
    abc.ABCMeta,
    enum.EnumMeta,
    type(typing.Protocol),
    type(typing.TypedDict("_", {})),  # type: ignore[operator]
)
"""Metaclasses that keep no reference to the classes they make, other than weak ones."""
_KNOWN_HOOKS = {"object", "Generic", "Protocol", "Enum", "Flag", "ReprEnum"}
"""Library classes whose `__init_subclass__` keeps no reference either."""


def is_adoptable(old: type, new: type, is_project: Callable[[str], bool]) -> bool:
    """Whether nothing but the contents and the bases tells them apart, and nobody keeps the new one."""
    meta = type(new)
    if type(old) is not meta or not (meta in _METACLASSES or is_project(meta.__module__)):
        return False
    if issubclass(new, type) and old.__bases__ != new.__bases__:
        return False  # its classes were made by another metaclass
    if _has_new(old) != _has_new(new):
        return False  # CPython goes on to call what is not there any more, be it that a save is taken back
    if _guarded(meta) & (vars(old).keys() | vars(new).keys()):
        return False
    if "__class__" in vars(old).keys() | vars(new).keys():
        return False  # a proxy, whose class is not to be set
    if vars(old).keys() & NAMES_OF_CLASSES != vars(new).keys() & NAMES_OF_CLASSES:
        return False
    return _layout(old) == _layout(new) and has_known_hooks(new, is_project)


def has_known_hooks(cls: type, is_project: Callable[[str], bool] = lambda module: False) -> bool:
    """Whether what runs when a class is derived from this one leaves no reference to it in a library."""
    hooks = [c for c in cls.__mro__ if "__init_subclass__" in vars(c)]
    return all(c.__name__ in _KNOWN_HOOKS or is_project(c.__module__) for c in hooks)


def _guarded(meta: type) -> set[str]:
    """Attributes of classes that their metaclass answers for, so that they cannot be set on the class."""
    own = (vars(base) for base in inspect.getmro(meta) if base not in (type, object))
    return {name for contents in own for name, value in contents.items() if hasattr(type(value), "__set__")}


def _has_new(cls: type) -> bool:
    return any(is_a(vars(base).get("__new__"), staticmethod) for base in cls.__mro__)


def _layout(cls: type) -> tuple[object, ...]:
    slots = vars(cls).get("__slots__", MISSING)
    names = () if slots is MISSING else (slots,) if isinstance(slots, str) else tuple(slots)
    return (
        slots is MISSING,
        names,
        cls.__basicsize__,
        cls.__itemsize__,
        cls.__dictoffset__,
        cls.__weakrefoffset__,
    )


def meets_itself(cls: type) -> bool:
    """Whether code that got the class when it was made may have put it into itself (`cls.registry = {"name": cls}`)."""
    return type(cls) not in _METACLASSES or any("__init_subclass__" in vars(base) for base in cls.__mro__[1:-1])
