"""Random top-level statements: which kinds there are, how often, under what names."""

from __future__ import annotations

from collections.abc import Mapping

from tests.random_reload import classes, imports, registrations, values
from tests.random_reload.maker import WORDS, Make, Maker
from tests.random_reload.world import Item, Module

MAKERS: Mapping[str, Make] = {**values.MAKERS, **classes.MAKERS, **registrations.MAKERS, **imports.MAKERS}
_STEMS = {
    **dict.fromkeys("number value conditional loop comprehension unpacked by_global".split(), "N"),
    **dict.fromkeys("class dataclass named_tuple enum exception".split(), "K"),
    **dict.fromkeys("table hooks registry".split(), "T"),
    **dict.fromkeys("router instance".split(), "o"),
}
_WEIGHTS = dict.fromkeys(MAKERS, 2) | {
    "number": 8,
    "func": 10,
    "class": 6,
    "enum": 3,
    "register": 5,
    "decorated": 4,
    "reexport": 4,
    "patch_module": 0.5,
    "patch_class": 0.5,
    "set_up": 1,
    "typing_only": 1,
    "closing": 1,
}


def new_item(maker: Maker, module: Module, kind: str = "", name: str = "") -> Item | None:
    """A new item; its references are to what `module` may use at that place."""
    kind = kind or maker.rng.choices(list(_WEIGHTS), list(_WEIGHTS.values()))[0]
    maker.late = False
    item = MAKERS[kind](maker, module, name or new_name(maker, kind))
    if item is not None:
        item.late = maker.late or item.late
    if item is not None and maker.chance(0.1):
        item.comment = maker.rng.choice(WORDS)
    return item


def new_name(maker: Maker, kind: str) -> str:
    """Few names, so that they meet: shadowed, defined twice, equal in two modules."""
    number = maker.rng.randint(1, 9)
    stem = _STEMS.get(kind, "f")
    return f"{stem}{number}" if stem.islower() else f"{stem}{number}".upper() if stem.isupper() else f"{stem}{number}"
