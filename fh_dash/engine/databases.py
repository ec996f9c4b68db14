"""Connections to databases in memory: what modules write there while they are imported, a restart would not find."""

from __future__ import annotations

import sys
from typing import Any

from fh_dash.engine.irreversible import Irreversible

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


class Database(Irreversible):
    """How much was changed in a database so far; whoever opened it has to run again for it to be taken back."""

    def __init__(self, connection: Any) -> None:
        self.connection = connection

    def state(self) -> dict[str, Any]:
        changes = getattr(self.connection, "total_changes", 0)
        schema = _ask(self.connection, "PRAGMA schema_version")
        return {f"{changes() if callable(changes) else changes} {schema}": None}
