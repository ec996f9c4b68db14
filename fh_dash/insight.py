"""What the dashboard asks about beyond events: what a cache holds."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from typing import Any

from fh_dash.events import CacheValue

MOST_VALUES = 200
MOST_OBJECTS = 20_000
"""So many objects inside a value are counted; beyond, its size is a lower bound."""
_KEY = 120
_LEAVES = (str, bytes, bytearray, int, float, complex, bool, type(None))


def cache_values(key: str) -> tuple[CacheValue, ...]:
    """What the cache named `CacheState.key` holds, oldest first; empty when it is not known."""
    from fh_dash.engine.keep import registry

    memo = registry.memo(key)
    if memo is None:
        return ()
    with memo.lock:
        held = list(memo.values.items())[:MOST_VALUES]
    return tuple(CacheValue(_arguments(key), type(value).__name__, *_size(value)) for key, value in held)


def _arguments(key: object) -> str:
    """A key of `functools` as the call that made it: `1, b=3`.

    Only `repr` of plain values is asked for: what else is a key belongs to the app, and may do anything.
    """
    parts: Iterable[Any] = key if isinstance(key, list) else (key,)
    words: list[str] = []
    parts = list(parts)
    mark = next((i for i, part in enumerate(parts) if type(part) is object), len(parts))
    words += [_word(part) for part in parts[:mark]]
    named = parts[mark + 1 :]
    words += [f"{name}={_word(value)}" for name, value in zip(named[::2], named[1::2], strict=False)]
    return ", ".join(words)


def _word(value: object) -> str:
    if isinstance(value, _LEAVES):
        text = repr(value)
        return text if len(text) <= _KEY else text[:_KEY] + "…"
    if type(value) is tuple and len(value) <= 8:
        return f"({', '.join(map(_word, value))})"
    return f"<{type(value).__name__}>"


def _size(value: object) -> tuple[int, bool]:
    """Bytes that hang on `value`, and whether that is all of it."""
    total, seen, todo = 0, set[int](), [value]
    while todo:
        item = todo.pop()
        if id(item) in seen or isinstance(item, type):
            continue
        if len(seen) >= MOST_OBJECTS:
            return total, False
        seen.add(id(item))
        total += _own(item)
        todo += _inside(item)
    return total, True


def _own(item: object) -> int:
    try:
        array = getattr(item, "nbytes", None)  # arrays and tensors hold their numbers elsewhere
        own = sys.getsizeof(item)
    except Exception:
        return 0
    return own + array if type(array) is int and not isinstance(item, memoryview) and array > own else own


def _inside(item: object) -> Iterator[object]:
    if type(item) is dict:
        for pair in list(item.items()):
            yield from pair
    elif type(item) in (list, tuple, set, frozenset):
        yield from list(item)  # type: ignore[call-overload]
    elif not isinstance(item, _LEAVES) and isinstance(fields := getattr(item, "__dict__", None), dict):
        yield from list(fields.values())
