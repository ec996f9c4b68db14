"""Containers outside the project that programs add to while they are imported."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from fh_dash.engine.graph import Node


def _log_handlers() -> Iterator[list[Any]]:
    yield logging.root.handlers
    for logger in list(logging.root.manager.loggerDict.values()):
        if isinstance(logger, logging.Logger):
            yield logger.handlers


LISTS: Mapping[str, Callable[[], Iterable[list[Any]]]] = {
    "logging": _log_handlers,
    "sys": lambda: [sys.path],
}
"""Imported package -> lists of it; what a module adds there is taken back like its registrations."""


def _sqlmodel() -> Iterator[tuple[Node, Any]]:
    base = getattr(sys.modules.get("sqlmodel"), "SQLModel", None)
    for name in ("metadata", "_sa_registry"):
        if hasattr(base, name):
            yield ("", "sqlmodel"), getattr(base, name)


OBJECTS: Mapping[str, Callable[[], Iterable[tuple[Node, Any]]]] = {"sqlmodel": _sqlmodel}
"""Imported package -> objects of it that keep registrations of all modules."""
