"""The store as JSON, to carry what was seen over a full reload into the fresh process."""

from __future__ import annotations

import json
import os
import tempfile
import types
import typing
from collections.abc import Iterable, Iterator
from dataclasses import asdict, fields, is_dataclass, replace
from pathlib import Path
from typing import Any

from fh_dash import events
from fh_dash.store.store import Store

_VERSION = 1
_KINDS: dict[str, type[Any]] = {
    kind.__name__: kind for kind in (events.ReloadResult, events.Serving, events.RequestFinished, events.OutputLine)
}


def dump(store: Store, view: dict[str, Any] | None = None) -> str:
    """The finished rows of `store` and `view` (the screen's own state, plain values) as JSON."""
    rows = [[type(event).__name__, asdict(event)] for event in _events(store)]
    return json.dumps({"version": _VERSION, "view": view or {}, "rows": rows}, ensure_ascii=False)


def load(text: str, store: Store) -> dict[str, Any]:
    """Fill a fresh `store` from `dump`'s text; gives the view back.

    Raises `ValueError` when the text is not of this version.
    """
    data = json.loads(text)
    if not isinstance(data, dict) or data.get("version") != _VERSION:
        raise ValueError("history of another version")
    rows = [decode(_KINDS[name], value) for name, value in data["rows"] if name in _KINDS]
    for event in _renumbered(rows):
        _feed(store, event)
    view = data.get("view")
    return view if isinstance(view, dict) else {}


def save(store: Store, view: dict[str, Any] | None = None) -> Path:
    """Write a private temporary file and give its path."""
    handle, name = tempfile.mkstemp(prefix="fh-dash-", suffix=".json")
    with os.fdopen(handle, "w", encoding="utf-8", errors="surrogatepass") as file:
        file.write(dump(store, view))
    return Path(name)


def restore(path: str | os.PathLike[str], store: Store) -> dict[str, Any]:
    """Load and delete what `save` wrote. A file that is gone or not readable is no history, not an error."""
    file = Path(path)
    try:
        text = file.read_text(encoding="utf-8", errors="surrogatepass")
        file.unlink()
        return load(text, store)
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def _events(store: Store) -> Iterator[Any]:
    yield from store.reloads.rows
    yield from (row for row in store.requests.rows if isinstance(row, events.RequestFinished))
    yield from (replace(line, partial=False) for line in store.output.rows)


def _feed(store: Store, event: Any) -> None:
    """Rows only: the header belongs to the process that runs now."""
    if isinstance(event, events.ReloadResult):
        store.reloads.reloaded(event)
    elif isinstance(event, events.Serving):
        store.reloads.serving(event)
    elif isinstance(event, events.RequestFinished):
        store.requests.finished(event)
    else:
        store.output.written(event)


def _renumbered(rows: list[Any]) -> Iterable[Any]:
    """Request ids begin again at 1 in the fresh process; the old ones go below zero and keep their order."""
    ids = [row.id for row in rows if isinstance(row, events.RequestFinished)]
    shift = max(ids, default=0) + 1
    for row in rows:
        if isinstance(row, events.RequestFinished):
            yield replace(row, id=row.id - shift)
        elif isinstance(row, events.OutputLine) and row.request:
            yield replace(row, request=row.request - shift)
        else:
            yield row


# ------------------------------------------------------------------------------- dataclasses from plain values


def decode(kind: Any, value: Any) -> Any:
    """`value` (from JSON) as `kind`: a dataclass, a tuple of something, an optional, or a plain value."""
    if value is None or kind is Any:
        return value
    if isinstance(kind, type) and is_dataclass(kind):
        hints = _hints(kind)
        known = {field.name for field in fields(kind)} & value.keys()
        return kind(**{name: decode(hints[name], value[name]) for name in known})
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        return decode(next(a for a in arguments if a is not type(None)), value)
    if origin is tuple:
        inner = arguments[0] if len(arguments) == 2 and arguments[1] is Ellipsis else Any
        return tuple(decode(inner, item) for item in value)
    return value


_CACHE: dict[Any, dict[str, Any]] = {}


def _hints(kind: Any) -> dict[str, Any]:
    if kind not in _CACHE:
        _CACHE[kind] = typing.get_type_hints(kind)
    return _CACHE[kind]
