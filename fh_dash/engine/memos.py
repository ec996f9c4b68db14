"""What `functools.cache` functions keep: `@cache def registry(): return Registry()`, which many modules fill."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Mapping
from functools import _lru_cache_wrapper
from typing import Any

from fh_dash.engine.irreversible import Irreversible


class Memo(Irreversible):
    """The results that a cached function has made so far; the one that made a new one put something there, too."""

    def __init__(self, function: _lru_cache_wrapper[Any]) -> None:
        self.function = function

    def state(self) -> Mapping[str, Any]:
        return {str(id(result)): result for result in results(self.function)}


def results(function: _lru_cache_wrapper[Any]) -> Iterator[Any]:
    """What it keeps, with the arguments. The garbage collector knows: CPython gives no other way to look at it."""
    referents = gc.get_referents(function)
    own = vars(function)
    at = next((n for n, thing in enumerate(referents) if type(thing) is dict and thing is not own), 0)
    table: dict[Any, Any] = referents[at] if at else {}
    if any(type(kept).__name__ == "_lru_list_elem" for kept in table.values()):  # with `maxsize`: keys and results
        yield from (part for part in referents[:at] if not isinstance(part, type))
    else:
        yield from list(table.values())
