"""Random edits of modules: layout, imports, new, renamed and removed ones."""

from __future__ import annotations

from tests.random_reload.generator import fill
from tests.random_reload.items import new_item
from tests.random_reload.maker import WORDS, Maker
from tests.random_reload.picks import forget, some_item, some_module
from tests.random_reload.world import STYLES, Item, Module, World, ref

# ----------------------------------------------------------------------------------------- layout, imports


def layout(maker: Maker, world: World) -> str | None:
    """Comments and blank lines only."""
    found = some_item(maker, world)
    if found is None:
        return None
    module, item = found
    before = (item.comment, item.blank)
    item.comment, item.blank = maker.rng.choice(("", *WORDS)), maker.rng.randint(0, 3)
    return f"layout of {module.name}" if (item.comment, item.blank) != before else None


def swap_style(maker: Maker, world: World) -> str | None:
    module = some_module(maker, world)
    if not module.access:
        return None
    chosen = maker.rng.choice(list(module.access))
    style = maker.rng.choice(STYLES)
    if module.access[chosen] == style:
        return None
    module.access[chosen] = style
    return f"{module.name} imports {'.'.join(chosen)} by {style}"


def more_import(maker: Maker, world: World) -> str | None:
    module = some_module(maker, world)
    item = new_item(maker, module, maker.rng.choice(("side_effect", "reexport", "optional", "typing_only", "closing")))
    if item is None:
        return None
    maker.insert(module, maker.rng.randint(0, len(module.items)), item)
    return f"import in {module.name}: {item.head[-1]}"


def docstring(maker: Maker, world: World) -> str | None:
    module = some_module(maker, world)
    module.docstring = maker.rng.choice(("", *WORDS))
    return f"docstring of {module.name}"


def exports(maker: Maker, world: World) -> str | None:
    module = some_module(maker, world)
    if not maker.has("exports"):
        return None
    names = sorted({item.name for item in module.items if item.name})
    module.exports = None if module.exports is not None else [name for name in names if maker.chance(0.8)]
    return f"__all__ of {module.name}"


def newlines(maker: Maker, world: World) -> str | None:
    module = some_module(maker, world)
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
    if item := new_item(maker, user, "number", "NEW"):
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
    names = [
        name
        for name in world.modules
        if name != world.entry and not any(o.startswith(name + ".") for o in world.modules)
    ]
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
    names = [
        name
        for name in world.modules
        if name != world.entry and not any(o.startswith(name + ".") for o in world.modules)
    ]
    if not names:
        return None
    module = world.modules[maker.rng.choice(names)]
    module.package = not module.package
    return f"{module.name} becomes a {'package' if module.package else 'module'}"
