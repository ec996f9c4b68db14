"""Random classes, dataclasses, enumerations, exceptions, and what is made of them."""

from __future__ import annotations

from collections.abc import Mapping

from tests.random_reload.maker import WORDS, Make, Maker
from tests.random_reload.world import Item, Module

# -------------------------------------------------------------------------------------------------- classes


def method(maker: Maker, module: Module, name: str = "") -> str:
    """One member of a class."""
    name = name or maker.rng.choice(WORDS)
    number = maker.number(module, later=True)
    shapes = (
        f"def {name}(self):\n    return {number}",
        f"@property\ndef {name}(self):\n    return {number}",
        f"@classmethod\ndef {name}(cls):\n    return cls.SIZE + {number}",
        f"@staticmethod\ndef {name}():\n    return {number}",
        f"@functools.cached_property\ndef {name}(self):\n    return {number}",
        f"{name.upper()} = {maker.number(module)}",
        f"class {name.title()}:\n    depth = {maker.literal()}",
    )
    return maker.rng.choice(shapes if name != "val" else shapes[:1])


_REGISTERS = """\
def __init_subclass__(cls, **named):
    super().__init_subclass__(**named)
    cls.made[cls.__name__] = cls"""


def _class(maker: Maker, module: Module, name: str) -> Item:
    base = maker.pick(module, "class") if maker.chance(0.5) else None
    bases = f"({maker.use(module, base[0], base[1].name, '!{}')})" if base else ""
    rest = " + super().val()" if base and maker.chance(0.5) else ""
    body = [f"SIZE = {maker.default(module)}"]
    if not base:
        body.append("def __init__(self, n=1):\n    self.n = n")
    body.append(f"def val(self):\n    return self.n + {maker.number(module, later=True)}{rest}")
    body += [method(maker, module) for _ in range(maker.rng.randint(0, 2))]
    if not base and maker.chance(0.15):
        body += ["made = {}", _REGISTERS]
    elif not base and maker.chance(0.15) and maker.has("slots"):
        body.insert(0, '__slots__ = ("n", "__dict__")' if maker.chance(0.5) else '__slots__ = ("n",)')
    return Item("class", name, [f"class {name}{bases}:"], body)


def _dataclass(maker: Maker, module: Module, name: str) -> Item:
    options = maker.rng.choice(("", "(frozen=True)", "(slots=True)", "(order=True)"))
    body = [
        f"left: int = {maker.default(module)}",
        f"right: int = {maker.default(module)}",
        f"def total(self):\n    return self.left + self.right + {maker.number(module, later=True)}",
    ]
    return Item("dataclass", name, [f"@dataclasses.dataclass{options}", f"class {name}:"], body)


def _named_tuple(maker: Maker, module: Module, name: str) -> Item:
    body = [
        f"left: int = {maker.default(module)}",
        f"def total(self):\n    return self.left + {maker.number(module, later=True)}",
    ]
    return Item("dataclass", name, [f"class {name}(typing.NamedTuple):"], body)


def _enum(maker: Maker, module: Module, name: str) -> Item:
    base = maker.rng.choice(("enum.Enum", "enum.Enum", "enum.IntEnum", "enum.Flag"))
    values = maker.rng.sample((1, 2, 4, 8, 16), 3)
    members = [f"{member} = {value}" for member, value in zip(("ONE", "TWO", "SIX"), values, strict=True)]
    number = maker.number(module, later=True)
    return Item(
        "enum", name, [f"class {name}({base}):"], [*members, f"def val(self):\n    return self.value + {number}"]
    )


def _exception(maker: Maker, module: Module, name: str) -> Item:
    base = maker.pick(module, "exception") if maker.chance(0.4) else None
    bases = maker.use(module, base[0], base[1].name, "!{}") if base else "Exception"
    return Item("exception", name, [f"class {name}({bases}):"], [f"code = {maker.default(module)}"])


def _instance(maker: Maker, module: Module, name: str) -> Item | None:
    found = maker.pick(module, "class")
    if found is None:
        return None
    return Item(
        "instance", name, [f"{name} = {maker.use(module, found[0], found[1].name, '!{}')}({maker.number(module)})"]
    )


def _by_member(maker: Maker, module: Module, name: str) -> Item | None:
    found = maker.pick(module, "enum")
    if found is None:
        return None
    member = maker.use(module, found[0], found[1].name, "!{}.ONE")
    return Item("number", name, [f"{name} = {{{member}: {maker.number(module)}}}[{member}]"])


def _agreement(maker: Maker, module: Module, name: str) -> Item | None:
    """`isinstance` of an object and a class that may come from different modules."""
    thing, cls = maker.pick(module, "instance", "class"), maker.pick(module, "class", later=True)
    if thing is None or cls is None:
        return None
    made = maker.use(module, thing[0], thing[1].name, "!{}" if thing[1].kind == "instance" else "!{}()")
    return Item(
        "func",
        name,
        [f"def {name}():"],
        [f"return isinstance({made}, {maker.use(module, cls[0], cls[1].name, '!{}')}) + 0"],
    )


MAKERS: Mapping[str, Make] = {
    "class": _class,
    "dataclass": _dataclass,
    "named_tuple": _named_tuple,
    "enum": _enum,
    "exception": _exception,
    "instance": _instance,
    "by_member": _by_member,
    "agreement": _agreement,
}
