"""Random constants and functions."""

from __future__ import annotations

from collections.abc import Mapping

from tests.random_reload.maker import WORDS, Make, Maker
from tests.random_reload.world import Item, Module, ref

# -------------------------------------------------------------------------------------------- plain values


def _number(maker: Maker, module: Module, name: str) -> Item:
    value = maker.literal() if maker.chance(0.4) else maker.number(module)
    return Item("number", name, [f"{name}{': int' if maker.chance(0.1) else ''} = {value}"])


def _value(maker: Maker, module: Module, name: str) -> Item:
    number = maker.number(module)
    shapes = (
        "'{}'",
        "({}, 2)",
        "[{}, 1]",
        "{{'k': {}}}",
        "{{{}}}",
        "{} * 0.5",
        "bool({})",
        "frozenset([{}])",
        "(1, ({},))",
    )
    shape = maker.rng.choice(shapes)
    text = maker.rng.choice(WORDS) + maker.literal() if shape == "'{}'" else number
    return Item("value", name, [f"{name} = {shape.format(text)}"])


def _conditional(maker: Maker, module: Module, name: str) -> Item:
    test = f"{maker.number(module)} % 2"
    one, two = maker.number(module), maker.number(module)
    return Item("number", name, [f"if {test}:", f"    {name} = {one}", "else:", f"    {name} = {two}"])


def _loop_made(maker: Maker, module: Module, name: str) -> Item:
    return Item(
        "number",
        name,
        [
            f"{name} = 0",
            f"for step in range({maker.rng.randint(1, 4)}):",
            f"    {name} += step + {maker.number(module)}",
        ],
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
    return Item(
        "func_x",
        name,
        [f"def {name}(x, y={maker.default(module)}):"],
        [f"return x + y + {maker.number(module, later=True)}"],
    )


def _lambda(maker: Maker, module: Module, name: str) -> Item:
    return Item("func", name, [f"{name} = lambda: {maker.number(module, later=True)}"])


def _cached(maker: Maker, module: Module, name: str) -> Item:
    decorator = maker.rng.choice(("@functools.cache", "@functools.lru_cache(maxsize=4)"))
    return Item("func", name, [decorator, f"def {name}():"], [f"return {maker.number(module, later=True)}"])


def _generator(maker: Maker, module: Module, name: str) -> Item:
    return Item(
        "generator", name, [f"def {name}():"], [f"yield {maker.number(module, later=True)}", f"yield {maker.literal()}"]
    )


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
    number = maker.number(module, later=True)
    wrapper = f"@functools.wraps(fn)\ndef wrapper(*args, **named):\n    return fn(*args, **named) + {number}"
    if maker.chance(0.2):
        return Item("decorator", name, [f"def {name}(fn):"], [f"fn.mark = {maker.number(module)}", "return fn"])
    return Item("decorator", name, [f"def {name}(fn):"], [wrapper, "return wrapper"])


def _dispatch(maker: Maker, module: Module, name: str) -> Item:
    return Item(
        "dispatch",
        name,
        ["@functools.singledispatch", f"def {name}(x):"],
        [f"return {maker.number(module, later=True)}"],
    )


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
}
