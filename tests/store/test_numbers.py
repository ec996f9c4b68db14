from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fh_dash.store import units
from fh_dash.store.numbers import Rate, median, percentile, sparkline


def test_percentiles_are_values_that_occurred() -> None:
    """No number is made up: a percentile is one of the values."""
    assert percentile([], 0.95) is None
    assert percentile([5.0], 0.95) == 5.0
    assert median([3.0, 1.0, 2.0]) == 2.0
    assert percentile(range(1, 101), 0.95) == 95


@given(st.lists(st.floats(0, 1e9), min_size=1), st.floats(0, 1))
def test_percentile_covers_its_share(values: list[float], share: float) -> None:
    """At least the asked share of the values does not exceed it."""
    result = percentile(values, share)

    assert result in values
    assert sum(value <= result for value in values) >= share * len(values) - 1e-6


def test_sparkline_of_an_even_series_is_low_and_flat() -> None:
    """A steady series reads as a calm line, one slow reload as a full bar that flattens nothing."""
    assert sparkline([10, 10, 10], 12) == "▃▃▃"
    assert sparkline([10, 10, 10, 900, 10], 12) == "▃▃▃█▃"
    assert sparkline([], 12) == ""
    assert sparkline([0.0, 0.0], 12) == "▁▁"
    assert len(sparkline(list(range(100)), 12)) == 12


def test_rate_counts_whole_seconds_only() -> None:
    """The running second is left out, and what is older than the window is forgotten."""
    rate = Rate(window=5.0)
    for second in range(100, 105):
        rate.add(second + 0.5, 10)

    assert rate.at(105.2) == 10
    assert rate.at(107.2) == 6
    assert rate.at(120) == 0


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.2, "<1 ms"), (3.4, "3 ms"), (999.4, "999 ms"), (999.6, "1.00 s"), (12_400, "12.4 s"), (65_000, "1 min 05 s")],
)
def test_milliseconds(value: float, text: str) -> None:
    """Durations change their unit instead of growing digits."""
    assert units.milliseconds(value) == text


@pytest.mark.parametrize(
    ("value", "text"), [(0, "0 B"), (999, "999 B"), (4120, "4.1 kB"), (1_500_000, "1.5 MB"), (250_000, "250 kB")]
)
def test_sizes(value: int, text: str) -> None:
    """Bytes in decimal units with at most three digits."""
    assert units.size(value) == text


def test_long_spans() -> None:
    """Hours and minutes, without a jump in the notation."""
    assert units.seconds(1435) == "23 min 55 s"
    assert units.seconds(3660) == "1 h 01 min"
    assert units.age(0.2) == "now"
    assert units.age(7201) == "2 h"
    assert units.count(1, "miss", "misses") == "1 miss"
    assert units.count(2, "miss", "misses") == "2 misses"
