from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fh_dash.store.ring import Ring


def test_serials_stay_while_items_go() -> None:
    """An item keeps the number it came in with until it is dropped."""
    ring: Ring[str] = Ring(2)

    assert [ring.append(text) for text in "abc"] == [0, 1, 2]
    assert (ring.first, ring.end, ring.dropped) == (1, 3, 1)
    assert [ring[1], ring[2]] == ["b", "c"]
    assert ring.get(0) is None
    with pytest.raises(KeyError):
        ring[0]


def test_bytes_limit_keeps_the_newest() -> None:
    """Too many bytes push out the oldest, but the newest item stays however big it is."""
    ring: Ring[str] = Ring(100, 10, len)
    for text in ("aaaa", "bbbb", "cccc"):
        ring.append(text)

    assert list(ring) == ["bbbb", "cccc"]
    ring.append("x" * 50)

    assert list(ring) == ["x" * 50]
    assert ring.bytes == 50


def test_replace_only_what_is_there() -> None:
    """A row can be rewritten in place; one that is gone cannot."""
    ring: Ring[str] = Ring(2, None, len)
    for text in ("a", "b", "c"):
        ring.append(text)

    assert ring.replace(2, "CC")
    assert not ring.replace(0, "A")
    assert list(ring) == ["b", "CC"]
    assert ring.bytes == 3


@given(st.lists(st.integers(0, 9), max_size=5000), st.integers(1, 50))
def test_like_the_end_of_a_list(items: list[int], limit: int) -> None:
    """Whatever comes in, the ring holds the newest `limit` items and counts the rest."""
    ring: Ring[int] = Ring(limit)
    for item in items:
        ring.append(item)

    assert list(ring) == items[-limit:]
    assert ring.last(3) == items[-limit:][-3:]
    assert ring.dropped == max(0, len(items) - limit)
    assert [ring[serial] for serial in range(ring.first, ring.end)] == items[-limit:]
