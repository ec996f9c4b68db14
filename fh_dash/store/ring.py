"""A list that forgets its oldest items, whose items keep the number they came in with."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

T = TypeVar("T")

_SLACK = 1024


class Ring(Generic[T]):
    """At most `limit` items and about `max_bytes` bytes, addressed by serial number.

    Serial numbers count from 0 over the whole run and are never given twice, so a reader can hold on to one
    while older items go: `first <= serial < end` says whether it is still there.
    """

    def __init__(self, limit: int, max_bytes: int | None = None, size: Callable[[T], int] = lambda item: 0) -> None:
        if limit < 1:
            raise ValueError("a ring holds at least one item")
        self._items: list[T] = []
        self._start = 0
        self._limit, self._max_bytes, self._size = limit, max_bytes, size
        self.first = 0
        self.bytes = 0

    @property
    def end(self) -> int:
        """The serial number of the next item."""
        return self.first + len(self)

    @property
    def dropped(self) -> int:
        return self.first

    def __len__(self) -> int:
        return len(self._items) - self._start

    def __iter__(self) -> Iterator[T]:
        return iter(self._items[self._start :])

    def __getitem__(self, serial: int) -> T:
        if not self.first <= serial < self.end:
            raise KeyError(serial)
        return self._items[self._start + serial - self.first]

    def get(self, serial: int | None) -> T | None:
        return self[serial] if serial is not None and self.first <= serial < self.end else None

    def last(self, count: int) -> list[T]:
        """The newest `count` items, oldest first."""
        return self._items[max(self._start, len(self._items) - count) :] if count > 0 else []

    def append(self, item: T) -> int:
        """The serial number of `item`; the oldest ones go if there are too many."""
        self._items.append(item)
        self.bytes += self._size(item)
        serial = self.end - 1
        while len(self) > 1 and self._full():
            self._drop()
        return serial

    def replace(self, serial: int, item: T) -> bool:
        """Put `item` in the place of one still held; False when that one is gone."""
        old = self.get(serial)
        if old is None:
            return False
        self.bytes += self._size(item) - self._size(old)
        self._items[self._start + serial - self.first] = item
        return True

    def _full(self) -> bool:
        return len(self) > self._limit or (self._max_bytes is not None and self.bytes > self._max_bytes)

    def _drop(self) -> None:
        self.bytes -= self._size(self._items[self._start])
        self._items[self._start] = None  # type: ignore[assignment]
        self._start += 1
        self.first += 1
        if self._start > _SLACK:
            del self._items[: self._start]
            self._start = 0
