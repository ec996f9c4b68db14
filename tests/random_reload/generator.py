"""Seeded projects: some modules in layers, plain ones and packages, full of random items that use each other."""

from __future__ import annotations

from random import Random

from tests.random_reload.items import new_item
from tests.random_reload.maker import Maker
from tests.random_reload.world import Item, Module, World, ref

_PLAIN = ("util", "conf", "model", "store", "views", "admin")
_PACKAGES = {
    "pkg": ("pkg.one", "pkg.two", "pkg.three"),
    "lib": ("lib.base", "lib.sub", "lib.sub.deep"),
}


def make_world(rng: Random, size: int = 6, features: frozenset[str] = frozenset()) -> World:
    """A project with about `size` modules; it need not be valid."""
    world = World({})
    maker = Maker(rng, world, features)
    for name, package in _layout(rng, size, features):
        module = Module(name, package=package)
        world.modules[name] = module
        fill(maker, module, rng.randint(1, 6))
    _reach_all(maker, world)
    if maker.has("closing imports") and rng.random() < 0.4:
        _close(maker, rng.choice(list(world.modules.values())))
    return world


def fill(maker: Maker, module: Module, count: int) -> None:
    for _ in range(count):
        item = new_item(maker, module)
        if item is not None:
            maker.insert(module, len(module.items), item)
    if maker.chance(0.1):
        module.docstring = module.name
    if maker.chance(0.06) and maker.has("exports"):
        module.exports = [item.name for item in module.items if item.name and maker.chance(0.7)]


def _layout(rng: Random, size: int, features: frozenset[str]) -> list[tuple[str, bool]]:
    """Module names in layers, the entry last; True for packages."""
    names = [(name, False) for name in rng.sample(_PLAIN, rng.randint(1, min(len(_PLAIN), size - 1)))]
    if rng.random() < 0.6:
        package = rng.choice(list(_PACKAGES))
        inner = _PACKAGES[package][: rng.randint(1, 3)]
        names += [(name, any(other.startswith(f"{name}.") for other in inner)) for name in inner]
        rng.shuffle(names)
        if "bare packages" not in features or rng.random() < 0.85:  # else without `__init__`
            names.insert(rng.choice((0, len(names))), (package, True))
    return [*names, ("app", False)]


def _reach_all(maker: Maker, world: World) -> None:
    """Let something import each module."""
    names, rng = list(world.modules), maker.rng
    for number, name in enumerate(names[:-1]):
        users = [world.modules[other] for other in names[number + 1 :]]
        if rng.random() < 0.9 and not any(_uses(user, name) for user in users):
            user = rng.choice(users)
            maker.insert(user, 0, Item("import", "", [f"import {ref(name, '', '@module')}"]))


def _close(maker: Maker, module: Module) -> None:
    """At the end of a module one that uses it is imported, and more comes after that."""
    if (item := new_item(maker, module, "closing")) is not None:
        module.items.append(item)
        fill(maker, module, maker.rng.randint(1, 3))


def _uses(user: Module, name: str) -> bool:
    return any(target == name for item in user.items for (target, _), _ in item.refs())
