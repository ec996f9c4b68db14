"""Errors where one looks: over the page, as text, for as long as they hold."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from fh_dash.events import ErrorReport, Frame, SourceLine
from tests.live.ask import syntax_error
from tests.live.site import Reply, Site, page

HOSTILE = "<img src=x onerror='window.pwned = 1'><script>window.pwned = 1</script>\u202e\x1b[2J"


def visit(site: Site, tab: Page, path: str = "/") -> None:
    tab.goto(site.url + path)
    site.wait_for_listeners()


def test_broken_save(site: Site, tab: Page) -> None:
    """The error names file and line, shows the source, and says what goes on being served."""
    site.pages["/"] = page("<h1>here</h1>")
    site.hub.generation = 14
    visit(site, tab)

    site.hub.failed(syntax_error())

    box = tab.get_by_role("alertdialog", name="SyntaxError does not compile")
    expect(box).to_contain_text("'(' was never closed")
    expect(box).to_contain_text("/srv/shop/app.py:41")
    expect(box.locator(".at")).to_have_text("   41      print(")
    expect(box).to_contain_text("Generation 14 goes on serving")
    expect(box).to_have_accessible_description("'(' was never closed " + str(box.locator("#w").text_content()))
    expect(tab.locator("h1")).to_be_visible()


def test_goes_away_with_the_next_good_save(site: Site, tab: Page) -> None:
    """Whether that save loads the page or only takes the error back."""
    site.pages["/"] = page("<h1>here</h1>")
    visit(site, tab)
    box = tab.get_by_role("alertdialog")

    site.hub.failed(syntax_error())
    expect(box).to_be_visible()
    site.hub.mended()
    expect(box).to_have_count(0)
    site.hub.failed(syntax_error())
    expect(box).to_be_visible()
    site.reload()
    site.wait(lambda: len(site.visits()) == 2)

    expect(box).to_have_count(0)


def test_another_error_takes_its_place(site: Site, tab: Page) -> None:
    """There is one box, with the newest error."""
    site.pages["/"] = page("<h1>here</h1>")
    visit(site, tab)

    site.hub.failed(syntax_error("first"))
    site.hub.failed(syntax_error("second"))

    expect(tab.get_by_role("alertdialog")).to_contain_text("second")
    expect(tab.get_by_role("alertdialog")).to_have_count(1)


def test_escape(site: Site, tab: Page) -> None:
    """Esc closes it, and only it: a dialog of the app stays open; the focus returns to where it was."""
    site.pages["/"] = page("<dialog id=d><input id=i></dialog><script>d.showModal(); i.focus()</script>")
    visit(site, tab)
    site.hub.failed(syntax_error())
    box = tab.get_by_role("alertdialog", include_hidden=True)
    expect(box).to_be_visible()
    assert tab.evaluate("document.activeElement.id") == "i"  # who types is not interrupted

    tab.keyboard.press("Escape")

    expect(box).to_have_count(0)
    assert tab.evaluate("[d.open, document.activeElement.id]") == [True, "i"]
    tab.keyboard.press("Escape")
    assert tab.evaluate("d.open") is False


def test_inside_a_modal_dialog(site: Site, tab: Page) -> None:
    """Then all else is out of reach for mouse and screen reader: the box is in the dialog, and outlives it."""
    site.pages["/"] = page("<dialog id=d><input id=i></dialog><script>d.showModal()</script>")
    visit(site, tab)
    site.hub.failed(syntax_error())
    box = tab.get_by_role("alertdialog")
    expect(box).to_be_visible()

    tab.evaluate("d.close()")
    expect(box).to_be_visible()
    tab.evaluate("d.showModal()")
    site.hub.failed(syntax_error("another"))
    expect(box).to_contain_text("another")
    tab.get_by_role("button", name="Close").click()

    expect(box).to_have_count(0)
    assert tab.evaluate("d.open")


def test_is_read_aloud(site: Site, tab: Page) -> None:
    """Where nobody types, the box takes the focus, so that a screen reader reads it; a button closes it."""
    site.pages["/"] = page("<button id=b>x</button>")
    visit(site, tab)

    site.hub.failed(syntax_error())
    box = tab.get_by_role("alertdialog")
    expect(box).to_be_focused()
    tab.keyboard.press("Tab")
    tab.keyboard.press("Enter")

    expect(box).to_have_count(0)


def test_page_opened_while_broken(site: Site, tab: Page) -> None:
    """A page that comes later shows the error, too."""
    site.pages["/"] = page("<h1>here</h1>")
    site.hub.failed(syntax_error())
    visit(site, tab)

    expect(tab.get_by_role("alertdialog")).to_be_visible()


def test_words_are_text(site: Site, tab: Page) -> None:
    """Markup and control characters in any field are shown, and never act."""
    frames = (Frame(HOSTILE, 1, HOSTILE, HOSTILE, True),)
    report = ErrorReport("reload", HOSTILE, HOSTILE, HOSTILE, 1, 1, (SourceLine(1, HOSTILE),), frames)
    site.pages["/"] = page("")
    visit(site, tab)

    site.hub.failed(report)

    box = tab.get_by_role("alertdialog")
    expect(box).to_contain_text("<img src=x onerror=")
    assert "\u202e" not in str(box.text_content())
    assert "\x1b" not in str(box.text_content())
    assert box.locator("img, script").count() == 0
    assert tab.evaluate("window.pwned") is None


def test_page_styles_do_not_reach_it(site: Site, tab: Page) -> None:
    """The app's style sheet changes nothing about it, whatever it says of all elements."""
    rule = "display: none !important; position: relative; margin: 30px; opacity: 0.1; color: pink"
    site.pages["/"] = page("<h1>x</h1>", f"<style>* {{ {rule} }} html, body {{ display: block !important }}</style>")
    visit(site, tab)
    site.hub.failed(syntax_error())

    expect(tab.get_by_role("alertdialog").locator("#m")).to_be_visible()
    expect(tab.get_by_role("alertdialog").locator("#m")).to_have_css("color", "rgb(233, 234, 236)")
    for name, value in {"position": "fixed", "margin": "0px", "opacity": "1", "display": "block"}.items():
        expect(tab.locator("fh-dash-overlay")).to_have_css(name, value)


def test_app_opts_out(site: Site, tab: Page) -> None:
    """A page can do without."""
    site.pages["/"] = page("", attributes="data-fh-dash=no-overlay")
    visit(site, tab)
    site.hub.failed(syntax_error())
    site.hub.assets([])
    tab.wait_for_timeout(200)

    expect(tab.get_by_role("alertdialog")).to_have_count(0)


# ------------------------------------------------------------------------------- exceptions of handlers


def broken(site: Site) -> Reply:
    """What Starlette does: a bare answer, then the exception."""
    try:
        raise ValueError(HOSTILE)
    except ValueError as error:
        plain = {"content-type": "text/plain; charset=utf-8"}
        return Reply("Internal Server Error", 500, plain, error=error)


def test_traceback_in_the_page(site: Site, tab: Page) -> None:
    """An exception in a handler is a page, as text; the next good save loads the page that was meant."""
    site.pages["/"] = lambda scope: broken(site)
    visit(site, tab)

    expect(tab.locator("h1")).to_have_text("ValueError")
    expect(tab.locator("main")).to_contain_text("<img src=x onerror=")
    expect(tab.locator("li").first).to_contain_text("test_browser_overlay.py")
    assert tab.evaluate("window.pwned") is None

    site.pages["/"] = page("<h1>mended</h1>")
    site.reload()
    expect(tab.locator("h1")).to_have_text("mended")


def test_traceback_of_a_fragment(site: Site, tab: Page) -> None:
    """An exception in a handler that HTMX called is shown over the page that called it."""
    site.pages["/"] = page("<h1>here</h1>")
    site.pages["/part"] = lambda scope: broken(site)
    visit(site, tab)

    status = tab.evaluate("""fetch('/part', {headers: {'HX-Request': 'true', 'HX-Current-URL': location.href}})
        .then((answer) => answer.text())""")

    box = tab.get_by_role("alertdialog", name="ValueError left a handler")
    expect(box).to_contain_text("The rest of the page is as it was")
    assert status == "Internal Server Error"


@pytest.mark.parametrize("generation", [0, 3])
def test_overlay_does_not_cover_our_own_page(site: Site, tab: Page, generation: int) -> None:
    """A page about the error that nothing could be loaded is not covered by that same error."""
    site.hub.generation = generation
    site.hub.failed(syntax_error())
    site.pages["/"] = Reply(page("<h1>The app could not be loaded</h1>"), 503 if generation == 0 else 200)
    visit(site, tab)
    tab.wait_for_timeout(200)

    expect(tab.get_by_role("alertdialog")).to_have_count(0 if generation == 0 else 1)
    site.pages["/"] = page("<h1>works</h1>")
    site.hub.ready(generation + 1)
    expect(tab.locator("h1")).to_have_text("works")
