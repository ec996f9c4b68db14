"""Nothing that an app, a client or a file name says can steer, break or fake the screen."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import given, settings
from rich.cells import cell_len
from textual.strip import Strip

from fh_dash.events import ImportStarted
from fh_dash.store import Store
from fh_dash.store.modules import ModuleState
from fh_dash.store.routes import RouteStats
from fh_dash.text import visible
from fh_dash.tui import _textual_compat as compat
from fh_dash.tui.app import DashApp
from fh_dash.tui.details.document import Context, document
from fh_dash.tui.paint import Line, content, strip
from fh_dash.tui.screens.detail import DetailScreen
from fh_dash.tui.screens.texts import imports_document, urls_document
from fh_dash.tui.theme import FH_DARK, palette
from fh_dash.tui.widgets import caches, modules, output, reloads, requests, routes
from fh_dash.tui.widgets.error import panel_lines
from fh_dash.tui.widgets.imports import import_lines
from tests.support import fake_runtime as story
from tests.support import hostile
from tests.support.dashboard import make, running, settled
from tests.support.terminal import terminal

PALETTE = palette(FH_DARK)
WIDTH = 90


def safe(lines: Iterable[Line]) -> None:
    """Painted, each line is as wide as asked for and has no character that acts, and no link."""
    for line in lines:
        painted = strip(line, WIDTH, PALETTE)
        _harmless(painted)
        assert sum(cell_len(segment.text) for segment in painted) == WIDTH
        plain = content(line, PALETTE)
        assert visible(plain.plain) == plain.plain


def _harmless(painted: Strip) -> None:
    for segment in painted:
        assert visible(segment.text) == segment.text
        assert not (segment.style and segment.style.link)


def stored(text: str) -> Store:
    store = Store(text, clock=lambda: story.NOW)
    store.routes.update([hostile.route(text)])
    store.caches.update([hostile.cache(text)])
    store.apply([*hostile.events(text), hostile.reload(text, failed=True), ImportStarted(text, story.NOW, False)])
    return store


@settings(max_examples=150, deadline=None)
@given(hostile.STRINGS)
def test_every_row_and_every_detail(text: str) -> None:
    """Each kind of row in its pane and in full, the error panel, the import view."""
    store = stored(text)
    rows = (
        *store.reloads.rows, *store.requests.rows, *store.output.rows, *store.modules.rows, *store.routes.rows,
        *store.caches.states, hostile.error(text),
    )  # fmt: skip
    for row in rows:
        found = document(row, Context(store, WIDTH, 100.0, True, lambda id_: hostile.exchange(text)))
        safe([[(found.title, "text bold")], *found.lines])
    safe(panel_lines(hostile.error(text)))
    safe(import_lines(store, WIDTH, 20))
    safe(imports_document(store, WIDTH).lines)
    safe(urls_document(text, [text]).lines)


@settings(max_examples=150, deadline=None)
@given(hostile.STRINGS)
def test_every_cell_of_the_panes(text: str) -> None:
    """What the columns are filled with, at any width."""
    stats = RouteStats(text, text, text, text, 1, 3, 1)
    filled = (
        *reloads.head(hostile.reload(text)).values(),
        *reloads.head(hostile.reload(text, failed=True)).values(),
        *requests.cells(hostile.request(text), 100.0).values(),
        *caches.cells(hostile.cache(text), 100.0).values(),
        *modules.cells(ModuleState(text, text, text, text)).values(),
        *routes.cells(stats, 100.0).values(),
        *output.text(hostile.output(text)),
    )
    safe([part] for part in filled)
    safe(reloads.explanation(hostile.reload(text), WIDTH, phases=True))


def on_screen(app: DashApp, size: tuple[int, int]) -> None:
    lines = compat.strips(app)

    assert len(lines) == size[1]
    for line in lines:
        _harmless(line)
        assert line.cell_length == size[0]


@pytest.mark.parametrize("size", [(120, 36), (80, 24)])
async def test_the_whole_dashboard(size: tuple[int, int]) -> None:
    """All of it at once, walked through by keys; nothing raises, nothing quits."""
    runtime = story.FakeRuntime()
    runtime.table = tuple(hostile.route(text) for text in hostile.TEXTS)
    runtime.states = tuple(hostile.cache(text) for text in hostile.TEXTS)
    runtime.exchanges = {i: hostile.exchange(text) for i, text in enumerate(hostile.TEXTS, 1)}
    events = [event for i, text in enumerate(hostile.TEXTS, 1) for event in hostile.events(text, i)]
    app = make(events, runtime=runtime)
    async with running(app, size) as pilot:
        app.lanes.post(hostile.reload(hostile.TEXTS[1], failed=True))
        await settled(app, pilot)
        for key in "1234567890"[:6]:
            await pilot.press(key, "j", "j", "enter")
            await pilot.pause()
            assert isinstance(app.screen, DetailScreen)
            on_screen(app, size)
            await pilot.press("m", "escape")
            await pilot.pause()
            on_screen(app, size)
        app.say(hostile.TEXTS[0] + "[/b]")
        await pilot.pause()
        on_screen(app, size)

        assert app.is_running


PROGRAM = """
import sys
from fh_dash.settings import Settings
from fh_dash.tui.run import run_dashboard
from tests.support import fake_runtime as story, hostile

def make(settings, post):
    runtime = story.FakeRuntime()
    runtime.table = tuple(hostile.route(text) for text in hostile.TEXTS)
    runtime.states = tuple(hostile.cache(text) for text in hostile.TEXTS)
    runtime.exchanges = {i: hostile.exchange(text) for i, text in enumerate(hostile.TEXTS, 1)}
    def serve():
        for i, text in enumerate(hostile.TEXTS, 1):
            for event in hostile.events(text, i):
                post(event)
            print(text)
            print(text, file=sys.stderr)
        import os
        os.write(1, b"\\x1b[2J\\x1b]0;FDS\\x07\\n")
        post(hostile.reload(hostile.TEXTS[0], failed=True))
        print("all was posted")
        runtime.stopped.wait(60)
    runtime.run_server = serve
    return runtime

sys.exit(run_dashboard(Settings(hostile.TEXTS[1]), make))
"""
FORBIDDEN = (
    rb"TITLE\x07",
    rb"\x1b\]0;",
    rb"\x1b\[2J",
    rb"\x1bc",
    rb"\x1bP",
    rb"\x1b\]52",
    rb"\x1b\[6n",
    rb"\x9b31m",
    rb"\xc2[\x80-\x9f]",
    rb"\xe2\x80[\x8b\x8e\x8f\xa8-\xae]",
    rb"\xe2\x81[\xa6-\xa9]",
    rb"\xed[\xa0-\xbf]",
    rb"[\x00-\x06\x08\x0b\x0c\x0e\x0f\x7f]",
)


def test_on_a_real_terminal(tmp_path: Path) -> None:
    """What goes out over the pseudo-terminal holds none of it, in any pane or detail."""
    with terminal("-c", PROGRAM, cwd=tmp_path, environ={"HOME": str(tmp_path)}) as it:
        it.wait_for("^p palette")
        it.wait_for("broken")
        for key in ("1", "2", "3", "4", "5", "6"):
            it.type(key)
            it.settle()
            it.type("j\r")
            it.settle()
            it.type("\x1b")
            it.settle()
        assert it.process.poll() is None
        before_end = bytes(it.raw)
        it.type("q")
        assert it.end() == 0

    assert "␛[2J".encode() in before_end
    for pattern in FORBIDDEN:
        found = re.search(pattern, before_end)
        assert found is None, before_end[max(0, found.start() - 40) : found.end() + 40]
