from __future__ import annotations

import asyncio
import os

import textual
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from fh_dash.text import visible
from fh_dash.tui import columns
from fh_dash.tui.columns import Column
from fh_dash.tui.paint import cells, clip, cut, cut_left, spread, strip
from fh_dash.tui.places import short
from fh_dash.tui.theme import FH_DARK, palette

PALETTE = palette(FH_DARK)
TEXTS = st.text(max_size=30)
PARTS = st.lists(st.tuples(TEXTS, st.sampled_from(["text", "muted", "error bold"])), max_size=5)


@given(PARTS, st.integers(0, 60), st.integers(0, 5))
def test_a_strip_has_exactly_its_width(parts: list[tuple[str, str]], width: int, indent: int) -> None:
    """Whatever is painted, with wide and combining characters too, nothing shifts."""
    painted = strip(parts, width, PALETTE, indent=indent)

    assert sum(cell_len(segment.text) for segment in painted) == width
    assert all(visible(segment.text) == segment.text for segment in painted)


@given(TEXTS.filter(str.isprintable), st.integers(0, 40))
def test_cutting_keeps_the_width(text: str, width: int) -> None:
    """Cut or padded, a cell text is as wide as asked for."""
    assert cell_len(cut(text, width)) == width
    assert cell_len(cut_left(text, width)) <= width


@given(PARTS, PARTS, st.integers(0, 80))
def test_both_ends_of_a_line(left: list[tuple[str, str]], right: list[tuple[str, str]], width: int) -> None:
    """The right end keeps its place; the left gives way."""
    line = spread(left, right, width)

    assert cells(line) == max(width, cells(right))
    assert cells(clip(left, width)) <= width


def test_columns_share_the_rest() -> None:
    """Fixed columns keep their width, the others share what is left, in the last cell too."""
    table = (Column("a", 3), Column("b", 4, share=1), Column("c", 4, share=2), Column("d", 5, since=100))

    assert [(column.name, width) for column, width in columns.widths(table, 50)] == [("a", 3), ("b", 15), ("c", 28)]
    line = columns.aligned(table, 50, {"a": ("x", "text"), "c": ("y" * 99, "text")})
    assert cells(line) == 50


@given(st.text(max_size=40), st.integers(1, 30), st.booleans(), st.booleans())
def test_a_column_never_overflows(text: str, width: int, right: bool, end: bool) -> None:
    """Any text is fitted into its column."""
    assert cell_len(columns.fitted(text, width, Column("x", width, right=right, end=end))) == width


def test_files_are_named_as_people_name_them() -> None:
    """Of the project by the working directory, of libraries as they are imported, of others by the home folder."""
    assert short(os.path.join(os.getcwd(), "shop", "app.py")) == os.path.join("shop", "app.py")
    assert short(asyncio.__file__) == os.path.join("asyncio", "__init__.py")
    assert short(textual.__file__) == os.path.join("textual", "__init__.py")
    assert short(os.path.expanduser("~/notes.txt")) == os.path.join("~", "notes.txt")
    assert short("items.json") == "items.json"
