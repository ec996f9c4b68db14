"""The choice of the function that describes a row."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from fh_dash.events import (
    CacheState,
    CacheValue,
    ErrorReport,
    Exchange,
    OutputLine,
    ReloadResult,
    RequestFinished,
    RequestStarted,
    Serving,
)
from fh_dash.store import Store
from fh_dash.store.modules import ModuleState
from fh_dash.store.routes import RouteStats
from fh_dash.tui.paint import Line


@dataclass(frozen=True, slots=True)
class Document:
    title: str
    lines: list[Line]
    copy: str = ""
    """What `y` copies; empty: the lines as text."""
    place: tuple[str, int] | None = None
    """What `e` opens."""
    masked: bool = False
    """Something in it is masked until asked for."""


@dataclass(frozen=True, slots=True)
class Context:
    """What a description may need beyond its row."""

    store: Store
    width: int
    slow: float
    secrets: bool = False
    """Show cookies and authorization."""
    exchange: Callable[[int], Exchange | None] = lambda id_: None
    values: Callable[[str], Sequence[CacheValue]] = lambda key: ()


def document(row: Any, context: Context) -> Document:
    """Raises `TypeError` for a row of an unknown kind."""
    # Imported here: they import `Document` from this module.
    from fh_dash.tui.details import caches, errors, modules, output, reloads, requests, routes

    table: dict[type[Any], Callable[[Any, Context], Document]] = {
        ReloadResult: reloads.describe,
        Serving: reloads.describe_start,
        RequestFinished: requests.describe,
        RequestStarted: requests.describe_running,
        CacheState: caches.describe,
        OutputLine: output.describe,
        ModuleState: modules.describe,
        RouteStats: routes.describe,
        ErrorReport: errors.describe,
    }
    if type(row) not in table:
        raise TypeError(f"nothing describes a {type(row).__name__}")
    return table[type(row)](row, context)
