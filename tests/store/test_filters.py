from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fh_dash.events import OutputLine, RequestFinished, RequestStarted
from fh_dash.store import Store, filters
from tests.support import fake_runtime as story

GET = RequestFinished(1, 1.0, "GET", "/items", "page=2", 200, 12.0, 0.0, 10, "routes.items.index", 3)
POST = replace(GET, id=2, method="POST", path="/api/add", query="", status=503, milliseconds=150.0, htmx=True)
LOST = replace(GET, id=3, path="/favicon", status=404, generation=12, error=story.NO_ITEM)
RUNS = RequestStarted(4, 1.0, "GET", "/events")
ALL = (GET, POST, LOST, RUNS)


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("", [1, 2, 3, 4]),
        ("ITEMS", [1, 2, 3]),
        ("!items", [4]),
        ("page=2", [1, 3]),
        ('"GET 200"', [1]),
        ("status:5xx", [2]),
        ("status:404", [3]),
        ("status:40x", [3]),
        ("!status:2xx", [2, 3, 4]),
        ("method:post", [2]),
        ("method:get|post", [1, 2, 3, 4]),
        ("path:/api", [2]),
        ("handler:items", [1, 2, 3]),
        ("slow:100ms", [2]),
        ("slow:0.1s", [2]),
        ("gen:12", [3]),
        ("gen:>3", [3]),
        ("gen:1-5", [1, 2]),
        ("htmx", [2]),
        ("!htmx", [1, 3, 4]),
        ("error", [3]),
        ("running", [4]),
        ("method:get status:2xx", [1]),
        ("status:", [1, 2, 3, 4]),
        ("!", [1, 2, 3, 4]),
        ("no such item", [3]),
    ],
)
def test_requests(text: str, ids: list[int]) -> None:
    """Each term narrows; a term that is still being typed does not."""
    wanted = filters.parse(text, filters.REQUESTS)

    assert [row.id for row in ALL if wanted(row)] == ids
    assert wanted.error == ""


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("status:nope", "status: takes 404, 4xx or 40x"),
        ("slow:fast", "slow: takes a time like 100ms or 1.5s"),
        ("gen:x", "gen: takes a number, >12 or 10-12"),
    ],
)
def test_nonsense_is_explained(text: str, says: str) -> None:
    """A value that makes no sense is said to be so, and hides nothing."""
    wanted = filters.parse(text, filters.REQUESTS)

    assert wanted.error == says
    assert all(wanted(row) for row in ALL)


def test_unknown_keys_are_text() -> None:
    """`http://x` is looked for as it stands."""
    line = OutputLine(1.0, "stdout", "see http://x.test/a")

    assert filters.parse("http://x", filters.OUTPUT)(line)
    assert not filters.parse("https://x", filters.OUTPUT)(line)


def test_output_levels() -> None:
    """One level, or that level and above."""
    lines = [OutputLine(1.0, "log", "x", level) for level in ("INFO", "WARNING", "ERROR", "")]

    assert [filters.parse("level:warn", filters.OUTPUT)(line) for line in lines] == [False, True, False, False]
    assert [filters.parse("level:warning+", filters.OUTPUT)(line) for line in lines] == [False, True, True, False]
    assert filters.parse("level:loud", filters.OUTPUT).error


STORE = Store("app.py", clock=lambda: story.NOW)
STORE.routes.update(story.ROUTES)
STORE.apply(story.broken())
ROWS: tuple[tuple[filters.Vocabulary, tuple[object, ...]], ...] = (
    (filters.REQUESTS, ALL),
    (filters.OUTPUT, tuple(STORE.output.rows)),
    (filters.RELOADS, tuple(STORE.reloads.rows)),
    (filters.MODULES, tuple(STORE.modules.rows)),
    (filters.CACHES, story.CACHES),
    (filters.ROUTES, tuple(STORE.routes.rows)),
)
WORDS = [f"{key}:" for vocabulary, _ in ROWS for key in vocabulary.keys] + ["!", '"', "5xx", "12", ">", "-", " "]


@given(st.one_of(st.text(max_size=40), st.lists(st.sampled_from(WORDS), max_size=8).map("".join)))
def test_any_text_is_a_filter(text: str) -> None:
    """Nothing that can be typed raises, for no kind of row."""
    for vocabulary, rows in ROWS:
        wanted = filters.parse(text, vocabulary)
        for row in rows:
            assert wanted(row) in (True, False)
