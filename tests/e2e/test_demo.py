"""The demo: a form, a model that takes long, and edits that leave it alone."""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.command import Command, eventually, fetch, serving

DEMO = Path(__file__).parents[2] / "docs" / "demo"


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[tuple[Command, Path]]:
    folder = tmp_path / "demo"
    shutil.copytree(DEMO, folder, ignore=shutil.ignore_patterns("__pycache__", ".sesskey"))
    with serving("app.py", cwd=folder, text="Which picture") as server:
        yield server, folder


def ask(server: Command, text: str) -> str:
    form = f"text={text.replace(' ', '+')}"
    status, page = fetch(server.port, "/predict", "POST", form, timeout=60)  # the first one trains the model
    assert status == 200, server.log
    return page


def loaded_at(page: str) -> str:
    found = re.search(r"<dt>loaded at</dt>\s*<dd>([\d:]+)</dd>", page)
    assert found, page
    return found[1]


def results(page: str) -> list[str]:
    return re.findall(r"<strong>(.*?)</strong>", page)[1:]


def test_the_model_outlives_edits(demo: tuple[Command, Path]) -> None:
    """A question is answered sensibly; after an edit of app.py the page is new and the model is not."""
    server, folder = demo
    page = ask(server, "a puppy in winter")
    app = (folder / "app.py").read_text()
    (folder / "app.py").write_text(app.replace("RESULTS = 5", "RESULTS = 3").replace("did you mean?", "was it?"))
    server.answers("Which picture was it?")
    after = ask(server, "a puppy in winter")

    assert results(page)[0] == "A dog runs through fresh snow"
    assert (len(results(page)), len(results(after))) == (5, 3)
    assert loaded_at(after) == loaded_at(page)
    assert server.log.count("loaded latent semantic analysis") == 1
    server.says("app (modified)")


def test_page(demo: tuple[Command, Path]) -> None:
    """The page needs no other server, says which model it uses, and takes hostile text as text."""
    server, _ = demo
    page = server.get()
    assert not re.findall(r'(?:src|href)="https?://(?!localhost|127)', page.replace('rel="canonical" href', ""))
    assert "body" in server.get("/style.css")
    assert "svg" in server.get("/icon.svg")

    answer = ask(server, "%3Cscript%3Ealert(1)%3C/script%3E kids by the sea")
    assert "<script>alert" not in answer
    assert "A small stand-in, trained just now" in answer
    assert results(answer)[0] == "Two children build a sandcastle on the beach"


def test_as_a_script(tmp_path: Path) -> None:
    """`python app.py` serves it, too."""
    folder = tmp_path / "demo"
    shutil.copytree(DEMO, folder, ignore=shutil.ignore_patterns("__pycache__"))
    with serving(cwd=folder, command=(sys.executable, "app.py"), text="Which picture") as server:
        style = folder / "static" / "style.css"
        style.write_text(style.read_text().replace("#faf7f2", "#ffffff"))
        eventually("the new style", lambda: "#ffffff" in fetch(server.port, "/style.css")[1])
