"""What edits have in common: choosing a place, and following references through all modules."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from tests.random_reload.maker import Maker
from tests.random_reload.world import TOKEN, Item, Module, Ref, World, ref

Edit: TypeAlias = Callable[[Maker, World], str | None]
"""Changes the world and tells what it did; None when there was nothing to do it to."""


def some_module(maker: Maker, world: World) -> Module:
    return maker.rng.choice(list(world.modules.values()))


def some_item(maker: Maker, world: World, *kinds: str) -> tuple[Module, Item] | None:
    found = [(m, i) for m in world.modules.values() for i in m.items if not kinds or i.kind in kinds]
    return maker.rng.choice(found) if found else None


def outside(line: str, change: Callable[[str], str]) -> str:
    """`change` applied to what is not inside a reference."""
    parts, last = [], 0
    for found in TOKEN.finditer(line):
        parts += [change(line[last : found.start()]), found[0]]
        last = found.end()
    return "".join([*parts, change(line[last:])])


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


def redirect(world: World, old: Ref, new: Ref) -> None:
    for module in world.modules.values():
        if old in module.access:
            module.access[new] = module.access.pop(old)
        for item in module.items:
            item.replace(lambda m: ref(*new, m[3]) if (m[1], m[2]) == old else m[0])
