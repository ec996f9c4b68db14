"""A bounded, thread-safe inbox: producers append and go on, one reader drains."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Inbox(Generic[T]):
    """Events on their way from the threads that make them to the one that shows them.

    `put` never blocks: when `limit` events wait, or more than `max_bytes` by what `size` says, the oldest are dropped
    and counted. `wake` is called once per burst, from the producer's thread, when the inbox was empty before; it must
    return at once.
    """

    def __init__(
        self,
        limit: int = 20_000,
        wake: Callable[[], object] | None = None,
        *,
        max_bytes: int = 0,
        size: Callable[[T], int] = lambda item: 0,
    ) -> None:
        self._items: deque[T] = deque()
        self._lock = threading.Lock()
        self._limit, self._max_bytes, self._size = limit, max_bytes, size
        self._bytes = 0
        self.wake = wake
        self.dropped = 0

    def put(self, item: T) -> None:
        with self._lock:
            first = not self._items
            self._bytes += self._size(item)
            while self._items and (len(self._items) >= self._limit or self._bytes > self._max_bytes > 0):
                self._bytes -= self._size(self._items.popleft())
                self.dropped += 1
            self._items.append(item)
        if first and self.wake is not None:
            self.wake()

    def __len__(self) -> int:
        return len(self._items)

    def drain(self) -> list[T]:
        """Everything that waits, oldest first; the inbox is empty afterwards."""
        with self._lock:
            items, self._items, self._bytes = self._items, deque(), 0
        return list(items)
