"""The whole way, with the real command: from a save on the disk to the page."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.support.command import DEV, Command, eventually, running
from tests.support.ports import free_port

ROOT = Path(__file__).parents[2]
APP = """
from pathlib import Path
from fasthtml.common import *
css = Link(rel="stylesheet", href="/static/app.css")
app, rt = fast_app(pico=False, default_hdrs=False, hdrs=[css])

@rt("/")
def get():
    return Titled("Shop", P("one", id="p"), Form(Input(name="q"), id="f"), Pre(Path("note.txt").read_text()))

@rt("/visits")
def get():
    file = Path("visits.json")
    file.write_text(str(int(file.read_text() if file.exists() else 0) + 1))
    return Title("Visits"), H1(file.read_text())

@rt("/broken")
def get():
    return [][0]

serve()
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "static").mkdir()
    for name, text in {
        "app.py": APP,
        "static/app.css": "h1 { color: red }",
        "note.txt": "first",
        "visits.json": "0",
    }.items():
        (tmp_path / name).write_text(text)
    return tmp_path


@pytest.fixture
def command(folder: Path) -> Iterator[Command]:
    port = free_port()
    options = ("app.py", "--live", "--port", str(port))
    with running(*DEV, *options, cwd=folder, port=port, env={"PYTHONPATH": str(ROOT)}) as command:
        command.says("http://")
        yield command
        assert command.end(signal.SIGTERM) in (0, -signal.SIGTERM)


@pytest.fixture
def url(command: Command) -> str:
    return f"http://127.0.0.1:{command.port}"


def edit(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


def test_first_page(folder: Path, url: str, tab: Page) -> None:
    """A page that was asked for before the app was there is made by it, and is not loaded again."""
    asked: list[str] = []
    tab.on("request", lambda request: asked.append(request.url) if request.is_navigation_request() else None)
    tab.goto(url)
    edit(folder / "static/app.css", "red", "green")

    expect(tab.locator("h1")).to_have_css("color", "rgb(0, 128, 0)")
    assert asked == [url + "/"]


def test_saves(folder: Path, url: str, tab: Page) -> None:
    """Code, style sheet and data file; a broken save and its mending; an exception and its mending."""
    tab.goto(url)
    tab.locator("[name=q]").fill("typed")

    edit(folder / "app.py", '"one"', '"two"')
    expect(tab.locator("#p")).to_have_text("two")
    expect(tab.locator("[name=q]")).to_have_value("typed")
    edit(folder / "static/app.css", "red", "green")
    expect(tab.locator("h1")).to_have_css("color", "rgb(0, 128, 0)")
    edit(folder / "note.txt", "first", "second")
    expect(tab.locator("pre")).to_have_text("second")

    edit(folder / "app.py", "return Titled(", "return Titled((")
    box = tab.get_by_role("alertdialog")
    expect(box).to_contain_text("app.py:9")
    edit(folder / "app.py", "return Titled((", "return Titled(")
    expect(box).to_have_count(0)
    expect(tab.locator("[name=q]")).to_have_value("typed")

    tab.goto(url + "/broken")
    expect(tab.locator("h1")).to_have_text("IndexError")
    edit(folder / "app.py", "[][0]", "Titled('fine')")
    expect(tab.locator("h1")).to_have_text("fine")


def test_page_that_writes_a_file(folder: Path, command: Command, url: str, tab: Page) -> None:
    """To load it afresh for that would be without end; a style sheet saved later than the file is exchanged."""
    tab.goto(url + "/visits")
    tab.evaluate("setTimeout(() => { throw new Error('no tea') })")
    command.says("browser  /visits  Uncaught Error: no tea")
    edit(folder / "static/app.css", "red", "green")

    expect(tab.locator("h1")).to_have_css("color", "rgb(0, 128, 0)")
    assert (folder / "visits.json").read_text() == "1"


def test_style_sheet_beside_a_broken_save(folder: Path, url: str, tab: Page) -> None:
    """What has nothing to do with the code is shown all the same."""
    tab.goto(url)
    expect(tab.locator("#p")).to_have_text("one")

    edit(folder / "app.py", "return Titled(", "return Titled((")
    edit(folder / "static/app.css", "red", "green")

    expect(tab.get_by_role("alertdialog")).to_be_visible()
    expect(tab.locator("h1")).to_have_css("color", "rgb(0, 128, 0)")


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="no SIGHUP here")
def test_fresh_process(command: Command, url: str, tab: Page) -> None:
    """After a full reload the page is loaded once the new process can answer, and what was typed is there."""
    tab.goto(url)
    tab.locator("[name=q]").fill("typed")
    command.says("serving")
    tab.evaluate("window.old = true")

    command.process.send_signal(signal.SIGHUP)
    eventually("a second start", lambda: command.log.count("serving app") == 2)

    tab.wait_for_function("!window.old")
    expect(tab.locator("[name=q]")).to_have_value("typed")


@pytest.fixture
def unimportable(folder: Path) -> None:
    (folder / "app.py").write_text("import nothing_of_that_name" + APP)


def test_app_that_cannot_be_imported(unimportable: None, folder: Path, url: str, tab: Page) -> None:
    """The first page shows why, and the next good save replaces it by the app's."""
    tab.goto(url)
    expect(tab.locator("body")).to_contain_text("nothing_of_that_name")
    expect(tab.get_by_role("alertdialog")).to_have_count(0)

    (folder / "app.py").write_text(APP)

    expect(tab.locator("#p")).to_have_text("one")
