"""The dashboard over a fake runtime, with a clock that stands still."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from textual.pilot import Pilot
from textual.strip import Strip

from fh_dash.events import Event
from fh_dash.store import Limits, Store
from fh_dash.store.lanes import Lanes
from fh_dash.tui import _textual_compat as compat
from fh_dash.tui.app import DashApp
from tests.support import fake_runtime as story

MEMORY = 142_000_000


def make(
    events: Iterable[Event] = (),
    *,
    runtime: story.FakeRuntime | None = None,
    theme: str = "",
    keymap: Mapping[str, str] | None = None,
    view: Mapping[str, Any] | None = None,
    limits: Limits | None = None,
) -> DashApp:
    """`events` are taken in right after the first frame."""
    lanes = Lanes()
    store = Store("shop/app.py", limits=limits, clock=lambda: story.NOW)
    runtime = runtime or story.told()
    store.routes.update(runtime.routes())
    for event in events:
        lanes.post(event)
    return DashApp(
        runtime,
        lanes,
        store=store,
        theme=theme,
        keymap=keymap,
        view=view,
        clock=lambda: story.NOW,
        memory=lambda: MEMORY,
    )


@asynccontextmanager
async def running(app: DashApp, size: tuple[int, int] = (120, 36)) -> AsyncIterator[Pilot[int]]:
    """`app` on a screen of `size`, with everything that was posted before on view; ended afterwards."""
    async with app.run_test(size=size) as pilot:
        await settled(app, pilot)
        yield pilot
    app.runtime.stop()
    assert all(loop.join(5) for loop in app.loops)


async def settled(app: DashApp, pilot: Pilot[int]) -> None:
    """What was posted is drawn."""
    for _ in range(500):
        await pilot.pause()
        if app.begun and not app.lanes.waiting:
            return
    raise AssertionError("it never comes to rest")


def screen(app: DashApp) -> str:
    """What is on the screen, as text."""
    return "\n".join(_text(strip) for strip in compat.strips(app))


def _text(strip: Strip) -> str:
    return "".join(segment.text for segment in strip).rstrip()
