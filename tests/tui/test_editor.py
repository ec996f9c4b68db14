from __future__ import annotations

import sys
from pathlib import Path

import pytest

from fh_dash.tui.editor import Command, command
from tests.support import fake_runtime as story
from tests.support.dashboard import make, running, screen


@pytest.mark.parametrize(
    ("environ", "arguments", "terminal"),
    [
        ({"VISUAL": "code --wait", "EDITOR": "vi"}, ("code", "--wait", "--goto", "/a b.py:7"), False),
        ({"EDITOR": "vim"}, ("vim", "+7", "/a b.py"), True),
        ({"EDITOR": "/usr/bin/hx"}, ("/usr/bin/hx", "/a b.py:7"), True),
        ({"EDITOR": "zed"}, ("zed", "/a b.py:7"), False),
        ({"EDITOR": "emacsclient -n"}, ("emacsclient", "-n", "+7", "/a b.py"), False),
        ({"EDITOR": "emacsclient -t"}, ("emacsclient", "-t", "+7", "/a b.py"), True),
        ({"EDITOR": "unheard-of"}, ("unheard-of", "+7", "/a b.py"), True),
    ],
)
def test_editors_at_a_line(environ: dict[str, str], arguments: tuple[str, ...], terminal: bool) -> None:
    """$VISUAL before $EDITOR, each with its way to name a line."""
    assert command("/a b.py", 7, environ) == Command(arguments, terminal)


def test_no_editor_is_none() -> None:
    """Nothing is guessed where nothing is known."""
    assert command("/a.py", 1, {}) is None


async def test_without_an_editor_the_place_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """The person reads what to set, and where to look."""
    monkeypatch.setattr("os.path.isfile", lambda file: True)
    app = make(story.broken())
    async with running(app) as pilot:
        await pilot.press("e")
        await pilot.pause()

        assert "no editor known: set $VISUAL or $EDITOR (shop/app.py:41)" in screen(app)


@pytest.fixture
def editor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A `code` that writes its arguments down, in the file that is returned."""
    note, script = tmp_path / "note", tmp_path / "code"
    script.write_text(f"#!{sys.executable}\nimport sys\nopen({str(note)!r}, 'w').write(' '.join(sys.argv[1:]))\n")
    script.chmod(0o755)
    (tmp_path / "app.py").touch()
    monkeypatch.setenv("VISUAL", str(script))
    return note


def read(file: Path) -> str:
    return file.read_text() if file.exists() else ""


async def test_a_graphical_editor_runs_beside(editor: Path) -> None:
    """It is started with file and line, and the dashboard stays."""
    source = editor.with_name("app.py")
    app = make()
    async with running(app) as pilot:
        app.edit(str(source), 12)
        for _ in range(200):
            await pilot.pause(0.02)
            if read(editor):
                break

    assert read(editor) == f"--goto {source}:12"


async def test_a_file_that_is_gone() -> None:
    """No editor is started for what is not there."""
    app = make(story.broken())
    async with running(app) as pilot:
        await pilot.press("e")
        await pilot.pause()

        assert "shop/app.py is not there any more" in screen(app)
