from __future__ import annotations

import re

import pytest

from fh_dash.events import ImportStarted, OutputLine, RequestFinished
from fh_dash.store import Limits
from fh_dash.tui.widgets.requests import RequestRows
from tests.support import fake_runtime as story
from tests.support.dashboard import make, running, screen, settled

WIDE, NARROW = (120, 36), (80, 24)


async def test_the_first_frame_has_everything_in_its_place() -> None:
    """Before anything is known, header, panes and keys stand where they stay."""
    app = make(runtime=story.FakeRuntime())
    async with running(app) as pilot:
        await pilot.pause()
        text = screen(app)

    lines = text.splitlines()
    assert "○ starting   shop/app.py" in lines[0]
    assert lines[1].index("1 Import") < lines[1].index("2 Requests")
    assert "3 Caches" in lines[21]
    assert "No requests yet: o opens the page" in text
    assert "No caches: decorate a slow function with @no_reload_cache" in text
    assert (
        lines[-1].split()
        == "r reload R full reload C clear all / filter ⏎ detail o open ? help q quit ^p palette".split()
    )


async def test_all_is_well() -> None:
    """Header, reload with its reasons, requests, caches and output, as the story goes."""
    app = make(story.story())
    async with running(app) as pilot:
        await pilot.pause()
        text = screen(app)

    for part in (
        "● serving   shop/app.py · gen 14",
        "http://127.0.0.1:5001",
        "p95 7 ms · 142 MB · py 3.",
        "re-run   routes.items  modified",
        "rebound  pages         PRICE, find",
        "+ GET /items/new",
        "- GET /items/old",
        "1 stale · 24 min 18 s saved",
        "body changed since: c adopts the new one",
        "predict    embedding (768,)",
        "✗ ValueError: no such item: 77",
        "56 · 1 running · follow",
    ):
        assert part in text, part


async def test_a_broken_save_is_pinned_and_leaves_with_the_next_good_one() -> None:
    """The panel is as wide as the screen, between header and panes, and goes by itself."""
    app = make(story.broken())
    async with running(app) as pilot:
        await pilot.pause()
        broken = screen(app)
        app.lanes.post(story.reloads()[-1])
        await settled(app, pilot)
        healed = screen(app)

    assert "✗ broken · serving gen 14" in broken.splitlines()[0]
    assert "✗ SyntaxError  shop/app.py:41" in broken.splitlines()[1]
    assert "gen 14 goes on serving · e opens the editor" in broken.splitlines()[1]
    assert "'(' was never closed" in broken
    caret = next(line for line in broken.splitlines() if line.strip("│ ") == "^")
    source = next(line for line in broken.splitlines() if "return Titled" in line)
    assert source[caret.index("^")] == "("
    assert "SyntaxError" not in healed.splitlines()[1]


async def test_the_import_is_on_view() -> None:
    """What is being imported now, for how long, and what was slow."""
    app = make(story.importing(), runtime=story.FakeRuntime())
    async with running(app) as pilot:
        await pilot.pause()
        text = screen(app)

    assert "◐ importing 5 s" in text
    assert "1 Import" in text
    assert "Importing 5.40 s" in text
    assert "▸ transformers.models.auto  1.30 s" in text
    assert "torch._C" in text


async def test_narrow_has_one_pane_and_a_line_for_each_other() -> None:
    """At 80x24 the panes are tabs with a summary."""
    app = make(story.story())
    async with running(app, NARROW) as pilot:
        await pilot.press("2")
        await pilot.pause()
        lines = screen(app).splitlines()

    assert "2 Requests" in lines[1]
    assert [line.split()[0] for line in lines[-6:-1]] == ["1", "3", "4", "5", "6"]
    assert "9 ms median" in lines[-6]
    assert all(len(line) <= 80 for line in lines)


async def test_columns_leave_instead_of_wrapping() -> None:
    """Narrower panes show fewer columns of the same row."""
    row = RequestFinished(1, story.NOW, "GET", "/items", "", 200, 3.0, 0.0, 4120, "routes.items.index", 14)
    app = make()
    async with running(app) as pilot:
        await pilot.pause()
        rows = app.main.list_named("requests")
        drawn = {width: "".join(text for text, _ in rows.draw(row, width, 0)[0]) for width in (40, 50, 60, 100)}

    assert drawn[40].split() == "14:02 GET 200 3 ms /items".split()
    assert drawn[50].split() == "14:02:32 GET 200 3 ms /items".split()
    assert drawn[60].split() == "14:02:32 GET 200 3 ms 4.1 kB /items".split()
    assert drawn[100].split() == "14:02:32 GET 200 3 ms 4.1 kB /items routes.items.index".split()
    assert [len(line) for line in drawn.values()] == [40, 50, 60, 100]


@pytest.mark.parametrize("size", [(80, 24), (99, 30), (100, 30), (120, 36), (189, 50), (250, 70), (40, 10), (20, 5)])
async def test_any_size(size: tuple[int, int]) -> None:
    """Nothing overflows and nothing fails, however small or large the terminal is."""
    app = make(story.broken())
    async with running(app, size) as pilot:
        for key in ("2", "enter", "escape", "5", "z", "question_mark", "escape", "slash"):
            await pilot.press(key)
        await pilot.pause()

        assert all(len(line) <= size[0] for line in screen(app).splitlines())


async def test_huge_terminals_show_all_six() -> None:
    """From 190 columns on nothing is hidden."""
    app = make(story.story())
    async with running(app, (220, 60)) as pilot:
        await pilot.pause()
        text = screen(app)

    assert all(
        f"{i} {name}" in text
        for i, name in enumerate(("Reloads", "Requests", "Caches", "Output", "Modules", "Routes"), 1)
    )


async def test_noise_is_hidden_until_asked_for() -> None:
    """Static files come and go with s."""
    app = make(story.story())
    async with running(app) as pilot:
        await pilot.press("2")
        before = screen(app)
        await pilot.press("s", "end")
        await pilot.pause()
        rows = app.main.rows

        assert isinstance(rows, RequestRows)
        assert "app.css" not in before
        assert rows.view.total == 57


async def test_what_arrives_is_drawn_in_one_go() -> None:
    """A burst is taken in by one drain, and producers never wait."""
    app = make()
    async with running(app) as pilot:
        await pilot.pause()
        for i in range(5000):
            app.lanes.post(OutputLine(story.NOW, "stdout", f"line {i}"))
        await settled(app, pilot)

        assert app.store.output.rows.end == 5000
        assert "line 4999" in screen(app)
        assert len(app.main.list_named("output").children) == 0


async def test_what_the_lists_let_go_is_told() -> None:
    """Requests and lines that there was no room for are counted, in the inbox as in the lists."""
    app = make(story.story(), limits=Limits(requests=5))
    app.lanes.requests.dropped = app.lanes.output.dropped = 1000
    async with running(app):
        titles = screen(app)

    assert re.search(r"2 Requests .* · 1,0\d\d gone · follow", titles)
    assert re.search(r"4 Output .* 1,000 gone · \d+ lines", titles)


async def test_output_repeats_neither_time_nor_source() -> None:
    """Lines of the same second and writer are one block."""
    app = make([OutputLine(story.NOW, "log", text, "INFO", "db") for text in ("one", "two")])
    async with running(app) as pilot:
        await pilot.pause()
        text = screen(app)

    assert text.count("14:02:32") == 1
    assert text.count(" db ") == 1


async def test_an_unfinished_import_stops_with_the_failure() -> None:
    """A failed start shows the error, not a clock that runs for ever."""
    from fh_dash.events import LoadFailed

    app = make([ImportStarted("app", story.NOW - 3, True), LoadFailed(story.MISSING, story.NOW)])
    async with running(app) as pilot:
        await pilot.pause()
        text = screen(app)

    assert "✗ broken · not serving" in text
    assert "the next good save starts the app" in text
    assert "No module named 'sentence_transformers'" in text
    assert "1 Reloads" in text
