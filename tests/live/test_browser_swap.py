"""Style sheets and images are exchanged in the pages that use them, without loading anything else."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.live.ask import result
from tests.live.site import Reply, Site, page

RED, GREEN = "rgb(255, 0, 0)", "rgb(0, 128, 0)"
OLD = {"last-modified": "Mon, 01 Jan 2024 00:00:00 GMT"}  # a browser keeps such a file for weeks without asking


def css(color: str, selector: str = "h1") -> Reply:
    return Reply(f"{selector} {{ color: {color} }}", headers=OLD)


def svg(color: str) -> Reply:
    shape = f'<rect width="9" height="9" fill="{color}"/>'
    return Reply(f'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9">{shape}</svg>', headers=OLD)


def visit(site: Site, tab: Page, path: str = "/", listeners: int = 1) -> None:
    tab.goto(site.url + path)
    site.wait_for_listeners(listeners)


def color_of(tab: Page, color: str, selector: str = "h1") -> None:
    expect(tab.locator(selector)).to_have_css("color", color)


def pixel(tab: Page, selector: str) -> list[int]:
    """Of the image that an element shows."""
    script = """(e) => { const c = document.createElement("canvas").getContext("2d"); c.drawImage(e, 0, 0);
        return [...c.getImageData(2, 2, 1, 1).data].slice(0, 3) }"""
    return list(tab.locator(selector).evaluate(script))


def test_style_sheet(site: Site, tab: Page) -> None:
    """Only the sheet is loaded; the script's variables and what was typed are still there."""
    site.pages["/static/app.css"] = css("red")
    site.pages["/"] = page("<h1>x</h1><input>", "<link rel=stylesheet href=/static/app.css>")
    visit(site, tab)
    color_of(tab, RED)
    tab.evaluate("window.here = 1")

    site.pages["/static/app.css"] = css("green")
    site.hub.assets([Path("/srv/shop/static/app.css")])

    color_of(tab, GREEN)
    assert tab.evaluate("here") == 1
    assert len(site.visits()) == 1
    expect(tab.locator("link[rel=stylesheet]")).to_have_count(1)


def test_the_fresh_sheet_outlives_a_reload(site: Site, tab: Page) -> None:
    """The browser's cache holds the new text for the plain address afterwards, on every page."""
    site.pages["/app.css"] = css("red")
    link = "<link rel=stylesheet href=/app.css>"
    site.pages["/"] = site.pages["/two"] = page("<h1>x</h1>", link)
    visit(site, tab)
    color_of(tab, RED)
    site.pages["/app.css"] = css("green")
    site.hub.assets([Path("/srv/app.css")])
    color_of(tab, GREEN)

    site.pages["/"] = page("<h1>y</h1>", link)
    site.reload()

    expect(tab.locator("h1")).to_have_text("y")
    color_of(tab, GREEN)
    tab.goto(site.url + "/two")
    color_of(tab, GREEN)


@pytest.mark.parametrize("told", ["apart", "together"])
def test_sheet_and_code_in_one_save(site: Site, tab: Page, told: str) -> None:
    """The page that is loaded afresh has the new sheet."""
    site.pages["/app.css"] = css("red")
    link = "<link rel=stylesheet href=/app.css>"
    site.pages["/"] = page("<h1>x</h1>", link)
    visit(site, tab)

    site.pages["/app.css"] = css("green")
    site.pages["/"] = page("<h1>y</h1>", link)
    if told == "apart":
        site.hub.assets([Path("/srv/app.css")])
        site.reload()
    else:
        site.hub.publish(result(2), [Path("/srv/app.css"), Path("/srv/index.html")])

    expect(tab.locator("h1")).to_have_text("y")
    color_of(tab, GREEN)
    assert len(site.visits()) == 2


def test_quick_edits_leave_one_sheet(site: Site, tab: Page) -> None:
    """Ten saves in a burst end with the last one, and with one link."""
    site.pages["/app.css"] = css("red")
    site.pages["/"] = page("<h1>x</h1>", "<link rel=stylesheet href=/app.css>")
    visit(site, tab)

    for number in range(10):
        site.pages["/app.css"] = css("green" if number == 9 else "blue")
        site.hub.assets([Path("/srv/app.css")])

    color_of(tab, GREEN)
    expect(tab.locator("link[rel=stylesheet]")).to_have_count(1)


def test_sheet_that_is_gone_for_a_moment(site: Site, tab: Page) -> None:
    """A sheet that cannot be loaded leaves the old one in place."""
    site.pages["/app.css"] = css("red")
    site.pages["/"] = page("<h1>x</h1>", "<link rel=stylesheet href=/app.css>")
    visit(site, tab)

    site.pages["/app.css"] = Reply("", 404)
    site.hub.assets([Path("/srv/app.css")])
    site.wait(lambda: any(r.query for r in site.requests))
    color_of(tab, RED)
    site.pages["/app.css"] = css("green")
    site.hub.assets([Path("/srv/app.css")])

    color_of(tab, GREEN)


def test_imported_sheet(site: Site, tab: Page) -> None:
    """A sheet that another one imports is exchanged, too."""
    site.pages["/main.css"] = Reply("@import 'parts/title.css' screen; p { color: blue }")
    site.pages["/parts/title.css"] = css("red")
    site.pages["/"] = page("<h1>x</h1>", "<link rel=stylesheet href=/main.css>")
    visit(site, tab)
    color_of(tab, RED)

    site.pages["/parts/title.css"] = css("green")
    site.hub.assets([Path("/srv/parts/title.css")])

    color_of(tab, GREEN)
    assert len(site.visits()) == 1


def test_image(site: Site, tab: Page) -> None:
    """Images change in elements, sets of sources, icons and backgrounds."""
    site.pages["/logo.svg"] = svg("red")
    site.pages["/b.css"] = "#b { background: no-repeat url(logo.svg) }"
    body = """<img id=i src=/logo.svg><img id=s srcset="/logo.svg 1x, /logo.svg 2x"><p id=b>x</p>
        <p id=c style="background-image: url('/logo.svg')">x</p>"""
    site.pages["/"] = page(body, "<link rel=icon href=/logo.svg><link rel=stylesheet href=/b.css>")
    visit(site, tab)
    tab.wait_for_function("i.complete && s.complete")
    assert pixel(tab, "#i") == [255, 0, 0]

    site.pages["/logo.svg"] = svg("green")
    site.hub.assets([Path("/srv/static/logo.svg")])

    tab.wait_for_function(
        "i.currentSrc.includes('_fh_dash=') && s.currentSrc.includes('_fh_dash=') && i.complete && s.complete"
    )
    assert pixel(tab, "#i") == pixel(tab, "#s") == [0, 128, 0]
    for name in "bc":
        tab.wait_for_function(f"getComputedStyle({name}).backgroundImage.includes('_fh_dash=')")
    assert "_fh_dash" in str(tab.locator("link[rel=icon]").get_attribute("href"))
    assert all(r.ours for r in site.requests if r.query)
    assert len(site.visits()) == 1


def test_every_tab_that_uses_it(site: Site, context: BrowserContext) -> None:
    """Each tab with the sheet changes; one without it is left in peace, whatever the kind of file."""
    site.pages["/app.css"] = css("red")
    site.pages["/app.js"] = "0"
    used = "<link rel=stylesheet href=/app.css><script src=/app.js></script>"
    site.pages["/"], site.pages["/bare"] = page("<h1>x</h1>", used), page("<h1>x</h1>")
    one, two, bare = (context.new_page() for _ in range(3))
    for number, (tab, path) in enumerate(((one, "/"), (two, "/"), (bare, "/bare")), 1):
        visit(site, tab, path, listeners=min(number, 2))
        tab.evaluate("window.here = 1")

    site.pages["/app.css"] = css("green")
    site.hub.assets([Path("/srv/app.css")])
    color_of(one, GREEN)
    color_of(two, GREEN)
    site.hub.assets([Path("/srv/app.js")])
    site.wait(lambda: len(site.visits()) == 4)

    assert bare.evaluate("here") == 1
    assert len(site.visits("/bare")) == 1


@pytest.mark.parametrize("name", ["app.js", "module.mjs", "font.woff2"])
def test_what_cannot_be_exchanged(site: Site, tab: Page, name: str) -> None:
    """A script or a font that changed loads the page afresh, with the new file in it."""
    site.pages["/" + name] = Reply("document.title = 'old'", headers={"content-type": "text/javascript", **OLD})
    site.pages["/"] = page("", f"<script src=/{name}></script>")
    visit(site, tab)
    expect(tab).to_have_title("old")

    site.pages["/" + name] = Reply("document.title = 'new'", headers={"content-type": "text/javascript", **OLD})
    site.hub.assets([Path("/srv/static") / name])

    expect(tab).to_have_title("new")
    assert len(site.visits()) == 2


@pytest.mark.parametrize("name", ["index.html", "items.json", "inlined.css", "inlined.svg", "notes.md"])
def test_files_that_are_part_of_a_page(site: Site, tab: Page, name: str) -> None:
    """A template, a data file, or a sheet that no address leads to may be in any page: it is loaded afresh."""
    site.pages["/"] = page("<h1>old</h1>")
    visit(site, tab)

    site.pages["/"] = page("<h1>new</h1>")
    site.hub.assets([Path("/srv/templates") / name])

    expect(tab.locator("h1")).to_have_text("new")
    assert [visit.ours for visit in site.visits()] == [False, True]


def test_best_match_wins(site: Site, tab: Page) -> None:
    """Of two sheets of one name, the one whose folders agree is exchanged."""
    site.pages["/a/style.css"], site.pages["/b/style.css"] = css("red"), css("blue", "p")
    links = "<link rel=stylesheet href=/a/style.css><link rel=stylesheet href=/b/style.css?v=1>"
    site.pages["/"] = page("<h1>x</h1><p>y</p>", links)
    visit(site, tab)

    site.pages["/b/style.css"] = css("green", "p")
    site.hub.assets([Path("/srv/static/b/style.css")])

    color_of(tab, GREEN, "p")
    assert {r.path for r in site.requests if "_fh_dash" in r.query} == {"/b/style.css"}
    assert any("v=1&_fh_dash=" in r.query for r in site.requests)


def test_app_opts_out(site: Site, tab: Page) -> None:
    """A sheet can be excluded, and a page can take the event and act by itself."""
    site.pages["/app.css"] = css("red")
    script = """<script>document.addEventListener("fh-dash:before-swap", (event) => {
        document.title = event.detail.files.map((file) => file.path.split("/").pop()).join();
        if (document.title === "mine.css") event.preventDefault() })</script>"""
    site.pages["/"] = page("<h1>x</h1>", f"{script}<link rel=stylesheet href=/app.css data-fh-dash=no-swap>")
    visit(site, tab)

    site.pages["/app.css"] = css("green")
    site.hub.assets([Path("/srv/app.css")])
    expect(tab).to_have_title("app.css")
    site.hub.assets([Path("/srv/mine.css")])
    expect(tab).to_have_title("mine.css")

    color_of(tab, RED)
    assert len(site.visits()) == 1


def test_sheet_that_is_switched_off(site: Site, tab: Page) -> None:
    """It stays off, there is no second one, and when it is switched on it is the new one."""
    site.pages["/a.css"], site.pages["/b.css"] = css("red"), css("red", "p")
    links = "<link rel=stylesheet id=a href=/a.css disabled><link rel=stylesheet id=b href=/b.css>"
    site.pages["/"] = page("<h1>x</h1><p>y</p>", links)
    visit(site, tab)
    tab.evaluate("b.sheet.disabled = true")
    tab.evaluate("document.addEventListener('fh-dash:after-swap', () => window.swaps = (window.swaps ?? 0) + 1)")

    site.pages["/a.css"], site.pages["/b.css"] = css("green"), css("green", "p")
    site.hub.assets([Path("/srv/a.css"), Path("/srv/b.css")])
    tab.wait_for_function("window.swaps === 2")

    color_of(tab, "rgb(0, 0, 0)")
    color_of(tab, "rgb(0, 0, 0)", "p")
    expect(tab.locator("link[rel=stylesheet]")).to_have_count(2)
    tab.evaluate("a.disabled = false; b.sheet.disabled = false")
    color_of(tab, GREEN)
    color_of(tab, GREEN, "p")


def test_imported_sheet_that_is_gone_for_a_moment(site: Site, tab: Page) -> None:
    """The old one stays until there is a new one."""
    site.pages["/main.css"] = Reply("@import 'a.css'; p { color: blue }")
    site.pages["/a.css"] = css("red")
    site.pages["/"] = page("<h1>x</h1>", "<link rel=stylesheet href=/main.css>")
    visit(site, tab)
    tab.evaluate("document.addEventListener('fh-dash:after-swap', () => window.swapped = true)")

    site.pages["/a.css"] = Reply("", 404)
    site.hub.assets([Path("/srv/a.css")])
    tab.wait_for_function("window.swapped")
    color_of(tab, RED)
    site.pages["/a.css"] = css("green")
    site.hub.assets([Path("/srv/a.css")])

    color_of(tab, GREEN)


def test_page_with_many_resources(site: Site, tab: Page) -> None:
    """Which files a page uses is known, however many it has loaded; sources may be listed without spaces."""
    site.pages["/p"], site.pages["/x.js"] = "", "document.title = 'old'"
    site.pages["/a.svg"] = site.pages["/b.svg"] = svg("red")
    many = """<picture><source srcset="/b.svg 1x,/a.svg 2x"><img></picture><script>(async () => {
        for (let i = 0; i < 260; i += 1) await fetch("/p?" + i);
        document.body.append(Object.assign(document.createElement("script"), {src: "/x.js"})) })()</script>"""
    site.pages["/"] = page(many)
    visit(site, tab)
    expect(tab).to_have_title("old")
    site.hub.assets([Path("/srv/a.svg")])
    tab.wait_for_function("document.querySelector('source').srcset.includes('/a.svg?_fh_dash=')")

    site.pages["/x.js"] = "document.title = 'new'"
    site.hub.assets([Path("/srv/x.js")])

    expect(tab).to_have_title("new")
