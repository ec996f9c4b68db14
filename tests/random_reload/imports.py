"""Random import statements in all their forms, beside those that references need."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tests.random_reload.maker import NUMBER_USES, Make, Maker
from tests.random_reload.world import Item, Module, Ref, ref

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
        module_name, attribute = ref(target, item.name, "@module"), ref(target, item.name, "@name")
        source = f'{local} = importlib.import_module("{module_name}").{attribute}'
    elif maker.chance(0.2):
        source = f"{local} = {maker.use(module, target, item.name, '!{}')}"
    return Item(item.kind, local, [source])


def _optional(maker: Maker, module: Module, name: str) -> Item | None:
    found = maker.pick(module, "number", "func", foreign=True)
    if found is None:
        return None
    target, item = found
    local = f"{item.name}_maybe"
    fallback = "-1" if item.kind == "number" else "lambda: 0"
    # `!!`: this import may fail, so the reference stays when the name goes
    source = f"    from {ref(target, item.name, '@module')} import {ref(target, item.name, '@name')} as {local}"
    return Item(item.kind, local, ["try:", source, "except ImportError:", f"    {local} = {fallback}"])


def _side_effect(maker: Maker, module: Module, name: str) -> Item | None:
    below = list(maker.world.modules)[: maker.layer(module)]
    if not below:
        return None
    return Item("import", "", [f"import {ref(maker.rng.choice(below), '', '@module')}"])


def _closing(maker: Maker, module: Module, name: str) -> Item | None:
    """An import of a module above: what stands below it may look at what that one has put here."""
    names = list(maker.world.modules)
    above = [other for other in names[maker.layer(module) + 1 :] if not other.startswith(f"{module.name}.")]
    users = [other for other in above if module.name in {target for (target, _), _ in _refs(maker, other)}]
    if not users or not maker.has("closing imports"):
        return None
    return Item("import", "", [f"import {ref(maker.rng.choice(users), '', '@module')}"])


def _refs(maker: Maker, module: str) -> Iterator[tuple[Ref, str]]:
    return (found for item in maker.world.modules[module].items for found in item.refs())


def _typing_only(maker: Maker, module: Module, name: str) -> Item | None:
    found = maker.pick(module, "class", later=True, foreign=True)
    if found is None:
        return None
    source = f"    from {ref(found[0], found[1].name, '@module')} import {ref(found[0], found[1].name, '@name')}"
    return Item("import", "", ["if typing.TYPE_CHECKING:", source])


MAKERS: Mapping[str, Make] = {
    "reexport": _reexport,
    "optional": _optional,
    "side_effect": _side_effect,
    "typing_only": _typing_only,
    "closing": _closing,
}
