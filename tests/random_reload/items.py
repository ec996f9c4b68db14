"""Random top-level statements: constants, functions, classes, tables, registrations, imports in all their forms."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from random import Random
from typing import TypeAlias

from tests.random_reload.world import STYLES, TOKEN, Item, Module, World, ref

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
    "circles": "modules import each other in circles",
    "bare packages": "packages without `__init__.py`, from the start or when it is deleted",
    "failed starts": "the first save, or the first ones, do not start",
    "slots": "classes with `__slots__`",
    "exports": "modules with `__all__`",
}
"""What makes programs harder to reload; each can be left out."""

Make: TypeAlias = Callable[["Maker", Module, str], Item | None]


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

    def new(self, module: Module, kind: str = "", name: str = "") -> Item | None:
        """A new item; its references are to what `module` may use at that place."""
        kind = kind or self.rng.choices(list(_WEIGHTS), list(_WEIGHTS.values()))[0]
        self.late = False
        item = MAKERS[kind](self, module, name or self.name(kind))
        if item is not None:
            item.late = self.late or item.late
        if item is not None and self.chance(0.1):
            item.comment = self.rng.choice(WORDS)
        return item

    def name(self, kind: str) -> str:
        """Few names, so that they meet: shadowed, defined twice, equal in two modules."""
        number = self.rng.randint(1, 9)
        stem = _STEMS.get(kind, "f")
        return f"{stem}{number}" if stem.islower() else f"{stem}{number}".upper() if stem.isupper() else f"{stem}{number}"

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
                    if item.name and item.kind in kinds and (not item.late or (later and self.allow_late) or self.has("early reads"))
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
    return [f"if {number} % 4 == {maker.rng.randint(0, 3)}:\n    raise ValueError({maker.literal()})", f"return {number}"]


def _catches(maker: Maker, module: Module, number: str) -> list[str]:
    found = maker.pick(module, "exception", later=True)
    if found is None:
        return _plain(maker, module, number)
    error = maker.use(module, found[0], found[1].name, "!{}")
    return [f"try:\n    raise {error}({maker.literal()})\nexcept {error} as error:\n    return error.args[0] + {number}"]


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


# -------------------------------------------------------------------------------------------- plain values


def _number(maker: Maker, module: Module, name: str) -> Item:
    value = maker.literal() if maker.chance(0.4) else maker.number(module)
    return Item("number", name, [f"{name}{': int' if maker.chance(0.1) else ''} = {value}"])


def _value(maker: Maker, module: Module, name: str) -> Item:
    number = maker.number(module)
    shapes = ("'{}'", "({}, 2)", "[{}, 1]", "{{'k': {}}}", "{{{}}}", "{} * 0.5", "bool({})", "frozenset([{}])", "(1, ({},))")
    shape = maker.rng.choice(shapes)
    text = maker.rng.choice(WORDS) + maker.literal() if shape == "'{}'" else number
    return Item("value", name, [f"{name} = {shape.format(text)}"])


def _conditional(maker: Maker, module: Module, name: str) -> Item:
    test = f"{maker.number(module)} % 2"
    one, two = maker.number(module), maker.number(module)
    return Item("number", name, [f"if {test}:", f"    {name} = {one}", "else:", f"    {name} = {two}"])


def _loop_made(maker: Maker, module: Module, name: str) -> Item:
    return Item(
        "number", name, [f"{name} = 0", f"for step in range({maker.rng.randint(1, 4)}):", f"    {name} += step + {maker.number(module)}"]
    )


def _comprehension(maker: Maker, module: Module, name: str) -> Item:
    return Item("value", name, [f"{name} = [n + {maker.number(module)} for n in range({maker.rng.randint(1, 4)})]"])


def _unpacked(maker: Maker, module: Module, name: str) -> Item:
    return Item("number", name, [f"{name}, {name}_b = {maker.number(module)}, {maker.number(module)}"])


def _by_global(maker: Maker, module: Module, name: str) -> Item:
    value = maker.number(module)
    head = [f"def do_{name.lower()}():", f"    global {name}", f"    {name} = {value}", "", f"do_{name.lower()}()"]
    return Item("number", name, head)


def _augmented(maker: Maker, module: Module, name: str) -> Item | None:
    mine = [item for item in module.items if item.kind == "number" and item.name]
    if not mine:
        return None
    chosen = maker.rng.choice(mine).name
    return Item("statement", "", [f"{ref(module.name, chosen, '!{}')} += {maker.number(module)}"])


# ------------------------------------------------------------------------------------------------ functions


def _func(maker: Maker, module: Module, name: str) -> Item:
    decorators = []
    if maker.chance(0.2) and (found := maker.pick(module, "decorator")):
        decorators.append("@" + maker.use(module, found[0], found[1].name, "!{}"))
    return maker.function(module, name, *decorators)


def _func_x(maker: Maker, module: Module, name: str) -> Item:
    return Item("func_x", name, [f"def {name}(x, y={maker.default(module)}):"], [f"return x + y + {maker.number(module, later=True)}"])


def _lambda(maker: Maker, module: Module, name: str) -> Item:
    return Item("func", name, [f"{name} = lambda: {maker.number(module, later=True)}"])


def _cached(maker: Maker, module: Module, name: str) -> Item:
    decorator = maker.rng.choice(("@functools.cache", "@functools.lru_cache(maxsize=4)"))
    return Item("func", name, [decorator, f"def {name}():"], [f"return {maker.number(module, later=True)}"])


def _generator(maker: Maker, module: Module, name: str) -> Item:
    return Item("generator", name, [f"def {name}():"], [f"yield {maker.number(module, later=True)}", f"yield {maker.literal()}"])


def _coroutine(maker: Maker, module: Module, name: str) -> Item:
    return Item("coroutine", name, [f"async def {name}():"], [f"return {maker.number(module, later=True)}"])


def _maker(maker: Maker, module: Module, name: str) -> Item:
    inner = f"def inner():\n    return x * 2 + {maker.number(module, later=True)}"
    return Item("maker", name, [f"def {name}(x):"], [inner, "return inner"])


def _made(maker: Maker, module: Module, name: str) -> Item | None:
    found = maker.pick(module, "maker")
    if found is None:
        return None
    return Item("func", name, [f"{name} = {maker.use(module, found[0], found[1].name, '!{}')}({maker.number(module)})"])


def _partial(maker: Maker, module: Module, name: str) -> Item | None:
    found = maker.pick(module, "func_x")
    if found is None:
        return None
    function = maker.use(module, found[0], found[1].name, "!{}")
    return Item("func", name, [f"{name} = functools.partial({function}, {maker.number(module)})"])


def _decorator(maker: Maker, module: Module, name: str) -> Item:
    wrapper = f"@functools.wraps(fn)\ndef wrapper(*args, **named):\n    return fn(*args, **named) + {maker.number(module, later=True)}"
    if maker.chance(0.2):
        return Item("decorator", name, [f"def {name}(fn):"], [f"fn.mark = {maker.number(module)}", "return fn"])
    return Item("decorator", name, [f"def {name}(fn):"], [wrapper, "return wrapper"])


def _dispatch(maker: Maker, module: Module, name: str) -> Item:
    return Item("dispatch", name, ["@functools.singledispatch", f"def {name}(x):"], [f"return {maker.number(module, later=True)}"])


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
        body.append("made = {}\ndef __init_subclass__(cls, **named):\n    super().__init_subclass__(**named)\n    cls.made[cls.__name__] = cls")
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
    body = [f"left: int = {maker.default(module)}", f"def total(self):\n    return self.left + {maker.number(module, later=True)}"]
    return Item("dataclass", name, [f"class {name}(typing.NamedTuple):"], body)


def _enum(maker: Maker, module: Module, name: str) -> Item:
    base = maker.rng.choice(("enum.Enum", "enum.Enum", "enum.IntEnum", "enum.Flag"))
    values = maker.rng.sample((1, 2, 4, 8, 16), 3)
    members = [f"{member} = {value}" for member, value in zip(("ONE", "TWO", "SIX"), values, strict=True)]
    number = maker.number(module, later=True)
    return Item("enum", name, [f"class {name}({base}):"], [*members, f"def val(self):\n    return self.value + {number}"])


def _exception(maker: Maker, module: Module, name: str) -> Item:
    base = maker.pick(module, "exception") if maker.chance(0.4) else None
    bases = maker.use(module, base[0], base[1].name, "!{}") if base else "Exception"
    return Item("exception", name, [f"class {name}({bases}):"], [f"code = {maker.default(module)}"])


def _instance(maker: Maker, module: Module, name: str) -> Item | None:
    found = maker.pick(module, "class")
    if found is None:
        return None
    return Item("instance", name, [f"{name} = {maker.use(module, found[0], found[1].name, '!{}')}({maker.number(module)})"])


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
    return Item("func", name, [f"def {name}():"], [f"return isinstance({made}, {maker.use(module, cls[0], cls[1].name, '!{}')}) + 0"])


# -------------------------------------------------------------------------------- tables and registrations


def _table(maker: Maker, module: Module, name: str) -> Item | None:
    found = [maker.pick(module, "func") for _ in range(maker.rng.randint(1, 3))]
    if None in found:
        return None
    parts = [maker.use(module, m, i.name, "!{}") for m, i in filter(None, found)]
    if maker.chance(0.5):
        left, right = maker.rng.choice(("[]", "()"))
        return Item("functions", name, [f"{name} = {left}{', '.join(parts)},{right}"])
    pairs = [f"'{word}': {part}" for word, part in zip(WORDS, parts, strict=False)]
    return Item("mapping", name, [f"{name} = {{{', '.join(pairs)}}}"])


def _hooks(maker: Maker, module: Module, name: str) -> Item:
    register = f"do_{name.lower()}"
    head = [f"{name} = []", f"def {register}(fn):", f"    {name}.append(fn)", "    return fn"]
    return Item("functions", name, head)


def _registry(maker: Maker, module: Module, name: str) -> Item:
    register = f"do_{name.lower()}"
    head = [f"{name} = {{}}", f"def {register}(key):", "    def put(fn):", f"        {name}[key] = fn", "        return fn", "    return put"]
    return Item("mapping", name, head)


def _router(maker: Maker, module: Module, name: str) -> Item:
    kind = f"Router{name[-1]}"
    head = [
        f"class {kind}:",
        "    def __init__(self):",
        "        self.routes = []",
        "    def do_get(self, path):",
        "        def put(fn):",
        "            self.routes.append((path, fn))",
        "            return fn",
        "        return put",
        "    def answer(self, path):",
        f"        return next((fn() for at, fn in self.routes if at == path), {maker.literal()})",
        f"{name} = {kind}()",
    ]
    return Item("router", name, head)


def _register(maker: Maker, module: Module, name: str) -> Item | None:
    """A function that registers itself somewhere."""
    found = maker.pick(module, "functions", "mapping", "router")
    if found is None:
        return None
    target, place = found
    path, key = maker.rng.choice(PATHS), maker.rng.choice(WORDS)
    if place.kind == "router":
        return maker.function(module, name, f"@{maker.use(module, target, place.name, '!{}')}.do_get('{path}')")
    made_here = place.head[0].endswith(("= []", "= {}"))
    container = maker.use(module, target, place.name, "!{}")
    if place.kind == "mapping":
        shapes = (f"{container}['{key}'] = {name}", f"{container}.update({key}={name})", f"{container}.setdefault('{key}', {name})")
    else:
        shapes = (f"{container}.append({name})", f"{container}.extend([{name}])", f"{container}.insert(0, {name})")
    if not made_here and "(" in place.head[0].partition("=")[2][:2]:
        return None
    item = maker.function(module, name)
    # header, body and registration are one statement group, so that they come and go together
    item.head = ["\n".join(item.head)]
    block = "\n".join("    " + line for part in item.body for line in part.split("\n"))
    return Item("func", name, [*item.head, block, maker.rng.choice(shapes[:2] if maker.chance(0.9) else shapes)])


def _decorated(maker: Maker, module: Module, name: str) -> Item | None:
    """A function that is registered by the decorator that stands beside the container."""
    found = [
        (m, i) for m, i in maker.symbols(module, ("functions", "mapping")) if any(line.startswith("def do_") for line in i.head)
    ]
    if not found:
        return None
    target, place = maker.rng.choice(found)
    key = f"('{maker.rng.choice(WORDS)}')" if place.kind == "mapping" else ""
    if target == module.name:
        return maker.function(module, name, f"@do_{place.name.lower()}{key}")
    return maker.function(module, name, f"@{maker.use(module, target, '', '!{}')}.do_{place.name.lower()}{key}")


def _set_up(maker: Maker, module: Module, name: str) -> Item | None:
    """Handlers nested in a function that is called with the router."""
    found = maker.pick(module, "router")
    if found is None:
        return None
    path, number = maker.rng.choice(PATHS), maker.number(module, later=True)
    head = [
        f"def do_{name}(router):",
        f"    @router.do_get('{path}')",
        "    def nested():",
        f"        return {number}",
        f"do_{name}({maker.use(module, found[0], found[1].name, '!{}')})",
    ]
    return Item("statement", "", head)


def _patch_module(maker: Maker, module: Module, name: str) -> Item | None:
    found = maker.pick(module, "number", foreign=True)
    if found is None:
        return None
    value = maker.number(module)
    return Item("statement", "", [f"{maker.use(module, found[0], '', '!{}')}.{ref(found[0], found[1].name, '@name')} = {value}"])


def _patch_class(maker: Maker, module: Module, name: str) -> Item | None:
    found = maker.pick(module, "class", foreign=True)
    if found is None:
        return None
    target = maker.use(module, found[0], found[1].name, "!{}")
    return Item("statement", "", [f"{target}.{maker.rng.choice(WORDS)}_{module.name[-1]} = {maker.number(module)}"])


def _dispatched(maker: Maker, module: Module, name: str) -> Item | None:
    found = maker.pick(module, "dispatch")
    if found is None:
        return None
    target = maker.use(module, found[0], found[1].name, "!{}")
    kind = maker.rng.choice(("int", "str", "list"))
    return Item("func_x", name, [f"@{target}.register({kind})", f"def {name}(x):"], [f"return {maker.number(module, later=True)}"])


# ------------------------------------------------------------------------------------------------- imports

_ANY = (*NUMBER_USES, "coroutine", "maker", "decorator")


def _reexport(maker: Maker, module: Module, name: str) -> Item | None:
    found = maker.pick(module, *_ANY, foreign=True)
    if found is None:
        return None
    target, item = found
    local = item.name if maker.chance(0.6) else f"{item.name}_again"
    source = f"from {ref(target, item.name, '@module')} import {ref(target, item.name, '@name')} as {local}"
    if maker.chance(0.25):
        source = f'{local} = importlib.import_module("{ref(target, item.name, "@module")}").{ref(target, item.name, "@name")}'
    elif maker.chance(0.2):
        source = f"{local} = {maker.use(module, target, item.name, '!{}')}"
    return Item(item.kind, local, [source])


def _optional(maker: Maker, module: Module, name: str) -> Item | None:
    found = maker.pick(module, "number", "func", foreign=True)
    if found is None:
        return None
    target, item = found
    local = f"{item.name}_maybe"
    fallback = "0" if item.kind == "number" else "lambda: 0"
    # `!!`: this import may fail, so the reference stays when the name goes
    source = f"    from {ref(target, item.name, '@module')} import {ref(target, item.name, '@name')} as {local}"
    return Item(item.kind, local, ["try:", source, "except ImportError:", f"    {local} = {fallback}"])


def _side_effect(maker: Maker, module: Module, name: str) -> Item | None:
    below = list(maker.world.modules)[: maker.layer(module)]
    if not below:
        return None
    return Item("import", "", [f"import {ref(maker.rng.choice(below), '', '@module')}"])


def _typing_only(maker: Maker, module: Module, name: str) -> Item | None:
    found = maker.pick(module, "class", later=True, foreign=True)
    if found is None:
        return None
    source = f"    from {ref(found[0], found[1].name, '@module')} import {ref(found[0], found[1].name, '@name')}"
    return Item("import", "", ["if typing.TYPE_CHECKING:", source])


MAKERS: Mapping[str, Make] = {
    "number": _number,
    "value": _value,
    "conditional": _conditional,
    "loop": _loop_made,
    "comprehension": _comprehension,
    "unpacked": _unpacked,
    "by_global": _by_global,
    "augmented": _augmented,
    "func": _func,
    "func_x": _func_x,
    "lambda": _lambda,
    "cached": _cached,
    "generator": _generator,
    "coroutine": _coroutine,
    "maker": _maker,
    "made": _made,
    "partial": _partial,
    "decorator": _decorator,
    "dispatch": _dispatch,
    "class": _class,
    "dataclass": _dataclass,
    "named_tuple": _named_tuple,
    "enum": _enum,
    "exception": _exception,
    "instance": _instance,
    "by_member": _by_member,
    "agreement": _agreement,
    "table": _table,
    "hooks": _hooks,
    "registry": _registry,
    "router": _router,
    "register": _register,
    "decorated": _decorated,
    "set_up": _set_up,
    "patch_module": _patch_module,
    "patch_class": _patch_class,
    "dispatched": _dispatched,
    "reexport": _reexport,
    "optional": _optional,
    "side_effect": _side_effect,
    "typing_only": _typing_only,
}
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
}


def references(item: Item) -> bool:
    return any(TOKEN.search(line) for line in (*item.head, *item.body))
