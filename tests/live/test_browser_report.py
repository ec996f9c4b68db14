"""What goes wrong in a page is told to the terminal."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from fh_dash.events import OutputLine
from tests.live.site import Site, page

HTMX2 = "{xhr: {status: 500}, pathInfo: {requestPath: '/part'}}"
HTMX4 = "{ctx: {response: {status: 500}, request: {action: '/part'}}}"

CASES = {
    "script": ("setTimeout(() => lost.name)", "/page  Uncaught ReferenceError: lost is not defined  (/page:1)"),
    "promise": ("Promise.reject(new Error('no tea'))", "/page  Unhandled rejection: no tea"),
    "image": (
        "document.body.append(Object.assign(new Image(), {src: '/no.png'}))",
        "/page  <img> could not load /no.png",
    ),
    "htmx 2": (
        f"document.body.dispatchEvent(new CustomEvent('htmx:responseError', {{bubbles: true, detail: {HTMX2}}}))",
        "/page  HTMX request answered 500: /part",
    ),
    "htmx 4": (
        f"document.body.dispatchEvent(new CustomEvent('htmx:response:error', {{bubbles: true, detail: {HTMX4}}}))",
        "/page  HTMX request answered 500: /part",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_reports(site: Site, tab: Page, name: str) -> None:
    """Script errors, rejections, missing resources and failed HTMX requests arrive, tied to their page."""
    script, expected = CASES[name]
    site.pages["/page"] = page("")
    tab.goto(site.url + "/page?secret=1")
    site.wait_for_listeners()
    tab.evaluate(f"() => {{ {script} }}")

    site.wait(lambda: site.outputs())

    first = site.posted[0]
    assert isinstance(first, OutputLine)
    assert first.logger == "browser"
    assert first.text.replace("Uncaught Error: ", "").startswith(
        expected[: expected.find("  (")] if "(" in expected else expected
    )


def test_errors_before_the_channel_is_open(site: Site, tab: Page) -> None:
    """The first script of a page may fail: its report waits for the channel."""
    site.pages["/app.js"] = "\n\nboom()"
    site.pages["/"] = page("", "<script src=/app.js></script>")
    tab.goto(site.url)

    site.wait(lambda: site.outputs())

    assert site.outputs()[0] == "/  Uncaught ReferenceError: boom is not defined  (/app.js:3)"


def test_switched_off(site: Site, tab: Page) -> None:
    """Then nothing is sent at all."""
    site.hub.reports = False
    site.pages["/"] = page("", "<script>boom()</script>")
    sent: list[str] = []
    tab.on("request", lambda request: sent.append(request.method))
    tab.goto(site.url)
    site.wait_for_listeners()
    tab.evaluate("() => { setTimeout(() => boom()) }")
    tab.wait_for_timeout(200)

    assert "POST" not in sent


def test_page_that_fails_in_a_loop(site: Site, tab: Page) -> None:
    """The same error is told once, and of many different ones the first thirty."""
    site.pages["/"] = page("")
    tab.goto(site.url)
    site.wait_for_listeners()
    tab.evaluate("() => { for (let i = 0; i < 200; i++) setTimeout(() => { throw `same` }) }")
    tab.evaluate("() => { for (let i = 0; i < 200; i++) setTimeout(() => { throw `no ${i}` }) }")
    site.wait(lambda: len(site.outputs()) >= 30)
    tab.wait_for_timeout(200)

    assert len(site.outputs()) == 30
    assert sum("same" in text for text in site.outputs()) == 1


def test_app_opts_out(site: Site, tab: Page) -> None:
    """A page can keep its errors to itself."""
    site.pages["/"] = page("", attributes="data-fh-dash=no-report")
    tab.goto(site.url)
    site.wait_for_listeners()
    tab.evaluate("() => { setTimeout(() => boom()) }")
    tab.wait_for_timeout(200)

    assert site.outputs() == []
