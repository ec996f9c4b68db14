"""Random tables, registries and routers, and what modules put into each other."""

from __future__ import annotations

from collections.abc import Mapping

from tests.random_reload.maker import PATHS, WORDS, Make, Maker
from tests.random_reload.world import Item, Module, ref

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
    head = [
        f"{name} = {{}}",
        f"def {register}(key):",
        "    def put(fn):",
        f"        {name}[key] = fn",
        "        return fn",
        "    return put",
    ]
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
        shapes = (
            f"{container}['{key}'] = {name}",
            f"{container}.update({key}={name})",
            f"{container}.setdefault('{key}', {name})",
        )
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
        (m, i)
        for m, i in maker.symbols(module, ("functions", "mapping"))
        if any(line.startswith("def do_") for line in i.head)
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
    return Item(
        "statement", "", [f"{maker.use(module, found[0], '', '!{}')}.{ref(found[0], found[1].name, '@name')} = {value}"]
    )


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
    return Item(
        "func_x",
        name,
        [f"@{target}.register({kind})", f"def {name}(x):"],
        [f"return {maker.number(module, later=True)}"],
    )


MAKERS: Mapping[str, Make] = {
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
}
