"""What the person had in the page is there again after a reload; what is secret or new is not touched."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.live.site import Reply, Site, page

FORM = """
<form id=f><input name=q><input name=q placeholder=second><textarea id=note>draft</textarea>
<input type=checkbox name=c value=1><input type=checkbox name=c value=2 checked>
<input type=radio name=r value=a checked><input type=radio name=r value=b>
<select name=one><option>x<option>y<option>z</select><select multiple name=many><option>1<option>2<option>3</select>
<input type=range id=range min=0 max=100><input type=number id=number value=5><input type=date name=day>
<div contenteditable id=rich>text</div></form><input class=loose>
"""
EDIT = """
() => { const $ = (s) => document.querySelector(s), all = (s) => [...document.querySelectorAll(s)];
all("[name=q]")[0].value = "tea"; all("[name=q]")[1].value = "pot"; $("#note").value = "two\\nlines";
all("[name=c]")[0].checked = true; all("[name=c]")[1].checked = false; all("[name=r]")[1].checked = true;
$("[name=one]").value = "z"; $("[name=many]").options[1].selected = true; $("#range").value = 7; $("#number").value = 8;
$("[name=day]").value = "2026-01-02"; $(".loose").value = "free"; }
"""
READ = """
() => [...document.querySelectorAll("input, textarea, select")].map((e) =>
  e.type === "checkbox" || e.type === "radio" ? e.checked
    : e.multiple ? [...e.selectedOptions].map((o) => o.text) : e.value)
"""


def visit(site: Site, tab: Page, body: str, head: str = "", attributes: str = "") -> None:
    site.pages["/"] = page(body, head, attributes)
    tab.goto(site.url)
    site.wait_for_listeners()


def reload(site: Site, tab: Page, body: str | None = None, head: str = "") -> None:
    """Publish a generation and wait until the page has put things back."""
    mark = "<script>document.addEventListener('fh-dash:after-reload', () => window.back = true)</script>"
    before = site.pages["/"]
    site.pages["/"] = page(body, head + mark) if body is not None else str(before).replace("<title>", mark + "<title>")
    with tab.expect_navigation(wait_until="domcontentloaded"):
        site.reload()
    tab.wait_for_function("window.back")


def test_fields(site: Site, tab: Page) -> None:
    """Text, boxes, radios, selects, sliders, dates and rich text are as they were typed."""
    visit(site, tab, FORM)
    tab.evaluate(EDIT)
    tab.locator("#rich").click()
    tab.keyboard.type("more ")
    before = tab.evaluate(READ)

    reload(site, tab)

    assert tab.evaluate(READ) == before
    assert "more" in tab.locator("#rich").inner_text()
    reload(site, tab)  # and once more: what was put back counts as typed
    assert tab.evaluate(READ) == before


def test_fields_that_nobody_touched(site: Site, tab: Page) -> None:
    """They show what the new page says."""
    visit(site, tab, FORM)
    tab.locator("[name=q]").first.fill("typed")

    reload(site, tab, FORM.replace("value=5", "value=6").replace("draft", "final").replace("max=100", "max=10"))

    values = tab.evaluate(READ)
    assert (values[0], values[2], values[9], values[10]) == ("typed", "final", "5", "6")


def test_fields_of_a_changed_page(site: Site, tab: Page) -> None:
    """A field is known by its id or name, not by its place; what is gone or of another kind is left alone."""
    visit(site, tab, "<form id=f><input name=a><input name=b><input id=c><input id=d></form>")
    for name in "ab":
        tab.locator(f"[name={name}]").fill(f"was {name}")
    for name in "cd":
        tab.locator(f"#{name}").fill(f"was {name}")

    reload(site, tab, "<p>new</p><form id=f><input name=x><input name=b><input id=c><input id=d type=number></form>")

    assert tab.evaluate(READ) == ["", "was b", "was c", ""]


def test_options_that_are_gone(site: Site, tab: Page) -> None:
    """A choice that the new page does not offer is not made."""
    visit(site, tab, "<select id=s><option>x<option>y</select>")
    tab.select_option("#s", "y")

    reload(site, tab, "<select id=s><option>x<option>z</select>")

    assert tab.evaluate(READ) == ["x"]


SECRET = """<form><input type=password name=p><input type=hidden name=token value=old><input type=file name=f>
<input name=card autocomplete='billing cc-number'><input name=code autocomplete=one-time-code>
<input name=shown autocomplete=current-password><input name=skip data-fh-dash=no-keep>
<fieldset data-fh-dash=no-keep><input name=inner></fieldset></form>"""


def test_secrets_are_never_kept(site: Site, tab: Page) -> None:
    """Passwords, hidden fields, files, card numbers and what the app excludes reach neither page nor storage."""
    visit(site, tab, SECRET)
    for name in ("p", "card", "code", "shown", "skip", "inner"):
        tab.locator(f"[name={name}]").fill("s3cret")
    tab.evaluate("document.querySelector('[name=token]').value = 's3cret'")
    store = """<script>window.stored = sessionStorage['fh-dash:keep'] ?? ''</script>"""
    tab.add_init_script("window.stored = sessionStorage['fh-dash:keep'] ?? ''")

    reload(site, tab, SECRET.replace("value=old", "value=new"), store)

    names = tab.evaluate("[...document.querySelectorAll('input')].map((e) => e.name)")
    values = dict(zip(names, tab.evaluate(READ), strict=True))
    assert values.pop("token") == "new"
    assert set(values.values()) == {""}
    assert "s3cret" not in tab.evaluate("window.stored")
    assert tab.evaluate("sessionStorage.length") == 0


TALL = """<div style='height:5000px'>tall</div>
<div id=box style='height:100px;overflow:auto'><p style='height:900px;width:3000px'></div>"""


def test_scroll(site: Site, tab: Page) -> None:
    """The window and scrolled boxes are where they were, also when the page scrolls smoothly."""
    visit(site, tab, TALL, "<style>html, #box {scroll-behavior: smooth}</style>")
    tab.evaluate("scrollTo({top: 1234, behavior: 'instant'}); box.scrollTo({top: 300, left: 40, behavior: 'instant'})")

    reload(site, tab)

    assert tab.evaluate("[scrollY, box.scrollTop, box.scrollLeft]") == [1234, 300, 40]


def test_scroll_of_a_page_that_grows(site: Site, tab: Page) -> None:
    """A page that becomes tall only after it was loaded is scrolled then."""
    grow = "addEventListener('load', () => setTimeout(() => document.body.style.height = '5000px', 300))"
    visit(site, tab, f"<script>{grow}</script>")
    tab.wait_for_function("document.body.style.height")
    tab.evaluate("scrollTo(0, 2000)")

    reload(site, tab)

    tab.wait_for_function("scrollY === 2000")


def test_person_scrolls_meanwhile(site: Site, tab: Page) -> None:
    """Who acts in the new page is not moved under their hands, when it becomes tall enough at last."""
    gate = threading.Event()
    grow = "document.body.style.height = '5000px'"
    site.pages["/grow.js"] = lambda scope: Reply(grow, gate=gate)
    visit(site, tab, f"<script>addEventListener('load', () => {grow})</script><div style='height:900px'>")
    tab.wait_for_function("document.body.style.height")
    tab.evaluate("scrollTo(0, 2000)")

    listen = "<script>addEventListener('wheel', () => window.turned = true)</script>"
    reload(site, tab, "<div style='height:900px'>", f"{listen}<script async src=/grow.js></script>")
    tab.mouse.wheel(0, 10)
    tab.wait_for_function("window.turned")
    gate.set()
    tab.wait_for_function("document.body.style.height && document.readyState === 'complete'")
    tab.wait_for_timeout(200)

    assert tab.evaluate("scrollY") < 1000


def test_focus_and_selection(site: Site, tab: Page) -> None:
    """The caret stays in its field with what was marked; the page's own autofocus does not take it away."""
    visit(site, tab, "<input autofocus id=first><textarea id=t></textarea>")
    tab.locator("#t").fill("hello world")
    tab.evaluate("t.focus(); t.setSelectionRange(2, 7, 'backward')")

    reload(site, tab)

    state = tab.evaluate("[document.activeElement.id, t.selectionStart, t.selectionEnd, t.selectionDirection]")
    assert state == ["t", 2, 7, "backward"]
    tab.keyboard.type("X")
    expect(tab.locator("#t")).to_have_value("heXorld")


def test_selected_text(site: Site, tab: Page) -> None:
    """Marked words are marked again, if they are still there."""
    visit(site, tab, "<p>one <b>two</b> three</p>")
    tab.evaluate(
        "const $ = (s) => document.querySelector(s);"
        "getSelection().setBaseAndExtent($('b').firstChild, 1, $('p').lastChild, 4)"
    )
    assert tab.evaluate("getSelection().toString()") == "wo thr"

    reload(site, tab)
    assert tab.evaluate("getSelection().toString()") == "wo thr"
    reload(site, tab, "<p>uno <b>due</b> tre</p>")
    assert tab.evaluate("getSelection().toString()") == ""


OPENABLE = """<details id=a><summary>a</summary>A</details><details id=b open><summary>b</summary>B</details>
<details id=c><summary>c</summary>C</details>
<dialog id=m><button autofocus>m</button><input id=i></dialog><dialog id=n>n</dialog>
<div popover id=p>p</div>"""


def test_details_and_dialogs(site: Site, tab: Page) -> None:
    """What was opened or closed by hand is; modal dialogs are modal; the rest is as the new page says."""
    visit(site, tab, OPENABLE)
    tab.evaluate("a.open = true; b.open = false; n.show(); m.showModal(); i.value = 'x'; p.showPopover(); i.focus()")

    reload(site, tab, OPENABLE.replace("<details id=c>", "<details id=c open>"))

    assert tab.evaluate("[a.open, b.open, c.open, m.open, n.open]") == [True, False, True, True, True]
    assert tab.evaluate("[m.matches(':modal'), n.matches(':modal'), p.matches(':popover-open')]") == [True, False, True]
    assert tab.evaluate("[document.activeElement.id, i.value]") == ["i", "x"]


def wav(seconds: int = 20, rate: int = 8000) -> bytes:
    size = seconds * rate
    head = b"RIFF" + (36 + size).to_bytes(4, "little") + b"WAVEfmt \x10\0\0\0\1\0\1\0"
    return head + rate.to_bytes(4, "little") * 2 + b"\1\0\x08\0data" + size.to_bytes(4, "little") + b"\x80" * size


async def _sound(scope: Any, receive: Any, send: Any) -> None:
    body = wav()
    ranges = dict(scope["headers"]).get(b"range", b"").removeprefix(b"bytes=").split(b"-")
    first = int(ranges[0] or 0)
    headers = [(b"content-type", b"audio/wav"), (b"accept-ranges", b"bytes")]
    headers.append((b"content-range", f"bytes {first}-{len(body) - 1}/{len(body)}".encode()))
    await send({"type": "http.response.start", "status": 206, "headers": headers})
    await send({"type": "http.response.body", "body": body[first:]})


def test_media_position(site: Site, tab: Page) -> None:
    """A sound goes on where it was."""
    site.pages["/a.wav"] = _sound
    visit(site, tab, "<audio id=s src=/a.wav preload=auto></audio>")
    tab.wait_for_function("s.readyState >= 1")
    tab.evaluate("new Promise((done) => { s.onseeked = done; s.currentTime = 7.5 })")

    reload(site, tab)

    tab.wait_for_function("s.currentTime === 7.5")
    assert tab.evaluate("s.paused")


def test_two_reloads_at_once(site: Site, tab: Page) -> None:
    """A second reload that comes while the page is half there does not lose what was typed."""
    visit(site, tab, "<input id=a>")
    tab.locator("#a").fill("typed")
    slow_script = "<script src=/slow.js></script>"
    gate = threading.Event()
    site.pages["/slow.js"] = lambda scope: Reply("", gate=gate)
    site.pages["/"] = page("<input id=a>", slow_script)

    site.reload()
    site.wait(lambda: len(site.visits()) == 2)
    site.wait_for_listeners()
    site.pages["/"] = page("<input id=a><p>done</p>")
    site.reload()
    site.wait(lambda: len(site.visits()) == 3)
    gate.set()

    expect(tab.locator("p")).to_be_visible()
    expect(tab.locator("#a")).to_have_value("typed")


def test_late_fields(site: Site, tab: Page) -> None:
    """A field that a script adds after the page was parsed gets its text, too."""
    late = "addEventListener('load', () => setTimeout(() => document.body.innerHTML = '<input id=late>', 200))"
    visit(site, tab, f"<script>{late}</script>")
    tab.locator("#late").fill("typed")

    reload(site, tab)

    expect(tab.locator("#late")).to_have_value("typed")


def test_fields_with_awkward_names(site: Site, tab: Page) -> None:
    """Fields called like parts of a form, and ids that are no selectors, are found."""
    names = ("id", "name", "reset", "type", "tagName")
    body = "".join(f"<input name={name}>" for name in names)
    body = f"<form>{body}<input id='1:a.b'></form>"
    visit(site, tab, body)
    for field in tab.locator("input").all():
        field.fill("x")

    reload(site, tab)

    assert tab.evaluate(READ) == ["x"] * 6


def test_field_that_is_too_large(site: Site, tab: Page) -> None:
    """It is left out, and the others come back."""
    visit(site, tab, "<input id=a><textarea id=b></textarea>")
    tab.evaluate("a.value = 'typed'; b.value = 'x'.repeat(6e6)")

    reload(site, tab)

    assert tab.evaluate("[a.value, b.value]") == ["typed", ""]


def test_page_that_moved(site: Site, tab: Page) -> None:
    """After a redirect to another page nothing is put there."""
    visit(site, tab, "<input id=a>")
    tab.locator("#a").fill("typed")
    site.pages["/login"] = page("<input id=a>")
    site.pages["/"] = Reply("", 303, {"location": "/login"})

    site.reload()
    tab.wait_for_url("**/login")

    expect(tab.locator("#a")).to_have_value("")
    assert tab.evaluate("sessionStorage.length") == 0


@pytest.mark.parametrize("where", ["data-fh-dash=no-keep", "data-fh-dash='no-swap no-keep'"])
def test_app_does_not_want_it(site: Site, tab: Page, where: str) -> None:
    """A page can ask for plain reloads."""
    visit(site, tab, "<input id=a>", attributes=where)
    tab.locator("#a").fill("typed")
    site.pages["/"] = page("<input id=a><p>new</p>", attributes=where)
    site.reload()

    expect(tab.locator("p")).to_be_visible()
    expect(tab.locator("#a")).to_have_value("")
