from __future__ import annotations

from tests.support import fake_runtime as story
from tests.support.dashboard import make, running, screen

WIDE = (120, 36)


async def test_slash_narrows_while_typing() -> None:
    """The title says how many of how many; Enter keeps the filter, Esc in the list clears it."""
    app = make(story.story())
    async with running(app) as pilot:
        await pilot.press("2", "slash", *"status:5xx")
        await pilot.pause()
        assert "1 of 56  /status:5xx" in screen(app)
        assert "⏎ keep  esc clear" in screen(app).splitlines()[-1]
        await pilot.press("enter")
        await pilot.pause()
        assert app.focused is app.main.rows
        assert "1 of 56" in screen(app)
        await pilot.press("escape")
        await pilot.pause()

        assert "56 · 1 running" in screen(app)


async def test_keys_typed_into_the_filter_are_text() -> None:
    """q, r and digits do nothing while one types."""
    app = make(story.story())
    async with running(app) as pilot:
        await pilot.press("2", "slash", *"qrR123?")
        await pilot.pause()

        assert app.main.rows.filter_text == "qrR123?"
        assert app.is_running
    assert isinstance(app.runtime, story.FakeRuntime)
    assert "reload" not in app.runtime.calls


async def test_nonsense_is_said_in_the_title() -> None:
    """A wrong value is explained and hides nothing."""
    app = make(story.story())
    async with running(app) as pilot:
        await pilot.press("2", "slash", *"gen:x")
        await pilot.pause()

        assert "gen: takes a number, >12 or 10-12" in screen(app)
        assert len(app.main.rows.view) == 56


async def test_no_match_says_how_to_get_back() -> None:
    """An empty list never looks like an empty app."""
    app = make(story.story())
    async with running(app) as pilot:
        await pilot.press("2", "slash", *"zzz")
        await pilot.pause()

        assert "Nothing matches the filter: Esc clears it" in screen(app)


async def test_each_pane_has_its_own() -> None:
    """Filters are per pane and survive in the view that a restart carries over."""
    app = make(story.story())
    async with running(app) as pilot:
        await pilot.press("2", "slash", *"htmx", "enter", "3", "slash", *"stale", "enter", "4")
        await pilot.pause()
        view = app.main.view()

    assert view == {
        "pane": "output",
        "zoomed": False,
        "filters": {"requests": "htmx", "caches": "stale"},
        "noise": False,
    }
    again = make(story.story(), view=view)
    async with running(again) as pilot:
        await pilot.pause()

        assert "3 of 56  /htmx" in screen(again)
        assert "1 of 4  /stale" in screen(again)
        assert again.main.rows.id == "output"
