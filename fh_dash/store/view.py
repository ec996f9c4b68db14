"""What a list shows of its rows: filtered, in display order, addressable by position and by key.

Both views keep their answers stable between calls of `update`, so that drawing never meets a moving list.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Any, Generic, Protocol, TypeVar

from fh_dash.store.filters import NOTHING, Filter
from fh_dash.store.ring import Ring

T = TypeVar("T")


class View(Protocol):
    total: int
    """Rows before the filter (what is hidden by default is not counted)."""

    def __len__(self) -> int: ...
    def update(self) -> None: ...
    def at(self, position: int) -> Any: ...
    def key(self, position: int) -> Hashable: ...
    def position(self, key: Hashable) -> int | None: ...
    def filter(self, wanted: Filter) -> None: ...


class RingView(Generic[T]):
    """Rows of a ring; the key is the serial number. New rows come in at the live end."""

    def __init__(self, ring: Ring[T], *, newest_first: bool = False) -> None:
        self.ring, self.newest_first = ring, newest_first
        self.hidden: Callable[[T], bool] | None = None
        """Rows that are left out before the filter is asked."""
        self.wanted = NOTHING
        self.total = 0
        self._serials: Sequence[int] = range(0)
        self._seen = 0
        self._counted: list[int] = []

    def filter(self, wanted: Filter) -> None:
        self.wanted = wanted
        self.again()

    def hide(self, hidden: Callable[[T], bool] | None) -> None:
        self.hidden = hidden
        self.again()

    def again(self, since: int = 0) -> None:
        """Look at the rows from serial `since` on again: they were rewritten."""
        self._seen = min(self._seen, since)
        if isinstance(self._serials, list):
            del self._serials[bisect_left(self._serials, since) :]
        del self._counted[bisect_left(self._counted, since) :]
        self.update()

    def update(self) -> None:
        first, end = self.ring.first, self.ring.end
        if not self.wanted and self.hidden is None:
            self._serials, self._seen, self.total = range(first, end), end, end - first
            return
        kept = self._serials if isinstance(self._serials, list) else []
        if kept is not self._serials:
            self._seen, self._counted = 0, []
        self._forget(kept, first)
        self._take(kept, max(first, self._seen), end)
        self._serials, self._seen = kept, end
        self.total = len(self._counted) if self.hidden else end - first

    def _forget(self, kept: list[int], first: int) -> None:
        del kept[: bisect_left(kept, first)]
        del self._counted[: bisect_left(self._counted, first)]

    def _take(self, kept: list[int], start: int, end: int) -> None:
        hidden, wanted = self.hidden, self.wanted
        for serial in range(start, end):
            row = self.ring[serial]
            if hidden is not None:
                if hidden(row):
                    continue
                self._counted.append(serial)
            if wanted(row):
                kept.append(serial)

    def __len__(self) -> int:
        return len(self._serials)

    def key(self, position: int) -> int:
        return self._serials[-1 - position if self.newest_first else position]

    def at(self, position: int) -> T | None:
        """None when the row was dropped since the last `update`."""
        return self.ring.get(self.key(position))

    def position(self, key: Hashable) -> int | None:
        if not isinstance(key, int):
            return None
        index = bisect_left(self._serials, key)
        if index >= len(self._serials) or self._serials[index] != key:
            return None
        return len(self._serials) - 1 - index if self.newest_first else index

    def newer_than(self, serial: int) -> int:
        """How many of the rows shown came in at or after `serial`."""
        return len(self._serials) - bisect_left(self._serials, serial)


class TableView(Generic[T]):
    """Rows of a list that is made anew on each `update`."""

    def __init__(self, rows: Callable[[], Iterable[T]], key: Callable[[T], Hashable]) -> None:
        self._read, self._key = rows, key
        self.wanted = NOTHING
        self.total = 0
        self._rows: list[T] = []
        self._index: dict[Hashable, int] = {}

    def filter(self, wanted: Filter) -> None:
        self.wanted = wanted
        self.update()

    def update(self) -> None:
        rows = list(self._read())
        self.total = len(rows)
        self._rows = [row for row in rows if self.wanted(row)]
        self._index = {self._key(row): i for i, row in enumerate(self._rows)}

    def __len__(self) -> int:
        return len(self._rows)

    def at(self, position: int) -> T:
        return self._rows[position]

    def key(self, position: int) -> Hashable:
        return self._key(self._rows[position])

    def position(self, key: Hashable) -> int | None:
        return self._index.get(key)
