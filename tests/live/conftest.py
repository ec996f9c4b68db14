"""One browser per module, and a site and a fresh visitor for each test."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Error, Page, expect, sync_playwright

from tests.live.site import DEADLINE, Site

expect.set_options(timeout=DEADLINE * 1000)

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="module")  # not longer: while it is open, nobody else can run an event loop on this thread
def browser() -> Iterator[Browser]:
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("Chromium is not installed")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield browser
        browser.close()


def leave(tab: Page) -> None:
    """Go to an empty page; a reload under way may come in between."""
    for _ in range(5):
        try:
            tab.goto("about:blank")
        except Error:
            continue
        return


@pytest.fixture
def site() -> Iterator[Site]:
    site = Site()
    with site.serve():
        yield site


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context()
    context.set_default_timeout(DEADLINE * 1000)
    yield context
    for tab in context.pages:  # Chromium hangs if a page with a `pagehide` listener is closed while it reloads
        leave(tab)
    context.close()


@pytest.fixture
def tab(context: BrowserContext) -> Page:
    return context.new_page()
