from __future__ import annotations

import os

import pytest
from textual.color import Color
from textual.theme import BUILTIN_THEMES, Theme

from fh_dash.tui import _textual_compat as compat
from fh_dash.tui.theme import CONTRAST, FH_DARK, FH_LIGHT, contrast, palette
from tests.support import fake_runtime as story
from tests.support.dashboard import make, running

THEMES = {**BUILTIN_THEMES, FH_DARK.name: FH_DARK, FH_LIGHT.name: FH_LIGHT}
TEXT = ("text", "muted", "ok", "slow", "error", "stale", "accent")


@pytest.mark.parametrize("name", sorted(THEMES))
def test_text_can_be_read_in_every_theme(name: str) -> None:
    """At least 4.5:1, on the background and on the selected row, in ours and in Textual's own."""
    colors = palette(THEMES[name])

    for role in TEXT:
        for back in (colors.background, colors.raised):
            assert contrast(getattr(colors, role), back) >= CONTRAST - 0.01, role


@pytest.mark.parametrize("theme", [FH_DARK, FH_LIGHT], ids=lambda theme: theme.name)
def test_our_own_colours_need_no_help(theme: Theme) -> None:
    """In our two themes the colours are as they were chosen, and the four meanings differ."""
    colors = palette(theme)

    for got, chosen in ((colors.error, theme.error), (colors.ok, theme.success), (colors.slow, theme.warning)):
        wanted = Color.parse(chosen or "")
        assert max(abs(a - b) for a, b in zip(got.rgb, wanted.rgb, strict=True)) <= 1
    assert len({colors.ok.hex, colors.slow.hex, colors.error.hex, colors.stale.hex}) == 4


def test_contrast_is_that_of_wcag() -> None:
    """Black on white is 21:1."""
    assert round(contrast(Color(0, 0, 0), Color(255, 255, 255))) == 21


async def test_no_color_means_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """With NO_COLOR every cell is a shade of grey."""
    monkeypatch.setitem(os.environ, "NO_COLOR", "1")
    app = make(story.story())
    async with running(app) as pilot:
        await pilot.pause()

        assert app.no_color
        styles = {segment.style for line in compat.strips(app) for segment in line if segment.style}
    colors = {color.triplet for style in styles for color in (style.color, style.bgcolor) if color and color.triplet}
    assert len(colors) > 3
    assert all(max(color) - min(color) <= 2 for color in colors)
