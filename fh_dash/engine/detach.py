"""Classes out of use: `__subclasses__()` of the project's bases must not go on to know them."""

from __future__ import annotations

import traceback
import typing
from collections.abc import Callable, Iterator
from contextlib import suppress
from types import FrameType

from fh_dash.engine.adoption import has_known_hooks
from fh_dash.engine.bases import Gone, GoneGeneric, move, move_under_copies
from fh_dash.engine.kinds import is_a


def detach(cls: type, is_project: Callable[[str], bool]) -> None:
    """Take a class that is out of use away from the project's classes that it is derived from.

    One that has slots of its own, bases with slots, and a metaclass, is known to them until the garbage collector runs.
    """
    if not any(is_project(base.__module__) for base in cls.__bases__):
        return
    foreign = next((base for base in cls.__mro__[1:] if not is_project(base.__module__)), object)
    for bases in ((GoneGeneric,), (Gone,)) if foreign in (object, typing.Generic) else ((foreign,),):
        with suppress(TypeError):  # another layout
            move(cls, bases)
            return
    originals = list(_originals(cls, is_project))
    own_slots = type(cls) is not type and vars(cls).get("__slots__")  # CPython looks at its former `__mro__` then
    if originals and not own_slots and has_known_hooks(originals[-1].__base__ or object):
        with suppress(TypeError):
            move_under_copies(cls, originals)


def has_twin(cls: type, is_project: Callable[[str], bool]) -> bool:
    """Whether a base still knows a second class of that name, which could not be detached."""
    name = cls.__module__, cls.__qualname__
    for base in (base for base in cls.__bases__ if is_project(base.__module__)):
        known: list[type] = type.__subclasses__(base)
        if any(other is not cls and (other.__module__, other.__qualname__) == name for other in known):
            return True
    return False


def _originals(cls: type, is_project: Callable[[str], bool]) -> Iterator[type]:
    """The project's classes that the layout of a class comes from, the nearest first."""
    base = cls.__base__
    while base is not None and is_project(base.__module__):
        yield base
        base = base.__base__


_CLASS_AT = {"__init_subclass__": 0, "__init__": 0, "__set_name__": 1}
"""Functions that run while a class is made -> which of their arguments it is."""


def being_made(error: BaseException) -> Iterator[type]:
    """The classes in the making of which an error was raised: they are subclasses of their bases already."""
    chain: BaseException | None = error
    while chain is not None:
        for frame, _ in traceback.walk_tb(chain.__traceback__):
            yield from _made_by(frame)
        chain = chain.__cause__  # before Python 3.12, of an error in `__set_name__`


def _made_by(frame: FrameType) -> Iterator[type]:
    code, names = frame.f_code, frame.f_locals
    at = _CLASS_AT.get(code.co_name)
    given = [names.get(name) for name in code.co_varnames[: code.co_argcount]]
    if at is not None and at < len(given):
        yield from (found for found in given[at : at + 1] if is_a(found, type))
    elif code.co_name == "__new__" and given and is_a(given[0], type) and issubclass(given[0], type):
        yield from (found for found in names.values() if is_a(found, given[0]) and found.__name__ in given)
