"""What items are made of: names to use, expressions for integers, bodies of functions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from random import Random
from typing import TypeAlias

from tests.random_reload.world import STYLES, Item, Module, World, ref

NUMBER_USES: Mapping[str, tuple[str, ...]] = {
    "number": ("{}",),
    "value": ("len(repr({}))",),
    "func": ("{}()",),
    "func_x": ("{}(3)", "{}(x=4)"),
    "generator": ("sum({}())",),
    "class": ("{}().val()", "{}.SIZE", "{}(5).val()"),
    "dataclass": ("{}().total()", "{}(1).total()", "{}().left"),
    "enum": ("{}.ONE.value", "len({})", "list({})[-1].value", "{}.ONE.val()"),
    "functions": ("len({})", "sum(f() for f in {})"),
    "mapping": ("len({})", "sum(f() for f in {}.values())"),
    "router": ("len({}.routes)", "{}.answer('/a')"),
    "instance": ("{}.val()",),
    "exception": ("len({}('a', 'b').args)",),
    "dispatch": ("{}(3)", "{}('a')"),
}
"""Kind of item -> expressions for an integer made of it."""
WORDS = ("alpha", "beta", "gamma", "delta", "omega")
PATHS = ("/a", "/b", "/c", "/d")

FEATURES: Mapping[str, str] = {
    "early reads": "while a module is imported it looks into containers that other modules add to",
    "late imports": "import statements stand anywhere, not only on top",
    "closing imports": "a module imports another one that uses it, between its own statements",
    "circles": "modules import each other in circles",
    "bare packages": "packages without `__init__.py`, from the start or when it is deleted",
    "failed starts": "the first save, or the first ones, do not start",
    "slots": "classes with `__slots__`",
    "exports": "modules with `__all__`",
}
"""What makes programs harder to reload; each can be left out."""


CONTAINERS = frozenset({"functions", "mapping", "router", "dispatch"})
"""Kinds that other modules put something into."""


class Maker:
    """Makes items for the modules of one world, with some of the `FEATURES`."""

    def __init__(self, rng: Random, world: World, features: frozenset[str] = frozenset()) -> None:
        self.rng, self.world, self.features = rng, world, features
        self.late = False
        """The item being made looks into such a container when it is called."""
        self.allow_late = True

    def has(self, feature: str) -> bool:
        return feature in self.features

    def insert(self, module: Module, at: int, item: Item) -> None:
        """Without late imports, those go on top, where most write them."""
        module.items.insert(0 if item.imports and not self.has("late imports") else at, item)

    def chance(self, share: float) -> bool:
        return self.rng.random() < share

    # ------------------------------------------------------------------------------------- what is there

    def layer(self, module: Module) -> int:
        return list(self.world.modules).index(module.name)

    def symbols(self, module: Module, kinds: tuple[str, ...], *, later: bool = False) -> Iterator[tuple[str, Item]]:
        """What `module` may use: of the layers below and, inside functions, of all."""
        mine = self.layer(module)
        for number, other in enumerate(self.world.modules.values()):
            if number <= mine or (later and self.rng.random() < 0.15):
                yield from (
                    (other.name, item)
                    for item in other.items
                    if item.name
                    and item.kind in kinds
                    and (not item.late or (later and self.allow_late) or self.has("early reads"))
                )

    def pick(self, module: Module, *kinds: str, later: bool = False, foreign: bool = False) -> tuple[str, Item] | None:
        if not kinds:
            early = not later or not self.allow_late
            kinds = tuple(kind for kind in NUMBER_USES if self.has("early reads") or not (early and kind in CONTAINERS))
        found = list(self.symbols(module, kinds, later=later))
        found = [(m, i) for m, i in found if not foreign or m != module.name]
        away = [(m, i) for m, i in found if m != module.name]
        if away and self.chance(0.7):
            found = away
        if not found:
            return None
        chosen = self.rng.choice(found)
        self.late = self.late or chosen[1].late or (later and chosen[1].kind in CONTAINERS)
        return chosen

    def use(self, module: Module, target: str, name: str, usage: str = "{}") -> str:
        """A reference, reached by an import style of this module."""
        if target != module.name:
            module.access.setdefault((target, name), self.style(module, target, name))
        return ref(target, name, usage)

    def style(self, module: Module, target: str, name: str) -> str:
        if self.layer(module) <= list(self.world.modules).index(target):
            return "module"  # upwards, so in a circle: only attributes can work
        if name and module.find(name):
            return self.rng.choice(("from_as", "module", "module_as"))
        return self.rng.choice(STYLES)

    # --------------------------------------------------------------------------------------- expressions

    def literal(self) -> str:
        return str(self.rng.randint(0, 99))

    def number(self, module: Module, *, later: bool = False, depth: int = 0) -> str:
        """An expression for an integer."""
        if depth > 1 or self.chance(0.25):
            return self.literal()
        if self.chance(0.25):
            left = self.number(module, later=later, depth=depth + 1)
            right = self.number(module, later=later, depth=depth + 1)
            return self.rng.choice(("({} * 7 + {}) % 997", "max({}, {})", "({} + {}) % 3")).format(left, right)
        found = self.pick(module, later=later)
        if found is None:
            return self.literal()
        target, item = found
        return self.use(module, target, item.name, self.rng.choice(NUMBER_USES[item.kind]))

    # ---------------------------------------------------------------------------------- function bodies

    def body(self, module: Module) -> list[str]:
        """Blocks of a function's body that ends with an integer."""
        number = self.number(module, later=True)
        shape = self.rng.choice(_SHAPES)
        blocks = shape(self, module, number)
        if self.chance(0.1):
            blocks.insert(0, f'"""{self.rng.choice(WORDS)}"""')
        return blocks

    def default(self, module: Module) -> str:
        return self.literal() if self.chance(0.6) else self.number(module)

    def function(self, module: Module, name: str, *decorators: str) -> Item:
        parameters = f"a={self.default(module)}" if self.chance(0.3) else "*, k=2" if self.chance(0.05) else ""
        result = " -> int" if self.chance(0.1) else ""
        return Item("func", name, [*decorators, f"def {name}({parameters}){result}:"], self.body(module))


# ---------------------------------------------------------------------------------------------- body shapes

Shape: TypeAlias = Callable[[Maker, Module, str], list[str]]


def _plain(maker: Maker, module: Module, number: str) -> list[str]:
    return [f"return {number}"]


def _local(maker: Maker, module: Module, number: str) -> list[str]:
    return [f"value = {number}", f"return value + {maker.literal()}"]


def _nested(maker: Maker, module: Module, number: str) -> list[str]:
    return [f"def inner(y):\n    return y + {number}", f"return inner({maker.literal()})"]


def _loop(maker: Maker, module: Module, number: str) -> list[str]:
    return ["total = 0", f"for i in range(3):\n    total += i * ({number})", "return total"]


def _raises(maker: Maker, module: Module, number: str) -> list[str]:
    return [
        f"if {number} % 4 == {maker.rng.randint(0, 3)}:\n    raise ValueError({maker.literal()})",
        f"return {number}",
    ]


def _catches(maker: Maker, module: Module, number: str) -> list[str]:
    found = maker.pick(module, "exception", later=True)
    if found is None:
        return _plain(maker, module, number)
    error = maker.use(module, found[0], found[1].name, "!{}")
    return [
        f"try:\n    raise {error}({maker.literal()})\nexcept {error} as error:\n    return error.args[0] + {number}"
    ]


def _lazy(maker: Maker, module: Module, number: str) -> list[str]:
    found = maker.pick(module, later=True, foreign=True)
    if found is None:
        return _plain(maker, module, number)
    target, item = found
    usage = maker.rng.choice(NUMBER_USES[item.kind]).replace("{}", "lazy")
    return [
        f"from {ref(target, item.name, '@module')} import {ref(target, item.name, '@name')} as lazy",
        f"return {usage} + {maker.literal()}",
    ]


def _matches(maker: Maker, module: Module, number: str) -> list[str]:
    return [f"match {number}:\n    case 0 | 1:\n        return 1\n    case other:\n        return other * 2"]


_SHAPES: tuple[Shape, ...] = (_plain, _plain, _plain, _local, _nested, _loop, _raises, _catches, _lazy, _lazy, _matches)


Make: TypeAlias = Callable[[Maker, Module, str], Item | None]
"""Makes an item with this name for the module; None when there is nothing to make it of."""
