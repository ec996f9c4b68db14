"""Containers outside the project that programs add to while they are imported."""

from __future__ import annotations

import logging
import os
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from fh_dash.engine.names import Node
from fh_dash.engine.tracked import Tracked
from fh_dash.engine.uses import CONVERTORS

_LOGGER = {"level": logging.NOTSET, "propagate": True, "disabled": False}


def _loggers() -> Iterator[Tracked]:
    for logger in (logging.root, *logging.root.manager.loggerDict.values()):
        if isinstance(logger, logging.Logger):
            yield Tracked(("logging", "handlers"), logger.handlers, fresh=[])
            yield Tracked(("logging", "filters"), logger.filters, fresh=[])
            yield Tracked(("logging", "level"), vars(logger), only=frozenset(_LOGGER), fresh=_LOGGER)


def _import_system() -> Iterator[Tracked]:
    for name in ("path", "meta_path", "path_hooks"):
        yield Tracked(("sys", name), getattr(sys, name))


def _environ() -> Iterator[Tracked]:
    yield Tracked(("os", "environ"), os.environ._data)  # type: ignore[attr-defined]


def _warnings() -> Iterator[Tracked]:
    yield Tracked(("warnings", "filters"), warnings.filters)


CONTAINERS: Mapping[str, Callable[[], Iterable[Tracked]]] = {
    "logging": _loggers,
    "sys": _import_system,
    "os": _environ,
    "dotenv": _environ,
    "warnings": _warnings,
}
"""Imported package -> containers of it; what a module adds there is taken back like its registrations."""


def _sqlmodel() -> Iterator[tuple[Node, Any]]:
    base = getattr(sys.modules.get("sqlmodel"), "SQLModel", None)
    for name in ("metadata", "_sa_registry"):
        if hasattr(base, name):
            yield ("", "sqlmodel"), getattr(base, name)


OBJECTS: Mapping[str, Callable[[], Iterable[tuple[Node, Any]]]] = {"sqlmodel": _sqlmodel}
"""Imported package -> objects of it that keep registrations of all modules."""


def _convertors() -> Tracked:
    return Tracked(CONVERTORS, vars(sys.modules[CONVERTORS[0]])[CONVERTORS[1]])


TABLES: Mapping[str, Callable[[], Tracked]] = {CONVERTORS[0]: _convertors}
"""Library module -> its table to which programs add; what the library itself puts there at its import is not theirs."""
