"""How each screen looks, at two sizes, from a fixed store. `pytest --snapshot-update` takes new pictures."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from fh_dash.tui.widgets import header
from tests.support import dashboard
from tests.support import fake_runtime as story
from tests.support.scenes import NARROW, SCENES, WIDE


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["120x36", "80x24"])
@pytest.mark.parametrize("name", SCENES)
def test_screen(
    name: str, size: tuple[int, int], snap_compare: Callable[..., bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing moved, nothing changed its colour."""
    monkeypatch.setattr(header, "PYTHON", "py 3.13")
    scene = SCENES[name]
    runtime = story.FakeRuntime() if scene.fresh else story.told()
    app = dashboard.make(scene.events(), runtime=runtime, theme=scene.theme)

    async def play(pilot: dashboard.Pilot[int]) -> None:
        await dashboard.settled(app, pilot)
        for key in scene.keys:
            await pilot.press(key)
        await pilot.pause()

    try:
        assert snap_compare(app, terminal_size=size, run_before=play)
    finally:
        app.runtime.stop()


async def test_the_light_theme_has_the_same_text() -> None:
    """Only colours differ."""
    texts = []
    for theme in ("fh-dark", "fh-light"):
        app = dashboard.make(story.story(), theme=theme)
        async with dashboard.running(app):
            texts.append(dashboard.screen(app))

    assert texts[0] == texts[1]
