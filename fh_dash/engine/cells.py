"""What methods close over: the class that `super()` and `__class__` mean in them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import FunctionType
from typing import Any

from fh_dash.engine.journal import MISSING
from fh_dash.engine.kinds import is_a
from fh_dash.engine.mappings import Cells
from fh_dash.engine.walk import inside


def same_cells(old: FunctionType, new: FunctionType) -> bool:
    return old.__code__.co_freevars == new.__code__.co_freevars and old.__globals__ is new.__globals__


def point_cell(function: FunctionType, cls: type, new: type) -> None:
    cells = Cells(function)
    for name in function.__code__.co_freevars:
        value = cells.get(name, MISSING)
        if value is new or (name == "__class__" and value is MISSING):
            cells[name] = cls


def held_by(function: FunctionType) -> list[Any]:
    """What a function wraps, what it closes over, and its defaults."""
    defaults = (*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values())
    return [function.__dict__.get("__wrapped__"), *Cells(function).values(), *defaults]


def functions_in(contents: Mapping[str, Any]) -> Iterator[FunctionType]:
    """Functions of a class body that no hook has seen: lambdas, also inside of properties and wrappers."""
    for value in contents.values():
        for part in (value, *inside(value)):
            while is_a(part, FunctionType):
                yield part
                part = part.__dict__.get("__wrapped__")
