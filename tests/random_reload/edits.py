"""Random edits of a world, as people make them: small, in one place or several, now and then wrong."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random

from tests.random_reload import item_edits, module_edits
from tests.random_reload.maker import Maker
from tests.random_reload.picks import Edit
from tests.random_reload.world import World

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
    maker = Maker(rng, world, features)
    done: list[str] = []
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


def save_again(maker: Maker, world: World) -> str | None:
    return "save without a change"


EDITS: Mapping[Edit, float] = {
    item_edits.tweak: 16,
    item_edits.remake: 10,
    item_edits.new_body: 10,
    item_edits.change_member: 8,
    item_edits.change_base: 3,
    item_edits.add: 8,
    item_edits.register: 5,
    item_edits.remove: 7,
    item_edits.rename: 5,
    item_edits.move: 4,
    item_edits.move_away: 2,
    item_edits.duplicate: 2,
    module_edits.layout: 7,
    module_edits.swap_style: 5,
    module_edits.more_import: 4,
    module_edits.docstring: 1,
    module_edits.exports: 1,
    module_edits.newlines: 1,
    module_edits.add_module: 3,
    module_edits.remove_module: 2,
    module_edits.rename_module: 1.5,
    module_edits.repackage: 2,
    save_again: 0.5,
}
