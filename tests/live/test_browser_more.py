"""The follower among other things: what is painted meanwhile, https, and FastHTML's own live reload."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
from pathlib import Path

import pytest
from fasthtml.common import H1, Style, fast_app, to_xml
from playwright.sync_api import Browser, Page, expect

from fh_dash.live import LiveMiddleware
from tests.live.conftest import leave
from tests.live.screen import record
from tests.live.site import Site, page

DARK, LIGHT = (16, 32, 48), (48, 96, 16)


def paint(color: tuple[int, int, int]) -> str:
    return page("<p>words</p>" * 200, f"<style>html {{ background: rgb{color}; color: #888 }}</style>")


def test_no_white_flash(site: Site, tab: Page) -> None:
    """Between the old page and the new one nothing else is painted."""
    tab.set_viewport_size({"width": 160, "height": 120})
    site.pages["/"] = paint(DARK)
    tab.goto(site.url)
    site.wait_for_listeners()

    with record(tab) as recording:
        for color in (LIGHT, DARK, LIGHT):
            site.pages["/"] = paint(color)
            with tab.expect_navigation():
                site.reload()
            expect(tab.locator("html")).to_have_css("background-color", f"rgb{color}")
            site.wait_for_listeners()
            tab.wait_for_timeout(100)

    colors = {frame.color for frame in recording.frames}
    assert colors == {DARK, LIGHT}


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl is not installed")
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    command = (
        f"{openssl} req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=localhost -keyout {key} -out {certificate}"
    )
    subprocess.run(command.split(), check=True, capture_output=True)
    return key, certificate


def test_https(browser: Browser, certificate: tuple[Path, Path]) -> None:
    """Addresses carry no scheme, so https works like http."""
    key, chain = certificate
    site = Site()
    site.pages["/"] = page("<h1>old</h1>")
    context = browser.new_context(ignore_https_errors=True)
    with site.serve(ssl_keyfile=key, ssl_certfile=chain):
        tab = context.new_page()
        tab.goto(site.url.replace("http:", "https:"))
        site.wait_for_listeners()
        site.pages["/"] = page("<h1>new</h1>")
        site.reload()
        expect(tab.locator("h1")).to_have_text("new")
        leave(tab)
        context.close()


class FastSite(Site):
    """A FastHTML app that asks for FastHTML's own live reload, behind our layer."""

    def __init__(self) -> None:
        super().__init__()
        self.app, rt = fast_app(live=True, pico=False, default_hdrs=False, hdrs=[Style("h1 { color: red }")])
        self.title = "old"

        @rt("/")
        def get() -> object:
            return H1(self.title)

        self.sockets: list[asyncio.Event] = []
        self.wrap()

    def wrap(self) -> None:
        self._layer = LiveMiddleware(self.app, self.hub)

    async def __call__(self, scope, receive, send) -> None:  # type: ignore[no-untyped-def]
        if scope["type"] != "websocket":
            await super().__call__(scope, receive, send)
            return
        cut = asyncio.Event()
        self.sockets.append(cut)
        self._wake()

        async def until_cut() -> dict[str, object]:
            waits = [asyncio.ensure_future(receive()), asyncio.ensure_future(cut.wait())]
            done, rest = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            for task in rest:
                task.cancel()
            result = done.pop().result()
            return result if isinstance(result, dict) else {"type": "websocket.disconnect", "code": 1012}

        await self.app(scope, until_cut, send)

    def cut_sockets(self) -> None:
        sockets, self.sockets = self.sockets, []
        for cut in sockets:
            self.loop.call_soon_threadsafe(cut.set)


@pytest.fixture
def fast() -> FastSite:
    return FastSite()


def test_beside_fasthtml_live(fast: FastSite, tab: Page) -> None:
    """A reload in place, and one with a new process, load the page once or twice, and then there is quiet."""
    with fast.serve():
        tab.goto(fast.url)
        fast.wait_for_listeners()
        fast.wait(lambda: fast.sockets)
        assert "live-reload" in to_xml(tab.content())

        fast.title = "new"
        fast.reload()
        expect(tab.locator("h1")).to_have_text("new")
        fast.wait_for_listeners()

        fast.title = "newest"
        fresh = fast.new_hub(token=fast.hub.token)
        before = len(fast.visits())
        old, fast.hub = fast.hub, fresh
        fresh.bind(fast.loop)
        fast.wrap()
        old.close()
        fast.cut_sockets()
        fresh.ready(1)
        expect(tab.locator("h1")).to_have_text("newest")
        fast.wait_for_listeners()
        tab.wait_for_timeout(2500)

        assert before == 2
        assert len(fast.visits()) in (3, 4)
        leave(tab)
