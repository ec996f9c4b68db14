"""Median, percentile, rate and sparkline: the arithmetic of the screen."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence

_BARS = "▁▂▃▄▅▆▇█"


def percentile(values: Iterable[float], share: float) -> float | None:
    """The smallest value that `share` (0..1) of `values` do not exceed; None when there are none."""
    ordered = sorted(values)
    if not ordered:
        return None
    rank = -int(-share * len(ordered) // 1)
    return ordered[min(len(ordered), max(1, rank)) - 1]


def median(values: Iterable[float]) -> float | None:
    return percentile(values, 0.5)


def sparkline(values: Sequence[float], width: int) -> str:
    """The newest `width` values as bars.

    A full bar is four medians or more: one slow reload does not flatten all others, and an even series reads
    as a low, calm line.
    """
    shown = values[-width:] if width > 0 else []
    middle = median(shown)
    if not middle:
        return _BARS[0] * len(shown)
    return "".join(_BARS[min(7, max(0, int(value / (4 * middle) * 8)))] for value in shown)


class Rate:
    """Things per second over the last `window` seconds."""

    def __init__(self, window: float = 5.0) -> None:
        self._window = window
        self._buckets: deque[tuple[int, int]] = deque()

    def add(self, time: float, count: int = 1) -> None:
        second = int(time)
        if self._buckets and self._buckets[-1][0] >= second:
            last, seen = self._buckets[-1]
            self._buckets[-1] = (last, seen + count)
        else:
            self._buckets.append((second, count))
        while self._buckets and self._buckets[0][0] < second - self._window - 1:
            self._buckets.popleft()

    def at(self, now: float) -> float:
        """The rate at `now`: whole seconds only, the running one left out, so the number does not flicker."""
        this = int(now)
        return sum(n for second, n in self._buckets if this - self._window <= second < this) / self._window
