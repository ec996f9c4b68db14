"""A reload in a real browser: once, when the server is ready, and not where it would do harm."""

from __future__ import annotations

import threading

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.live.ask import syntax_error
from tests.live.conftest import leave
from tests.live.site import Reply, Site, page


def visit(site: Site, tab: Page, path: str = "/", listeners: int = 1) -> None:
    tab.goto(site.url + path)
    site.wait_for_listeners(listeners)


def test_page_follows(site: Site, tab: Page) -> None:
    """A new generation is on the page by itself, with one request, which is marked as ours."""
    site.pages["/"] = page("<h1>old</h1>")
    visit(site, tab)

    site.pages["/"] = page("<h1>new</h1>")
    site.reload()

    expect(tab.locator("h1")).to_have_text("new")
    site.wait_for_listeners()
    assert [visit.ours for visit in site.visits()] == [False, True]
    assert b"fh_dash_reload" not in str([visit.scope["headers"] for visit in site.visits()]).encode()
    assert tab.evaluate("document.cookie") == ""


def test_scripts_start_anew(site: Site, tab: Page) -> None:
    """The document is loaded, not patched: globals, modules and timers are those of a first visit."""
    site.pages["/m.js"] = "window.count = (window.count ?? 0) + 1; document.title = `n${window.count}`"
    module = "<script type=module src=/m.js></script>"
    site.pages["/"] = page("<script>let once = 1; window.sum = once</script>", module)
    visit(site, tab)
    expect(tab).to_have_title("n1")

    with tab.expect_navigation():
        site.reload()

    expect(tab).to_have_title("n1")
    assert tab.evaluate("sum") == 1


def test_tree_is_as_the_app_made_it(site: Site, tab: Page) -> None:
    """Our element is gone when the app's first script runs, and nothing enumerable is left in `window`."""
    site.pages["/"] = page("", "<script>window.first = document.head.innerHTML.slice(0, 14)</script>")
    site.pages["/"] = str(site.pages["/"]).replace("<title>Shop</title>", "")
    visit(site, tab)

    assert tab.evaluate("first") == "<script>window"
    assert tab.evaluate("Object.keys(window).filter((key) => /fh|dash/i.test(key))") == []


def test_only_refreshed_lines_do_not_reload(site: Site, tab: Page) -> None:
    """An edit that changes no code leaves the pages alone."""
    from fh_dash.events import ModuleReport

    site.pages["/"] = page("<h1>one</h1>")
    visit(site, tab)

    site.reload(modules=(ModuleReport("app", "/srv/app.py", "refreshed"),))
    site.pages["/"] = page("<h1>two</h1>")
    site.reload(modules=(ModuleReport("app", "/srv/app.py", "re-run"),))

    expect(tab.locator("h1")).to_have_text("two")
    assert len(site.visits()) == 2


def test_page_made_by_the_new_generation_is_not_loaded_again(site: Site, tab: Page) -> None:
    """A page that was asked for before the news, but made by the new code, is up to date."""
    site.pages["/"] = page("<h1>one</h1>")
    site.hub.generation = 5
    visit(site, tab)

    site.reload(5)  # this page was made by it already
    site.pages["/"] = page("<h1>two</h1>")
    site.reload(6)

    expect(tab.locator("h1")).to_have_text("two")
    assert len(site.visits()) == 2


def test_answer_to_a_form_is_not_sent_twice(site: Site, tab: Page) -> None:
    """It says that it is out of date, and the server sees no second request."""
    site.pages["/"] = page("<form method=post action=/buy><button>Buy</button></form>")
    site.pages["/buy"] = page("<h1>Thank you</h1>")
    visit(site, tab)
    tab.get_by_role("button", name="Buy").click()
    expect(tab.locator("h1")).to_be_visible()
    site.wait_for_listeners()

    site.reload(7)

    note = tab.get_by_role("status")
    expect(note).to_contain_text("out of date")
    expect(note).to_contain_text("generation 7")
    tab.get_by_role("button", name="Close").click()
    expect(note).to_have_count(0)
    assert [r.method for r in site.requests if r.path == "/buy"] == ["POST"]


def test_never_while_broken(site: Site, tab: Page) -> None:
    """Neither a refused save nor an edit of a template meanwhile loads the page; the mending save does, once."""
    from pathlib import Path

    site.pages["/"] = page("<h1>old</h1>")
    visit(site, tab)

    site.hub.failed(syntax_error())
    site.hub.assets([Path("/srv/shop/index.html")])
    expect(tab.get_by_role("alertdialog")).to_be_visible()
    assert len(site.visits()) == 1
    site.pages["/"] = page("<h1>new</h1>")
    site.hub.mended()

    expect(tab.locator("h1")).to_have_text("new")
    expect(tab.get_by_role("alertdialog")).to_have_count(0)
    assert len(site.visits()) == 2


# ------------------------------------------------------------------------------------ another process


def test_restart_with_the_same_token(site: Site, tab: Page) -> None:
    """After a full reload the page waits until the new process has the app, then loads itself once."""
    site.pages["/"] = page("<h1>old</h1>")
    visit(site, tab)

    fresh = site.new_hub(token=site.hub.token)
    site.restart(fresh)
    site.wait_for_listeners()
    assert len(site.visits()) == 1  # it is connected, and knows that there is no app yet
    site.pages["/"] = page("<h1>new</h1>")
    fresh.ready(1)

    expect(tab.locator("h1")).to_have_text("new")
    site.wait_for_listeners()
    assert len(site.visits()) == 2


def test_restart_that_fails_to_import(site: Site, tab: Page) -> None:
    """The error is shown in the page that is open; the next good save loads it."""
    site.pages["/"] = page("<h1>old</h1>")
    visit(site, tab)

    fresh = site.new_hub(token=site.hub.token)
    site.restart(fresh)
    fresh.failed(syntax_error())
    expect(tab.get_by_role("alertdialog")).to_contain_text("Nothing is served yet")
    site.pages["/"] = page("<h1>new</h1>")
    fresh.ready(1)

    expect(tab.locator("h1")).to_have_text("new")
    assert len(site.visits()) == 2


def test_new_run_with_another_token(site: Site, tab: Page) -> None:
    """A page of yesterday's run loads itself afresh when the app is there, and not before."""
    site.pages["/"] = page("<h1>old</h1>")
    visit(site, tab)

    fresh = site.new_hub()
    site.restart(fresh)
    site.wait_for_listeners()
    assert len(site.visits()) == 1
    site.pages["/"] = page("<h1>new</h1>")
    fresh.ready(1)

    expect(tab.locator("h1")).to_have_text("new")
    site.wait_for_listeners()
    assert len(site.visits()) == 2


def test_page_that_was_away(site: Site, tab: Page) -> None:
    """A page whose channel was cut hears what it missed when it is back."""
    site.pages["/"] = page("<h1>old</h1>")
    visit(site, tab)

    site.hub.close()
    site.wait_for_listeners(0)
    site.pages["/"] = page("<h1>new</h1>")
    site.reload()
    site.hub.bind(site.loop)

    expect(tab.locator("h1")).to_have_text("new")
    assert len(site.visits()) == 2


def test_page_that_slept(site: Site, tab: Page) -> None:
    """After a sleep in which the connection died unnoticed, the page connects anew and hears what it missed."""
    site.pages["/"] = page("<h1>old</h1>")
    tab.clock.install()
    visit(site, tab)

    site.hub._subscribers.clear()  # the server has given the connection up, the browser does not know
    site.pages["/"] = page("<h1>new</h1>")
    site.reload()
    tab.clock.fast_forward("05:00")

    expect(tab.locator("h1")).to_have_text("new")


def test_page_from_the_back_button(site: Site, tab: Page) -> None:
    """A page that the browser kept, or loads from its cache, catches up when it is shown again."""
    site.pages["/"] = page("<h1>old</h1>")
    site.pages["/other"] = page("<h1>other</h1>")
    visit(site, tab)
    tab.goto(site.url + "/other")
    site.wait_for_listeners()

    site.pages["/"] = page("<h1>new</h1>")
    with tab.expect_navigation():
        site.reload()
    tab.go_back()

    expect(tab.locator("h1")).to_have_text("new")


# --------------------------------------------------------------------------------------- several tabs


def test_more_tabs_than_connections(site: Site, context: BrowserContext) -> None:
    """Eight tabs follow; a browser opens only six connections, of which two are ours."""
    site.pages["/"] = page("<h1>old</h1>")
    tabs = [context.new_page() for _ in range(8)]
    for tab in tabs:
        tab.goto(site.url)
    site.wait_for_listeners(2)

    site.pages["/"] = page("<h1>new</h1>")
    site.reload()

    for tab in tabs:
        expect(tab.locator("h1")).to_have_text("new")
    assert len(site.visits()) == 16
    site.wait_for_listeners(2)


def test_tab_without_a_connection_of_its_own(site: Site, context: BrowserContext) -> None:
    """It takes over when a tab that held one is closed, and misses nothing."""
    site.pages["/"] = page("<h1>old</h1>")
    first, second, third = (context.new_page() for _ in range(3))
    for number, tab in enumerate((first, second, third), 1):
        tab.goto(site.url)
        site.wait_for_listeners(min(number, 2))

    first.close()
    second.close()
    site.wait_for_listeners(1)
    site.pages["/"] = page("<h1>new</h1>")
    site.reload()

    expect(third.locator("h1")).to_have_text("new")


@pytest.mark.parametrize("same", [True, False])
def test_restart_with_many_tabs(site: Site, context: BrowserContext, same: bool) -> None:
    """Each tab hears of the new process, and loads itself once, whether or not it held a connection."""
    site.pages["/"] = page("<h1>old</h1>")
    tabs = [context.new_page() for _ in range(5)]
    for tab in tabs:
        tab.goto(site.url)
    site.wait_for_listeners(2)

    fresh = site.new_hub(token=site.hub.token if same else None)
    site.restart(fresh)
    if same:
        fresh.failed(syntax_error())
        for tab in tabs:
            expect(tab.get_by_role("alertdialog")).to_be_visible()
    site.pages["/"] = page("<h1>new</h1>")
    fresh.ready(1)

    for tab in tabs:
        expect(tab.locator("h1")).to_have_text("new")
    assert len(site.visits()) == 10


def test_frames_are_loaded_with_the_page_around_them(site: Site, tab: Page) -> None:
    """A frame of the same site does not reload itself, too."""
    site.pages["/"] = page("<iframe src=/inner></iframe>")
    site.pages["/inner"] = page("<p>old</p>")
    visit(site, tab, listeners=2)

    site.pages["/inner"] = page("<p>new</p>")
    site.reload()

    expect(tab.frame_locator("iframe").locator("p")).to_have_text("new")
    assert len([r for r in site.requests if r.path == "/inner"]) == 2
    assert len(site.visits()) == 2


# -------------------------------------------------------------------------------- an app's own wishes


def test_app_opts_out(site: Site, tab: Page) -> None:
    """A page that does not want to be loaded is not, and still hears of it by an event."""
    listen = (
        "<script>addEventListener('x', 0); window.heard = []; document.addEventListener('fh-dash:mended', 0)</script>"
    )
    site.pages["/"] = page("<h1>old</h1>", listen, "data-fh-dash=no-reload")
    site.pages["/free"] = page("<h1>old</h1>")
    visit(site, tab)
    other = tab.context.new_page()
    visit(site, other, "/free", listeners=2)

    site.pages["/"] = site.pages["/free"] = page("<h1>new</h1>")
    site.reload()

    expect(other.locator("h1")).to_have_text("new")
    assert tab.locator("h1").inner_text() == "old"


def test_app_objects(site: Site, tab: Page) -> None:
    """The event before a reload tells the generation and the files, and can be cancelled."""
    script = """<script>window.heard = []; document.addEventListener('fh-dash:before-reload', (event) => {
        heard.push(event.detail); if (heard.length === 1) event.preventDefault() })</script>"""
    site.pages["/"] = page("<h1>old</h1>", script)
    visit(site, tab)

    site.reload(2, changed=["shop/app.py"])
    tab.wait_for_function("heard.length === 1")
    detail = tab.evaluate("heard[0]")
    site.pages["/"] = page("<h1>new</h1>")
    site.reload(3)

    expect(tab.locator("h1")).to_have_text("new")
    assert (detail["generation"], detail["changed"]) == (2, ["shop/app.py"])
    assert len(site.visits()) == 2


def test_event_after(site: Site, tab: Page) -> None:
    """The event after a reload reaches listeners that the page sets up as late as on its load."""
    script = """<script>document.addEventListener('DOMContentLoaded', () =>
        document.addEventListener('fh-dash:after-reload', (event) =>
            document.title = `now ${event.detail.generation}`))</script>"""
    site.pages["/"] = page("", script)
    visit(site, tab)
    site.reload(9)

    expect(tab).to_have_title("now 9")


def test_unsaved_work_is_not_asked_about(site: Site, tab: Page) -> None:
    """The app's own question before leaving is not put: what was typed comes back."""
    script = "<script>addEventListener('beforeunload', (event) => event.preventDefault())</script>"
    site.pages["/"] = page("<h1>old</h1><input id=a>", script)
    asked: list[str] = []
    tab.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    visit(site, tab)
    tab.locator("input").press_sequentially("tea")

    site.pages["/"] = page("<h1>new</h1><input id=a>")
    site.reload()

    expect(tab.locator("h1")).to_have_text("new")
    expect(tab.locator("input")).to_have_value("tea")
    assert asked == []


def test_link_that_was_clicked_wins(site: Site, tab: Page) -> None:
    """A reload does not call the person back who is on the way to another page."""
    gate = threading.Event()
    site.pages["/"] = page("<a href=/slow>go</a>")
    site.pages["/slow"] = lambda scope: Reply(page("<h1>there</h1>"), gate=gate)
    visit(site, tab)

    tab.locator("a").click(no_wait_after=True)
    tab.wait_for_timeout(50)
    site.reload()
    tab.wait_for_timeout(200)
    gate.set()

    expect(tab.locator("h1")).to_have_text("there")
    assert len(site.visits()) == 1


# ------------------------------------------------------------------------------------- other settings


@pytest.mark.parametrize("policy", ["default-src 'self'", "default-src 'none'", "script-src 'strict-dynamic'"])
def test_under_a_policy(site: Site, tab: Page, policy: str) -> None:
    """The page follows under a strict Content-Security-Policy, and no violation is reported."""
    site.pages["/"] = Reply(page("<h1>old</h1>"), headers={"content-security-policy": policy})
    complaints: list[str] = []
    tab.on("console", lambda message: complaints.append(message.text))
    visit(site, tab)
    site.hub.failed(syntax_error())
    expect(tab.get_by_role("alertdialog")).to_have_css("background-color", "rgb(27, 30, 35)")

    site.pages["/"] = Reply(page("<h1>new</h1>"), headers={"content-security-policy": policy})
    site.reload()

    expect(tab.locator("h1")).to_have_text("new")
    assert [text for text in complaints if "favicon" not in text and "404" not in text] == []


def test_hub_that_is_closed_and_comes_back(site: Site, tab: Page) -> None:
    """A server that stops ends the channel at once; the page tries again until there is one."""
    site.pages["/"] = page("<h1>old</h1>")
    visit(site, tab)

    site.hub.close()
    site.wait_for_listeners(0)
    site.hub.bind(site.loop)
    site.wait_for_listeners(1)
    site.pages["/"] = page("<h1>new</h1>")
    site.reload()

    expect(tab.locator("h1")).to_have_text("new")


def test_root_path(tab: Page) -> None:
    """Behind a prefix everything of ours is under it."""
    site = Site()
    site.pages["/shop/"] = page("<h1>old</h1>")
    with site.serve(root_path="/shop"):
        tab.goto(site.url + "/")
        site.wait_for_listeners()
        site.pages["/shop/"] = page("<h1>new</h1>")
        site.reload()

        expect(tab.locator("h1")).to_have_text("new")
        leave(tab)


WORKER = """addEventListener("install", () => skipWaiting());
addEventListener("activate", (event) => event.waitUntil(clients.claim()));
addEventListener("fetch", (event) => event.request.mode === "navigate" && event.respondWith(
  caches.open("x").then(async (all) => (await all.match("/")) ??
    fetch(event.request).then((answer) => (all.put("/", answer.clone()), answer)))))"""


@pytest.mark.parametrize("restart", [False, True])
def test_page_that_a_service_worker_keeps(site: Site, tab: Page, restart: bool) -> None:
    """A reload that brings the same page again is tried once per save, not for ever."""
    site.pages["/sw.js"] = WORKER
    site.pages["/"] = page("<script>navigator.serviceWorker.register('/sw.js')</script>")
    visit(site, tab)
    tab.wait_for_function("navigator.serviceWorker.controller")
    tab.reload()
    loads: list[str] = []
    tab.on("request", lambda request: loads.append(request.url) if request.is_navigation_request() else None)

    if restart:
        site.restart(fresh := site.new_hub())
        fresh.ready(1)
    else:
        site.reload()
    tab.wait_for_timeout(1500)

    assert len(loads) == 1
