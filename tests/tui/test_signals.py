from __future__ import annotations

import pytest

from fh_dash.tui.signals import Asked

WAYS = {
    "once": ((), 1, ["end 130"]),
    "twice": ((), 2, ["end 130", "end 130", "hurry"]),
    "thrice while the screen is up": ((), 3, ["end 130", "end 130", "hurry", "end 130"]),
    "after q": (("left",), 1, ["hurry"]),
    "twice after q": (("left",), 2, ["hurry", "leave 130"]),
}


@pytest.mark.parametrize("way", WAYS)
def test_each_signal_is_more_urgent(way: str) -> None:
    """Stop, without waiting for anybody, at once; but never before the terminal is restored."""
    before, times, expected = WAYS[way]
    done: list[str] = []
    asked = Asked(lambda s: done.append(f"end {s}"), lambda: done.append("hurry"), lambda s: done.append(f"leave {s}"))
    if before:
        asked.screen_left()
    for _ in range(times):
        asked(130)

    assert done == expected
    assert asked.signals == times
