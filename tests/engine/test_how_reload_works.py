"""What docs/how-reload-works.md says is so."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import pytest
import watchfiles

from fh_dash import engine
from fh_dash.events import Outcome, Phases
from fh_dash.lines import Lines
from fh_dash.settings import Settings
from tests.support.project import Project, project_at

DOC = (Path(__file__).parents[2] / "docs" / "how-reload-works.md").read_text(encoding="utf-8")
SHOP = {
    "app.py": "import cart\nfrom menu import MENU\nimport models\n\nTITLE = f'{len(MENU)} dishes'\n",
    "menu.py": "from prices import PRICES\n\nMENU = sorted(PRICES)\n",
    "cart.py": "from prices import PRICES\n\n\ndef total():\n    return sum(PRICES.values())\n",
    "prices.py": "PRICES = {'soup': 4}\n",
    "models.py": "def load():\n    return object()\n\n\nMODEL = load()\n",
}


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", DOC, flags=re.S | re.M)


def table(head: str) -> list[str]:
    """The first cells of the table that begins with this head."""
    rows = re.search(rf"^\| {head} \|.*\n\|---.*\n((?:\|.*\n)+)", DOC, flags=re.M)
    assert rows is not None
    return [row.split("|")[1].strip().strip("`") for row in rows[1].splitlines()]


def test_the_picture(project: Project) -> None:
    """The project of the picture gives the report below it, and keeps the model."""
    project.load(SHOP)
    model = project["models"].MODEL
    saved = project.save({"prices.py": "PRICES = {'soup': 4, 'tea': 2}\n"})
    result = replace(saved.result, generation=2, phases=Phases(execute=3.0))
    assert list(Lines(Settings("app.py"))(result)) == [blocks("")[1].strip()]
    assert project["models"].MODEL is model
    project.expect("app.cart.total()", 6)


def test_outcomes() -> None:
    """The table has the outcomes that there are."""
    assert sorted([*table("outcome"), "untouched"]) == sorted(get_args(Outcome))


REASONS: dict[str, tuple[dict[str, str], dict[str, str | None]]] = {
    "modified": ({"app.py": "X = 1\n"}, {"app.py": "X = 2\n"}),
    "uses X of m at import time, line 7": (
        {"app.py": "from m import X\n" + "\n" * 5 + "Y = X\n", "m.py": "X = 1\n"},
        {"m.py": "X = 2\n"},
    ),
    "uses m at import time, line 7": (
        {"app.py": "import m\n" + "\n" * 5 + "Y = vars(m)['X']\n", "m.py": "X = 1\n"},
        {"m.py": "X = 2\n"},
    ),
    "imports X from m, line 2": (
        {"app.py": "try:\n    from m import X\nexcept ImportError:\n    X = 0\n", "m.py": ""},
        {"m.py": "X = 2\n"},
    ),
    "imports m, which is gone, line 2": (
        {"app.py": "try:\n    import m\nexcept ImportError:\n    m = None\n", "m.py": ""},
        {"m.py": None},
    ),
    "imports m dynamically": (
        {"app.py": "from importlib import import_module\nX = import_module('m').X\n", "m.py": "X = 1\n"},
        {"m.py": "X = 2\n"},
    ),
    "m can be imported now": (
        {"app.py": "try:\n    import m\nexcept ImportError:\n    m = None\n"},
        {"m.py": ""},
    ),
    "reads menu.json": (
        {"app.py": "import pathlib\nX = pathlib.Path(__file__).with_name('menu.json').read_text()\n", "menu.json": "1"},
        {"menu.json": "2"},
    ),
    "moved to m/__init__.py": ({"app.py": "import m\n", "m.py": "X = 1\n"}, {"m.py": None, "m/__init__.py": "X = 1\n"}),
    "holds start-up code, models, rows or numbers of m": (
        {
            "app.py": "import core, m\n",
            "core.py": "class App:\n    def __init__(self): self.on_startup = []\napp = App()\n",
            "m.py": "from core import app\napp.on_startup.append(print)\n",
        },
        {"m.py": "from core import app\napp.on_startup.append(repr)\n"},
    ),
    "builds on what other modules registered before it": (
        {
            "app.py": "import core, m, n\n",
            "core.py": "F = 1\n",
            "m.py": "import core\ncore.F = 2\n",
            "n.py": "import core\ncore.F = 3\n",
        },
        {"app.py": "import core, n\n"},
    ),
    "forced": ({"app.py": "X = 1\n"}, {}),
}


def test_reasons_are_all_tried() -> None:
    """The table has the reasons that are tried below."""
    assert table("reason") == list(REASONS)


@pytest.mark.parametrize(("files", "edit"), REASONS.values(), ids=REASONS)
def test_reasons(
    project: Project, request: pytest.FixtureRequest, files: dict[str, str], edit: dict[str, str | None]
) -> None:
    """Each reason is given in these words, for the edit that the table names."""
    project.load(files)
    saved = project.save(edit, force=not edit)
    assert request.node.callspec.id in [module.reason for module in saved.result.modules]


class TestScript:
    """The script runs, with edits that come from here."""

    EDITS = (
        {"notes.txt": "nothing\n"},
        {"clock.py": "from face import FACE\ndef tick(): print('tack', FACE)\n"},
        {"face.py": "FACE = 'round'\n"},
        {"face.py": "FACE = (\n"},
        {"face.py": "FACE = 1 / 0\n"},
        {"face.py": "FACE = 'square'\n"},
    )

    def edits(self, folder: Path) -> Iterator[set[tuple[int, str]]]:
        for files in self.EDITS:
            for name, content in files.items():
                (folder / name).write_text(content)
            yield {(2, str(folder / name)) for name in files}

    def test_it(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        """It tells what each edit did, and calls the newest code."""
        folder = tmp_path / "clockwork"
        folder.mkdir()
        (folder / "clock.py").write_text("from face import FACE\ndef tick(): print('tick', FACE)\n")
        (folder / "face.py").write_text("FACE = 'old'\n")
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(watchfiles, "watch", self.edits)
        with project_at(folder, "clock") as outer:
            outer.engine.uninstall()
            names: dict[str, Any] = {}
            try:
                exec(compile(blocks("python")[0], "how-reload-works.md", "exec"), names)
            finally:
                names["engine"].uninstall()
        assert capsys.readouterr().out.splitlines() == [
            "clock re-run modified",
            "tack old",
            "face re-run modified",
            "clock rebound ('FACE',)",
            "tack round",
            "SyntaxError '(' was never closed 1",
            "division by zero",
            "face re-run modified",
            "clock rebound ('FACE',)",
            "tack square",
        ]

    def test_names(self) -> None:
        """What the text calls the engine's is the engine's, and the public names are there."""
        assert {name for name in re.findall(r"`engine\.(\w+)\(", DOC) if not hasattr(engine.Engine, name)} == set()
        assert all(getattr(engine, name) for name in engine.__all__)


def test_length() -> None:
    """It is two pages."""
    assert len(DOC.split()) < 1500
