"""Set the names anew that a module imported from others, without running it."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Set
from typing import Any

from fh_dash.engine.analysis import Analysis, Import
from fh_dash.engine.circles import Arrival
from fh_dash.engine.facts import Facts
from fh_dash.engine.journal import MISSING, Journal
from fh_dash.engine.kinds import is_a
from fh_dash.engine.names import Node
from fh_dash.engine.namespaces import Hidden, given_by_star, given_by_stars, public_names
from fh_dash.engine.places import order_globals
from fh_dash.engine.record import Record
from fh_dash.engine.retry import Again
from fh_dash.engine.values import same_value
from fh_dash.engine.walk import ATOMS

MANY = 1 << 30
"""More lines than a module has."""


def rebind(
    record: Record, facts: Facts, hidden: Hidden, journal: Journal, early: Set[Node], above: int = MANY
) -> list[str]:
    """Give the module the new values of what it holds from others, and note them as facts; the names that changed.

    Not of what others have set: whoever imports that was asked about it at the moment of the import. Nor of `early`,
    which has changed since that moment. Only what the import statements `above` a line bind, if one is given.
    """
    if not facts.values:
        return []
    name, analysis, namespace = record.source.module, record.source.analysis, vars(record.module)
    names, known = [], len(namespace)
    for local, node, line in _bindings(record, namespace, facts, hidden):
        if node in facts.set_on_modules or node in early or line >= above:
            continue
        old, new = facts.values[node]
        if new is MISSING:
            new = _given(analysis, local, hidden)
        if new is MISSING:  # a submodule is an attribute of its package all the same
            new = sys.modules.get(f"{name}.{local}", MISSING)
        held = namespace.get(local, MISSING)
        # an equal value may be another object: the module got it by way of others
        if old is not new and held is not new and same_value(held, old):
            if _may_be_another(analysis, local, old, node[0] in {star.module for star in analysis.stars}):
                raise Again(name, f"has {local} from {node[0]} or from elsewhere")
            _bind(namespace, local, new, journal)
            facts.values[name, local] = (old, new)
            facts.concern([(name, local)])
            if old is MISSING or new is MISSING:
                facts.note_offered(name, local)
            names.append(local)
    for local, had, wanted in list(_offered(analysis, namespace, facts, hidden, above)):
        if local in analysis.binds:  # in a branch that may not have been taken
            raise Again(name, f"has {local} from a star import or from elsewhere")
        _bind(namespace, local, wanted, journal)
        facts.values[name, local] = (facts.values.get((name, local), (had, had))[0], wanted)
        facts.note_offered(name, local)
        names.append(local)
    if len(namespace) > known:
        order_globals(namespace, analysis, given_by_stars(analysis, hidden, facts.is_project_module))
    return names


def _bind(namespace: dict[str, Any], name: str, value: Any, journal: Journal) -> None:
    journal.save_mapping(namespace)
    if value is MISSING:
        namespace.pop(name, None)
    else:
        namespace[name] = value


def _may_be_another(analysis: Analysis, name: str, value: Any, from_star: bool) -> bool:
    """Whether a name with that value may have it from another statement: 0 is 0, and one object can come two ways."""
    if sum(imported.local == name and not imported.deferred for imported in analysis.imports) > 1:
        return True
    own = [unit.kind for unit in analysis.by_name.get(name, ()) if name in unit.binds]
    return bool({*own} - {"import"} and is_a(value, ATOMS)) or ("import" in own and from_star)


def _bindings(record: Record, namespace: dict[str, Any], facts: Facts, hidden: Hidden) -> list[tuple[str, Node, int]]:
    """Local name, changed node and line, for everything that an import statement bound at import time."""
    analysis = record.source.analysis
    changed = (i for i in analysis.imports if (i.module, i.name or "") in facts.values and i.local and not i.deferred)
    found = [(i.local, (i.module, i.name or ""), i.line) for i in changed if _was_taken(record, i)]
    stars = {star.module: star.line for star in analysis.stars}
    for module, key in [node for node in facts.values if node[0] in stars]:
        old, _ = facts.values[module, key]
        given = vars(sys.modules[module]) if module in sys.modules else {}
        offered = key in public_names(given)
        if not offered and "__all__" in given and (module, "__all__") not in facts.values:
            continue  # it was not offered before, either
        held = old is not MISSING and same_value(namespace.get(key, MISSING), old) and not key.startswith("_")
        free = key not in analysis.binds or key not in namespace  # the statement that binds it was not carried out
        if _bound_behind(analysis, key, stars[module]):
            continue
        if (held or (offered and free)) and key not in hidden.get(module, ()):
            found.append((key, (module, key), stars[module]))
    return [(local, node, line) for local, node, line in found if _given(analysis, local, hidden, line) is MISSING]


def _was_taken(record: Record, imported: Import) -> bool:
    """Whether an import statement was carried out, which may stand in a branch."""
    units, names = record.source.analysis.units, (imported.module, f"{imported.module}.{imported.name}")
    arrivals = (step for step in record.trace if isinstance(step, Arrival) and step.unit < len(units))
    there = (units[step.unit].line == imported.line and step.module in names for step in arrivals)
    return not imported.guarded or any(there)


def _bound_behind(analysis: Analysis, name: str, line: int) -> bool:
    """Whether a statement behind that line binds it in any case."""
    units = analysis.by_name.get(name, ())
    return any(name in unit.binds and unit.line > line and not unit.conditional for unit in units)


def _given(analysis: Analysis, name: str, hidden: Hidden, behind: int = 0) -> Any:
    """What the last star import behind that line that gives a name gives; MISSING when none does."""
    for star in sorted(analysis.stars, key=lambda star: -star.line):
        namespace = vars(sys.modules[star.module]) if star.line > behind and star.module in sys.modules else {}
        if name in given_by_star(namespace, hidden.get(star.module, ())):
            return namespace[name]
    return MISSING


def _offered(
    analysis: Analysis, namespace: dict[str, Any], facts: Facts, hidden: Hidden, above: int
) -> Iterator[tuple[str, Any, Any]]:
    """What a star import gives, or gives no more, because `__all__` has changed: name, old value, new value."""
    for star in (star for star in analysis.stars if star.line < above):
        if (star.module, "__all__") not in facts.values or star.module not in sys.modules:
            continue
        given = vars(sys.modules[star.module])
        before, _ = facts.values[star.module, "__all__"]
        former = before if isinstance(before, list | tuple) else given_by_star(given, ("__all__",))
        offered = public_names(given)
        for key in dict.fromkeys([*offered, *former]):
            wanted = given.get(key, MISSING) if key in offered else _given(analysis, key, hidden)
            had = namespace.get(key, MISSING)
            came = key in offered and key not in former
            from_there = came or had is MISSING or same_value(had, given.get(key, MISSING))
            later = _bound_behind(analysis, key, star.line) or _given(analysis, key, hidden, star.line) is not MISSING
            if had is not wanted and from_there and not later and key not in hidden.get(star.module, ()):
                yield key, had, wanted
