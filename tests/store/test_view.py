from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from fh_dash.store.filters import Filter
from fh_dash.store.ring import Ring
from fh_dash.store.view import RingView, TableView


def even(row: object) -> bool:
    return isinstance(row, int) and row % 2 == 0


EVEN = Filter("even", (even,))


def shown(view: RingView[int]) -> list[int | None]:
    return [view.at(i) for i in range(len(view))]


def test_newest_first_and_positions() -> None:
    """Positions are those on the screen, keys those of the ring."""
    ring: Ring[int] = Ring(10)
    for i in range(4):
        ring.append(i)
    view = RingView(ring, newest_first=True)
    view.update()

    assert shown(view) == [3, 2, 1, 0]
    assert view.position(view.key(1)) == 1
    assert view.position(99) is None
    assert view.position("x") is None


def test_filter_keeps_up_with_new_rows() -> None:
    """Only what is new is looked at, and what was dropped goes."""
    ring: Ring[int] = Ring(4)
    view = RingView(ring)
    view.filter(EVEN)
    for i in range(6):
        ring.append(i)
        view.update()

    assert shown(view) == [2, 4]
    assert view.total == 4
    assert view.newer_than(4) == 1


def test_hidden_rows_do_not_count() -> None:
    """`12 of 340` counts what could be seen, not what is hidden by default."""
    ring: Ring[int] = Ring(100)
    for i in range(10):
        ring.append(i)
    view = RingView(ring)
    view.hide(lambda row: row < 4)

    assert (len(view), view.total) == (6, 6)
    view.filter(EVEN)

    assert (len(view), view.total) == (3, 6)
    view.hide(None)

    assert (len(view), view.total) == (5, 10)


def test_rewritten_rows_are_looked_at_again() -> None:
    """A progress bar that now matches the filter appears."""
    ring: Ring[int] = Ring(100)
    for i in (1, 3, 5):
        ring.append(i)
    view = RingView(ring)
    view.filter(EVEN)
    ring.replace(1, 4)
    view.again(1)

    assert shown(view) == [4]


@given(st.lists(st.integers(0, 20), max_size=200), st.integers(1, 30), st.integers(1, 7))
def test_incremental_equals_afresh(items: list[int], limit: int, step: int) -> None:
    """Updating after every few rows shows what filtering all rows once would."""
    ring: Ring[int] = Ring(limit)
    view = RingView(ring)
    view.hide(lambda row: row < 3)
    view.filter(EVEN)
    for i, item in enumerate(items):
        ring.append(item)
        if i % step == 0:
            view.update()
    view.update()

    assert shown(view) == [item for item in items[-limit:] if item >= 3 and even(item)]


def test_table_rows_are_found_by_key() -> None:
    """A table is made anew each time; its keys find the rows again."""
    rows = ["b", "a"]
    view = TableView(lambda: rows, key=str.upper)
    view.update()

    assert view.position("A") == 1
    rows.insert(0, "a0")
    view.update()

    assert view.position("A") == 2
    assert (len(view), view.total) == (3, 3)
