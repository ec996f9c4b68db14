"""Random edits of one statement: its numbers, body, members, name, place."""

from __future__ import annotations

import re

from tests.random_reload.classes import method
from tests.random_reload.items import new_item, new_name
from tests.random_reload.maker import NUMBER_USES, Maker
from tests.random_reload.picks import forget, outside, redirect, some_item, some_module
from tests.random_reload.world import TOKEN, World

_NUMBER = re.compile(r"(?<![\w.'«/])\d+(?![\w.'])")

# --------------------------------------------------------------------------------------- inside one item


def tweak(maker: Maker, world: World) -> str | None:
    """Another number somewhere."""
    found = some_item(maker, world)
    if found is None:
        return None
    module, item = found
    places = [
        (lines, number, line)
        for lines in (item.head, item.body)
        for number, line in enumerate(lines)
        if _NUMBER.search(TOKEN.sub("", line))
    ]
    if not places:
        return None
    lines, number, line = maker.rng.choice(places)
    value = maker.rng.choice((maker.literal(), maker.literal(), "True", "1", "0", "1.0"))
    lines[number] = outside(line, lambda text: _NUMBER.sub(value, text, count=1))
    return f"change {module.name}.{item.name or item.head[0]}" if lines[number] != line else None


def remake(maker: Maker, world: World) -> str | None:
    """The same name, all new."""
    found = some_item(maker, world)
    if found is None or not found[1].name:
        return None
    module, item = found
    kind = _KIND_MAKERS.get(item.kind, "func") if maker.chance(0.8) else maker.rng.choice(list(_KIND_MAKERS.values()))
    at = next(n for n, other in enumerate(module.items) if other is item)
    after, module.items = module.items[at + 1 :], module.items[:at]  # it may use only what stands before it
    maker.allow_late = item.late
    new = new_item(maker, module, kind, item.name)
    maker.allow_late = True
    module.items += [new or item, *after]
    return f"remake {module.name}.{item.name} as {kind}" if new else None


_KIND_MAKERS = {
    "number": "number",
    "value": "value",
    "func": "func",
    "func_x": "func_x",
    "generator": "generator",
    "coroutine": "coroutine",
    "maker": "maker",
    "decorator": "decorator",
    "dispatch": "dispatch",
    "class": "class",
    "dataclass": "dataclass",
    "enum": "enum",
    "exception": "exception",
    "functions": "hooks",
    "mapping": "registry",
    "router": "router",
    "instance": "instance",
}


def new_body(maker: Maker, world: World) -> str | None:
    found = some_item(maker, world, "func")
    if found is None or not found[1].body:
        return None
    module, item = found
    maker.allow_late = item.late
    item.body = maker.body(module)
    maker.allow_late = True
    return f"new body of {module.name}.{item.name}"


def change_member(maker: Maker, world: World) -> str | None:
    """Add, drop, change or move a member of a class."""
    found = some_item(maker, world, "class", "dataclass", "enum", "exception")
    if found is None or not found[1].body:
        return None
    module, item = found
    at = maker.rng.randrange(len(item.body))
    maker.allow_late = item.late
    match maker.rng.choice(("add", "drop", "move", "renew", "member")):
        case "add":
            item.body.insert(at, method(maker, module))
        case "drop" if len(item.body) > 1:
            item.body.pop(at)
        case "move":
            item.body.append(item.body.pop(at))
        case "member" if item.kind == "enum":
            item.body.insert(at, f"{maker.rng.choice(('TEN', 'TWO', 'EGO'))} = {maker.rng.choice((1, 2, 32, 64))}")
        case "renew" if "val(" in item.body[at]:
            item.body[at] = method(maker, module, "val") if item.kind == "class" else item.body[at]
        case _:
            item.body.append(method(maker, module))
    maker.allow_late = True
    return f"member of {module.name}.{item.name}"


def change_base(maker: Maker, world: World) -> str | None:
    found = some_item(maker, world, "class", "exception")
    if found is None:
        return None
    module, item = found
    base = maker.pick(module, item.kind) if maker.chance(0.7) else None
    default = "(Exception)" if item.kind == "exception" else ""
    bases = f"({maker.use(module, base[0], base[1].name, '!{}')})" if base and base[1] is not item else default
    item.head = [re.sub(r"^(class \w+)[^:]*(«.*»\))?:$", lambda m: f"{m[1]}{bases}:", line) for line in item.head]
    if item.kind == "class" and not any("def __init__" in block for block in item.body):
        item.body.append("def __init__(self, n=1):\n    self.n = n")
    return f"base of {module.name}.{item.name}"


# ------------------------------------------------------------------------------------------ whole items


def add(maker: Maker, world: World) -> str | None:
    module = some_module(maker, world)
    item = new_item(maker, module)
    if item is None:
        return None
    maker.insert(module, len(module.items) if maker.chance(0.7) else maker.rng.randint(0, len(module.items)), item)
    return f"add {module.name}.{item.name or item.head[0]}"


def register(maker: Maker, world: World) -> str | None:
    module = some_module(maker, world)
    item = new_item(maker, module, maker.rng.choice(("register", "decorated", "set_up", "dispatched")))
    if item is None:
        return None
    maker.insert(module, len(module.items), item)
    return f"register {module.name}.{item.name}"


def remove(maker: Maker, world: World) -> str | None:
    found = some_item(maker, world)
    if found is None:
        return None
    module, item = found
    module.items = [other for other in module.items if other is not item]
    if item.name and not module.find(item.name) and maker.chance(0.9):
        forget(world, (module.name, item.name))
    return f"remove {module.name}.{item.name or item.head[0]}"


def rename(maker: Maker, world: World) -> str | None:
    found = some_item(maker, world, *NUMBER_USES)
    if found is None or not found[1].name:
        return None
    module, item = found
    old, new = (
        item.name,
        new_name(maker, item.kind if item.kind in ("number", "class") else "func") + maker.rng.choice(("", "x")),
    )
    if new == old:
        return None
    item.head = [outside(line, lambda text: re.sub(rf"\b{old}\b", new, text)) for line in item.head]
    item.body = [outside(block, lambda text: re.sub(rf"\b{old}\b", new, text)) for block in item.body]
    item.name = new
    if maker.chance(0.93):
        redirect(world, (module.name, old), (module.name, new))
    return f"rename {module.name}.{old} to {new}"


def move(maker: Maker, world: World) -> str | None:
    """To another line."""
    found = some_item(maker, world)
    if found is None or len(found[0].items) < 2:
        return None
    module, item = found
    module.items = [other for other in module.items if other is not item]
    maker.insert(module, maker.rng.randint(0, len(module.items)), item)
    return f"move {module.name}.{item.name or item.head[0]}"


def move_away(maker: Maker, world: World) -> str | None:
    """To another module; those who used it there use it here."""
    found = some_item(maker, world, *NUMBER_USES)
    other = some_module(maker, world)
    if found is None or found[0] is other or not found[1].name or len(found[1].head) > 2:
        return None
    module, item = found
    module.items = [kept for kept in module.items if kept is not item]
    maker.insert(other, maker.rng.randint(0, len(other.items)), item)
    redirect(world, (module.name, item.name), (other.name, item.name))
    return f"move {module.name}.{item.name} to {other.name}"


def duplicate(maker: Maker, world: World) -> str | None:
    """A second definition of one name."""
    found = some_item(maker, world, "func", "class", "number")
    if found is None or not found[1].name:
        return None
    module, item = found
    new = new_item(maker, module, item.kind, item.name)
    if new is None:
        return None
    maker.insert(module, maker.rng.randint(0, len(module.items)), new)
    return f"again {module.name}.{item.name}"
