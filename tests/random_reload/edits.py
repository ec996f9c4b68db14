"""Random edits of a world, as people make them: small, in one place or several, now and then wrong.

Each edit changes the world it is given and tells what it did; None when there was nothing to do it to.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from random import Random
from typing import TypeAlias

from tests.random_reload.generator import fill
from tests.random_reload.items import NUMBER_USES, WORDS, Maker, method
from tests.random_reload.world import STYLES, TOKEN, Item, Module, Ref, World, ref

Edit: TypeAlias = Callable[[Maker, World], str | None]

_NUMBER = re.compile(r"(?<![\w.'«/])\d+(?![\w.'])")
DAMAGES = (
    "def broken(:\n    pass",
    "return = 1",
    "raise RuntimeError('broken')",
    "missing_name",
    "import missing_module",
    "from app import missing_name",
    "1 / 0",
    "raise SystemExit(3)",
    "raise KeyboardInterrupt",
    "def deep(): deep()\ndeep()",
    "class Broken(missing_name): pass",
    "assert False",
)


def random_edit(rng: Random, world: World, features: frozenset[str] = frozenset()) -> tuple[str, World]:
    """Another world, one to four edits away, with a line that says what was done."""
    count = rng.choices((1, 2, 3, 4), (80, 12, 5, 3))[0]
    world = world.copy()
    maker, done = Maker(rng, world, features), []
    while len(done) < count:
        edit = rng.choices(list(EDITS), list(EDITS.values()))[0]
        if what := edit(maker, world):
            done.append(what)
    return ", ".join(done), world


def damage(rng: Random, world: World, features: frozenset[str] = frozenset()) -> tuple[str, World]:
    """A world that most likely does not start, in one or two modules."""
    world = world.copy()
    chosen = rng.sample(list(world.modules.values()), rng.choices((1, 2), (9, 1))[0] if len(world.modules) > 1 else 1)
    for module in chosen:
        module.damage = rng.choice(DAMAGES)
        module.damaged_at = rng.randint(0, len(module.items))
    what = ", ".join(f"break {module.name}" for module in chosen)
    if rng.random() < 0.3:
        also, world = random_edit(rng, world, features)
        what = f"{what}, {also}"
    return what, world


def heal(rng: Random, world: World) -> World:
    world = world.copy()
    for module in world.modules.values():
        module.damage = ""
    return world


# ------------------------------------------------------------------------------------------------- helpers


def _module(maker: Maker, world: World) -> Module:
    return maker.rng.choice(list(world.modules.values()))


def _item(maker: Maker, world: World, *kinds: str) -> tuple[Module, Item] | None:
    found = [(m, i) for m in world.modules.values() for i in m.items if not kinds or i.kind in kinds]
    return maker.rng.choice(found) if found else None


def _swap(module: Module, old: Item, new: Item) -> None:
    module.items[next(n for n, item in enumerate(module.items) if item is old)] = new


def _outside(line: str, change: Callable[[str], str]) -> str:
    """`change` applied to what is not inside a reference."""
    parts, last = [], 0
    for found in TOKEN.finditer(line):
        parts += [change(line[last : found.start()]), found[0]]
        last = found.end()
    return "".join([*parts, change(line[last:])])


# --------------------------------------------------------------------------------------- inside one item


def tweak(maker: Maker, world: World) -> str | None:
    """Another number somewhere."""
    found = _item(maker, world)
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
    lines[number] = _outside(line, lambda text: _NUMBER.sub(value, text, count=1))
    return f"change {module.name}.{item.name or item.head[0]}" if lines[number] != line else None


def remake(maker: Maker, world: World) -> str | None:
    """The same name, all new."""
    found = _item(maker, world)
    if found is None or not found[1].name:
        return None
    module, item = found
    kind = _KIND_MAKERS.get(item.kind, "func") if maker.chance(0.8) else maker.rng.choice(list(_KIND_MAKERS.values()))
    at = next(n for n, other in enumerate(module.items) if other is item)
    after, module.items = module.items[at:], module.items[:at]  # it may use only what stands before it
    maker.allow_late = item.late
    new = maker.new(module, kind, item.name)
    maker.allow_late = True
    module.items += after
    if new is None:
        return None
    _swap(module, item, new)
    return f"remake {module.name}.{item.name} as {kind}"


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
    found = _item(maker, world, "func")
    if found is None or not found[1].body:
        return None
    module, item = found
    maker.allow_late = item.late
    item.body = maker.body(module)
    maker.allow_late = True
    return f"new body of {module.name}.{item.name}"


def change_member(maker: Maker, world: World) -> str | None:
    """Add, drop, change or move a member of a class."""
    found = _item(maker, world, "class", "dataclass", "enum", "exception")
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
    found = _item(maker, world, "class", "exception")
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
    module = _module(maker, world)
    item = maker.new(module)
    if item is None:
        return None
    maker.insert(module, len(module.items) if maker.chance(0.7) else maker.rng.randint(0, len(module.items)), item)
    return f"add {module.name}.{item.name or item.head[0]}"


def register(maker: Maker, world: World) -> str | None:
    module = _module(maker, world)
    item = maker.new(module, maker.rng.choice(("register", "decorated", "set_up", "dispatched")))
    if item is None:
        return None
    maker.insert(module, len(module.items), item)
    return f"register {module.name}.{item.name}"


def remove(maker: Maker, world: World) -> str | None:
    found = _item(maker, world)
    if found is None:
        return None
    module, item = found
    module.items = [other for other in module.items if other is not item]
    if item.name and not module.find(item.name) and maker.chance(0.9):
        forget(world, (module.name, item.name))
    return f"remove {module.name}.{item.name or item.head[0]}"


def forget(world: World, gone: Ref) -> None:
    """Take the uses of a name out of all modules: numbers become 0, what cannot do without it goes."""
    for module in world.modules.values():
        for item in list(module.items):
            usages = [usage for used, usage in item.refs() if used == gone]
            if not usages:
                continue
            if any(_structural(line, gone) for line in item.head):
                module.items = [other for other in module.items if other is not item]
                continue
            kept = [block for block in item.body if not _structural(block, gone)]
            if len(kept) < len(item.body) and item.kind != "enum":
                kept = [block for block in kept if "lazy" not in block and "error" not in block]
                kept.append("return 0" if "class" not in item.head[-1] else "val_gone = 0")
            item.body = kept
            item.replace(lambda m: "0" if (m[1], m[2]) == gone else m[0])


def _structural(line: str, gone: Ref) -> bool:
    return any((m[1], m[2]) == gone and m[3].startswith(("!", "@")) for m in TOKEN.finditer(line))


def rename(maker: Maker, world: World) -> str | None:
    found = _item(maker, world, *NUMBER_USES)
    if found is None or not found[1].name:
        return None
    module, item = found
    old, new = item.name, maker.name(item.kind if item.kind in ("number", "class") else "func") + maker.rng.choice(("", "x"))
    if new == old:
        return None
    item.head = [_outside(line, lambda text: re.sub(rf"\b{old}\b", new, text)) for line in item.head]
    item.body = [_outside(block, lambda text: re.sub(rf"\b{old}\b", new, text)) for block in item.body]
    item.name = new
    if maker.chance(0.93):
        _redirect(world, (module.name, old), (module.name, new))
    return f"rename {module.name}.{old} to {new}"


def _redirect(world: World, old: Ref, new: Ref) -> None:
    for module in world.modules.values():
        if old in module.access:
            module.access[new] = module.access.pop(old)
        for item in module.items:
            item.replace(lambda m: ref(*new, m[3]) if (m[1], m[2]) == old else m[0])


def move(maker: Maker, world: World) -> str | None:
    """To another line."""
    found = _item(maker, world)
    if found is None or len(found[0].items) < 2:
        return None
    module, item = found
    module.items = [other for other in module.items if other is not item]
    maker.insert(module, maker.rng.randint(0, len(module.items)), item)
    return f"move {module.name}.{item.name or item.head[0]}"


def move_away(maker: Maker, world: World) -> str | None:
    """To another module; those who used it there use it here."""
    found = _item(maker, world, *NUMBER_USES)
    other = _module(maker, world)
    if found is None or found[0] is other or not found[1].name or len(found[1].head) > 2:
        return None
    module, item = found
    module.items = [kept for kept in module.items if kept is not item]
    maker.insert(other, maker.rng.randint(0, len(other.items)), item)
    _redirect(world, (module.name, item.name), (other.name, item.name))
    return f"move {module.name}.{item.name} to {other.name}"


def duplicate(maker: Maker, world: World) -> str | None:
    """A second definition of one name."""
    found = _item(maker, world, "func", "class", "number")
    if found is None or not found[1].name:
        return None
    module, item = found
    new = maker.new(module, item.kind, item.name)
    if new is None:
        return None
    maker.insert(module, maker.rng.randint(0, len(module.items)), new)
    return f"again {module.name}.{item.name}"


# ----------------------------------------------------------------------------------------- layout, imports


def layout(maker: Maker, world: World) -> str | None:
    """Comments and blank lines only."""
    found = _item(maker, world)
    if found is None:
        return None
    module, item = found
    before = (item.comment, item.blank)
    item.comment, item.blank = maker.rng.choice(("", *WORDS)), maker.rng.randint(0, 3)
    return f"layout of {module.name}" if (item.comment, item.blank) != before else None


def swap_style(maker: Maker, world: World) -> str | None:
    module = _module(maker, world)
    if not module.access:
        return None
    chosen = maker.rng.choice(list(module.access))
    style = maker.rng.choice(STYLES)
    if module.access[chosen] == style:
        return None
    module.access[chosen] = style
    return f"{module.name} imports {'.'.join(chosen)} by {style}"


def more_import(maker: Maker, world: World) -> str | None:
    module = _module(maker, world)
    item = maker.new(module, maker.rng.choice(("side_effect", "reexport", "optional", "typing_only")))
    if item is None:
        return None
    maker.insert(module, maker.rng.randint(0, len(module.items)), item)
    return f"import in {module.name}: {item.head[-1]}"


def docstring(maker: Maker, world: World) -> str | None:
    module = _module(maker, world)
    module.docstring = maker.rng.choice(("", *WORDS))
    return f"docstring of {module.name}"


def exports(maker: Maker, world: World) -> str | None:
    module = _module(maker, world)
    if not maker.has("exports"):
        return None
    names = sorted({item.name for item in module.items if item.name})
    module.exports = None if module.exports is not None else [name for name in names if maker.chance(0.8)]
    return f"__all__ of {module.name}"


def newlines(maker: Maker, world: World) -> str | None:
    module = _module(maker, world)
    module.newline = "\r\n" if module.newline == "\n" else "\n"
    return f"line ends of {module.name}"


# --------------------------------------------------------------------------------------------- modules


def add_module(maker: Maker, world: World) -> str | None:
    """A new module below others, used by one of them."""
    names = list(world.modules)
    free = [n for n in ("fresh", "extra", "more", "pkg.added", "lib.added") if n not in names]
    free = [n for n in free if "." not in n or any(other.startswith(n.partition(".")[0] + ".") for other in names)]
    if not free:
        return None
    module = Module(maker.rng.choice(free))
    at = maker.rng.randint(0, len(names) - 1)
    parts = [(name, world.modules[name]) for name in names]
    parts.insert(at, (module.name, module))
    world.modules.clear()
    world.modules.update(parts)
    fill(maker, module, maker.rng.randint(1, 4))
    user = maker.rng.choice([other for _, other in parts[at + 1 :]])
    user.items.insert(0, Item("import", "", [f"import {ref(module.name, '', '@module')}"]))
    if item := maker.new(user, "number", "NEW"):
        user.items.append(item)
    return f"add module {module.name}, used by {user.name}"


def remove_module(maker: Maker, world: World) -> str | None:
    names = [name for name in world.modules if name != world.entry]
    if not maker.has("bare packages"):  # a package without `__init__` stays a package
        names = [name for name in names if not any(other.startswith(name + ".") for other in names)]
    if len(names) < 2:
        return None
    name = maker.rng.choice(names)
    module = world.modules.pop(name)
    if maker.chance(0.9):
        for item in module.items:
            forget(world, (name, item.name))
        forget(world, (name, ""))
        for ghost in {used for m in world.modules.values() for i in m.items for used, _ in i.refs() if used[0] == name}:
            forget(world, ghost)
    return f"remove module {name}"


def rename_module(maker: Maker, world: World) -> str | None:
    names = [name for name in world.modules if name != world.entry and not any(o.startswith(name + ".") for o in world.modules)]
    if not names:
        return None
    old = maker.rng.choice(names)
    new = old + "x" if not old.endswith("x") else old[:-1]
    for user in world.modules.values():
        user.access = {((new, n) if m == old else (m, n)): style for (m, n), style in user.access.items()}
        for item in user.items:
            item.replace(lambda m: ref(new, m[2], m[3]) if m[1] == old else m[0])
    parts = [(new if name == old else name, module) for name, module in world.modules.items()]
    world.modules[old].name = new
    world.modules.clear()
    world.modules.update(parts)
    return f"rename module {old} to {new}"


def repackage(maker: Maker, world: World) -> str | None:
    """A module becomes a package, or a package without modules in it a module."""
    names = [name for name in world.modules if name != world.entry and not any(o.startswith(name + ".") for o in world.modules)]
    if not names:
        return None
    module = world.modules[maker.rng.choice(names)]
    module.package = not module.package
    return f"{module.name} becomes a {'package' if module.package else 'module'}"


def save_again(maker: Maker, world: World) -> str | None:
    return "save without a change"


EDITS: Mapping[Edit, float] = {
    tweak: 16,
    remake: 10,
    new_body: 10,
    change_member: 8,
    change_base: 3,
    add: 8,
    register: 5,
    remove: 7,
    rename: 5,
    move: 4,
    move_away: 2,
    duplicate: 2,
    layout: 7,
    swap_style: 5,
    more_import: 4,
    docstring: 1,
    exports: 1,
    newlines: 1,
    add_module: 3,
    remove_module: 2,
    rename_module: 1.5,
    repackage: 2,
    save_again: 0.5,
}
