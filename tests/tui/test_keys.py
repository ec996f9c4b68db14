from __future__ import annotations

import gc

import pytest

from fh_dash.events import OutputLine, ReloadResult
from fh_dash.tui import bindings
from fh_dash.tui.collector import OLD, hold_off
from fh_dash.tui.screens.ask import AskScreen
from fh_dash.tui.screens.detail import DetailScreen
from fh_dash.tui.screens.texts import help_document
from tests.support import fake_runtime as story
from tests.support.dashboard import make, running, screen, settled

WIDE = (120, 36)


async def test_the_runtime_is_asked() -> None:
    """r reloads, C asks and then clears, c clears a stale cache at once, R asks for a fresh process."""
    app = make(story.story())
    runtime = app.runtime
    assert isinstance(runtime, story.FakeRuntime)
    async with running(app) as pilot:
        await pilot.press("r")
        await pilot.press("C", "n")
        await pilot.press("C", "y")
        await pilot.press("3", "j", "c")
        await pilot.pause()
        assert "cleared prices" in screen(app)
        await pilot.press("R")

    asked = [call for call in runtime.calls if not call.startswith(("run_", "stop"))]
    assert asked == ["reload", "clear_all", "clear shop:prices", "restart"]
    assert app.return_value == 0


async def test_clearing_what_was_dear_asks() -> None:
    """35 seconds are not thrown away by one key."""
    app = make(story.story())
    async with running(app) as pilot:
        await pilot.press("3", "c")
        await pilot.pause()
        assert isinstance(app.screen, AskScreen)
        assert "Clear load_model? It took 35.0 s to compute.   y yes   n no" in screen(app)
        await pilot.press("escape")
        await pilot.pause()

        assert not isinstance(app.screen, AskScreen)
    assert isinstance(app.runtime, story.FakeRuntime)
    assert "clear models:load_model" not in app.runtime.calls


async def test_moving_selects_and_stops_following() -> None:
    """j k g G and the arrows; at the newest row again the list follows."""
    app = make(story.story())
    async with running(app) as pilot:
        await pilot.press("2")
        rows = app.main.rows
        seen = []
        for key in ("j", "down", "k", "G", "g"):
            await pilot.press(key)
            seen.append((rows.cursor, rows.following))

    assert seen == [(1, False), (2, False), (1, False), (55, False), (0, True)]


async def test_new_rows_never_move_the_selection() -> None:
    """While paused the selected row and what is on the screen stay, and the title counts what came."""
    app = make(story.story())
    async with running(app) as pilot:
        await pilot.press("2", "j", "j")
        rows = app.main.rows
        chosen, before = rows.current, screen(app).splitlines()[2:10]
        for i in range(3):
            app.lanes.post(story._request(100 + i, 151.0, "GET", "/new", 200, 1, 1, "pages.new"))
        await settled(app, pilot)
        after = screen(app)

        assert rows.current == chosen
        assert [line[60:118] for line in after.splitlines()[2:10]] == [line[60:118] for line in before]
        assert "+3 new" in after
        await pilot.press("f")
        await pilot.pause()
        assert "/new" in screen(app)
        assert rows.following


async def test_output_follows_at_its_end() -> None:
    """The newest line is at the bottom; k stops, G follows again."""
    app = make([OutputLine(story.NOW, "stdout", f"line {i}") for i in range(100)])
    async with running(app) as pilot:
        await pilot.press("4")
        await pilot.pause()
        assert "line 99" in screen(app)
        await pilot.press(*"kkkkkkkkkkkkkkkkkkkk")
        app.lanes.post(OutputLine(story.NOW, "stdout", "late"))
        await settled(app, pilot)
        assert "late" not in screen(app)
        assert "+1 new" in screen(app)
        await pilot.press("G")
        await pilot.pause()

        assert "late" in screen(app)


async def test_enter_opens_and_esc_goes_back_one_level() -> None:
    """Detail, filter, selection, zoom: Esc leaves one after the other, and never quits."""
    app = make(story.story())
    async with running(app) as pilot:
        await pilot.press("2", "j", "enter")
        await pilot.pause()
        assert isinstance(app.screen, DetailScreen)
        await pilot.press("escape", "z")
        await pilot.pause()
        assert app.main.zoomed
        assert app.main.rows.selected is not None
        await pilot.press("escape")
        assert app.main.rows.selected is None
        await pilot.press("escape", "escape", "escape")
        await pilot.pause()

        assert not app.main.zoomed
        assert app.is_running


async def test_a_detail_covers_all_but_the_header() -> None:
    """What comes meanwhile is told in the header at once, and in the panes when the detail closes."""
    app = make(story.story())
    async with running(app) as pilot:
        await pilot.press("question_mark")
        await pilot.pause()
        app.lanes.post(ReloadResult(15, story.NOW, ("late.py",)))
        await settled(app, pilot)
        await pilot.pause()
        over = screen(app)
        await pilot.press("escape")
        await pilot.pause()

        assert "gen 15" in over.splitlines()[0]
        assert "late.py" not in over
        assert "late.py" in screen(app)


async def test_a_save_does_not_wait_until_a_flood_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """Under load the screen follows at a slower pace, but what became of a save is there at once."""
    app = make(story.story())
    async with running(app) as pilot:
        monkeypatch.setattr("fh_dash.tui.app.PACES", ((0, 3600.0),))
        app.lanes.post(story._request(100, 151.0, "GET", "/first", 200, 1, 1, "pages.new"))
        await settled(app, pilot)
        app.lanes.post(story._request(101, 151.0, "GET", "/second", 200, 1, 1, "pages.new"))
        await pilot.pause(0.1)
        waits = app.lanes.waiting
        app.lanes.post(ReloadResult(15, story.NOW, ("late.py",)))
        await settled(app, pilot)
        await pilot.pause()

        assert waits
        assert "gen 15" in screen(app).splitlines()[0]


async def test_the_old_generation_of_objects_is_left_in_peace_for_longer() -> None:
    """Only while the dashboard runs: afterwards Python's collector is as it was. It rests until the first frame."""
    before = gc.get_threshold()
    app = make(story.story())
    hold_off()
    try:
        async with running(app):
            enabled, while_running = gc.isenabled(), gc.get_threshold()
    finally:
        gc.enable()

    assert enabled
    assert while_running == (before[0], before[1], max(before[2], OLD))
    assert gc.get_threshold() == before


async def test_digits_and_tab_move_between_panes() -> None:
    """1 to 6 by number; Tab and shift+Tab in turn; 5 and 6 take the whole screen."""
    app = make(story.story())
    async with running(app) as pilot:
        names = []
        for key in ("2", "tab", "shift+tab", "4", "5", "6", "1"):
            await pilot.press(key)
            await pilot.pause()
            names.append((app.main.rows.id, app.main.zoomed))

    assert names[0] == ("requests", False)
    assert names[2] == ("requests", False)
    assert names[3:] == [("output", False), ("modules", True), ("routes", True), ("reloads", False)]


async def test_copy_goes_to_the_clipboard() -> None:
    """A request is copied as curl, a reload with its reasons."""
    app = make(story.story())
    copied: list[str] = []
    app.copy_to_clipboard = copied.append  # type: ignore[method-assign]
    async with running(app) as pilot:
        await pilot.press("2", "j", "j", "y")
        await pilot.press("1", "y")
        await pilot.pause()

    assert copied[0] == "curl -X POST http://127.0.0.1:5001/items/add"
    assert "re-run   routes.items  modified" in copied[1]


async def test_quitting_asks_twice_on_ctrl_c() -> None:
    """One Ctrl-C explains, a second one quits."""
    app = make()
    async with running(app) as pilot:
        await pilot.press("ctrl+c")
        await pilot.pause()
        assert "ctrl+c again, or q, stops the server and quits" in screen(app)
        await pilot.press("ctrl+c")

    assert app.return_value == 0


@pytest.mark.parametrize("key", ["q", "ctrl+q"])
async def test_quit(key: str) -> None:
    """q and ctrl+q leave with status 0."""
    app = make()
    async with running(app) as pilot:
        await pilot.press(key)

    assert app.return_value == 0


async def test_a_keymap_by_id() -> None:
    """Other keys for the same action, in footer and help too."""
    app = make(keymap={"reload": "ctrl+r", "pane_output": "l", "quit": "f10,q"})
    assert isinstance(app.runtime, story.FakeRuntime)
    async with running(app) as pilot:
        assert "^r reload" in screen(app)
        assert "F10 quit" in screen(app)
        await pilot.press("r", "ctrl+r", "l")
        await pilot.pause()
        assert app.main.rows.id == "output"
        await pilot.press("question_mark")
        await pilot.pause()
        assert "^r " in screen(app)

    assert app.runtime.calls.count("reload") == 1


def test_every_key_is_in_the_help() -> None:
    """The help is made from the bindings: none is missing, none is without words."""
    text = "\n".join("".join(part for part, _ in line) for line in help_document({}).lines)

    for _, keys in bindings.GROUPS:
        for binding in keys:
            assert binding.id
            assert binding.tooltip
            assert binding.tooltip in text
    ids = [binding.id for _, keys in bindings.GROUPS for binding in keys]
    assert len(ids) == len(set(ids))


async def test_the_palette_holds_the_actions() -> None:
    """Actions of the list in focus are carried out there."""
    app = make(story.story())
    async with running(app) as pilot:
        await pilot.press("2", "ctrl+p")
        await pilot.press(*"filter the pane", "down", "enter")
        await pilot.pause()
        await pilot.press(*"status:404", "enter")
        await pilot.pause()

        assert "1 of 56" in screen(app)


async def test_the_mouse_works() -> None:
    """A click selects, a second opens; the bottom line's keys can be clicked."""
    app = make(story.story())
    async with running(app) as pilot:
        await pilot.click("RequestRows", offset=(5, 3))
        assert app.main.rows.id == "requests"
        assert app.main.rows.cursor == 3
        await pilot.click("RequestRows", offset=(5, 3), times=2)
        await pilot.pause()
        assert isinstance(app.screen, DetailScreen)
        await pilot.press("escape")
        await pilot.click("KeyBar", offset=(2, 0))
        await pilot.pause()

    assert isinstance(app.runtime, story.FakeRuntime)
    assert "reload" in app.runtime.calls


async def test_what_comes_when_the_screens_are_gone() -> None:
    """Timers, workers and the inbox outlive the screens for a moment; they find nothing to draw on and say nothing."""
    app = make(story.story())
    async with running(app):
        pass
    app.lanes.post(story._request(100, 151.0, "GET", "/new", 200, 1, 1, "pages.new"))

    app.tick()
    app.tick_import()
    app.drain()
    app.say("nobody sees this")

    assert not app.screen_stack
    assert not app.lanes.waiting


async def test_the_theme_turns_light() -> None:
    """ctrl+t switches between our two themes, everything repainted."""
    app = make(story.story())
    async with running(app) as pilot:
        await pilot.press("ctrl+t")
        await pilot.pause()

        assert app.theme == "fh-light"
        assert app.palette.background.hex.lower() == "#fbfaf7"


async def test_two_workers_watch_the_two_loops() -> None:
    """They are called server and reload, and their threads are named daemons."""
    app = make()
    async with running(app) as pilot:
        await pilot.pause()
        workers = {worker.name: worker for worker in app.workers}

        assert set(workers) == {"server", "reload"}
        assert all(worker.is_running for worker in workers.values())
        assert [(loop.thread.name, loop.thread.daemon) for loop in app.loops] == [
            ("fh-dash-server", True),
            ("fh-dash-reload", True),
        ]
    app.runtime.stop()
    assert all(loop.join(5) for loop in app.loops)


async def test_a_loop_that_dies_is_told() -> None:
    """An exception in a loop does not vanish with its thread."""
    runtime = story.FakeRuntime()

    def fail() -> None:
        raise SystemExit(3)

    runtime.run_reloader = fail  # type: ignore[method-assign]
    app = make(runtime=runtime)
    async with running(app) as pilot:
        await settled(app, pilot)

        assert "the reload thread ended: SystemExit: 3; R starts afresh" in screen(app)
    runtime.stop()
