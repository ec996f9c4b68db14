"""Connections to databases in memory: what modules write there while they are imported, a restart would not find."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from types import ModuleType
from typing import Any

from fh_dash.engine.irreversible import Irreversible
from fh_dash.engine.kinds import is_a
from fh_dash.engine.mappings import plain_attribute

_CLASSES = (("sqlite3", "Connection"), ("apsw", "Connection"))


def is_in_memory(thing: object) -> bool:
    """Whether it is a connection of `sqlite3` or `apsw` whose main database is in no file."""
    known = (getattr(sys.modules.get(module), name, None) for module, name in _CLASSES)
    if not any(isinstance(cls, type) and isinstance(thing, cls) for cls in known):
        return False
    return any(name == "main" and not file for _, name, file in _ask(thing, "PRAGMA database_list"))


def _ask(connection: Any, statement: str) -> list[tuple[Any, ...]]:
    try:
        rows = list(connection.execute(statement))
        return [tuple(row.values()) if isinstance(row, dict) else tuple(row) for row in rows]
    except Exception:  # closed, or in use by another thread
        return []


def names_for(connection: object, namespace: Mapping[str, object]) -> Iterator[str]:
    """Globals that are a connection or an object with it: tables, and the database that they belong to."""
    return (name for name, thing in list(namespace.items()) if _has(thing, connection, 3))


def _has(thing: object, connection: object, depth: int) -> bool:
    if thing is connection:
        return True
    attributes = plain_attribute(thing, "__dict__") if depth and not is_a(thing, type | ModuleType) else None
    return type(attributes) is dict and any(_has(part, connection, depth - 1) for part in list(attributes.values()))


class Database(Irreversible):
    """How much was changed in a database so far; whoever opened it has to run again for it to be taken back."""

    def __init__(self, connection: Any) -> None:
        self.connection = connection

    def state(self) -> dict[str, Any]:
        changes = getattr(self.connection, "total_changes", 0)
        schema = _ask(self.connection, "PRAGMA schema_version")
        return {f"{changes() if callable(changes) else changes} {schema}": None}
