"""`fh-dash` on a real terminal: it starts, follows saves, obeys keys, and leaves nothing behind."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.command import DASH, eventually, fetch, running, write
from tests.support.ports import free_port, is_free
from tests.support.pseudo import PseudoTerminal, terminal

APP = """\
import os

from fasthtml.common import *
from fh_utils import no_reload_cache

app, rt = fast_app()


@no_reload_cache
def load():
    return os.urandom(8).hex()


@rt("/")
def index():
    print("hello from the app")
    return P("one", load())
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path, {"shop/app.py": APP})
    return tmp_path / "shop"


@pytest.fixture
def home(tmp_path: Path) -> dict[str, str]:
    """The person's own settings are not those of whoever runs the tests."""
    return {"HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path / "c"), "XDG_STATE_HOME": str(tmp_path / "s")}


class Dashboard:
    def __init__(self, screen: PseudoTerminal, port: int) -> None:
        self.screen, self.port = screen, port

    def page(self) -> str:
        """The page as the app made it; empty when there was no answer."""
        status, body = fetch(self.port)
        return re.sub(r"<script[^>]*data-fh-live[^>]*>.*?</script>", "", body, flags=re.S) if status else ""

    def answers(self, text: str) -> None:
        try:
            eventually(f"{text!r} on the page", lambda: text in self.page())
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.screen.text}") from None


@pytest.fixture
def dashboard(folder: Path, home: dict[str, str]) -> Iterator[Dashboard]:
    port = free_port()
    with terminal(*DASH, "app.py", "--port", str(port), cwd=folder, env=home) as screen:
        before = screen.modes()
        found = Dashboard(screen, port)
        found.answers("one")
        screen.shows("serving")
        yield found
        assert screen.modes() == before, "the terminal was not put back"


def quit_with(found: Dashboard, keys: str) -> int:
    found.screen.send(keys)
    return found.screen.ended()


def save(folder: Path, old: str, new: str) -> None:
    file = folder / "app.py"
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


def test_follows_saves(dashboard: Dashboard, folder: Path) -> None:
    """Requests, prints, caches, a reload with its reason, and an error are on the screen as they happen."""
    screen = dashboard.screen
    screen.shows("Reloads", "Requests", "Caches", "Output", "hello from the app", "load", "GET")
    save(folder, '"one"', '"two"')
    dashboard.answers("two")
    screen.shows("modified", "gen 2")
    save(folder, 'P("two"', 'P(("two"')
    screen.shows("SyntaxError", "broken")
    assert "two" in dashboard.page()
    save(folder, 'P(("two"', 'P("three"')
    dashboard.answers("three")

    eventually("the error's end", lambda: "SyntaxError: " not in screen.text.splitlines()[2])
    assert quit_with(dashboard, "q") == 0


def test_quit_leaves_nothing(dashboard: Dashboard) -> None:
    """q: status 0, the screen left, the cursor back, the port free, no traceback."""
    assert quit_with(dashboard, "q") == 0
    raw = bytes(dashboard.screen.raw)

    assert b"\x1b[?1049h" in raw
    assert raw.rfind(b"\x1b[?1049l") > raw.rfind(b"\x1b[?1049h")
    assert raw.rfind(b"\x1b[?25h") > raw.rfind(b"\x1b[?25l")
    assert b"Traceback" not in raw
    assert is_free(dashboard.port)


def test_reload_key(dashboard: Dashboard) -> None:
    """r runs all project modules again, and what is kept stays."""
    before = dashboard.page()
    dashboard.screen.send("r")
    dashboard.screen.shows("gen 2")

    assert dashboard.page() == before
    quit_with(dashboard, "q")


def test_full_reload_key(dashboard: Dashboard) -> None:
    """R is a fresh interpreter on the same port; the dashboard comes back and can be quit."""
    before = dashboard.page()
    dashboard.screen.send("R")
    eventually("a fresh process", lambda: dashboard.page() not in ("", before))
    dashboard.screen.shows("serving")

    assert quit_with(dashboard, "q") == 0
    assert is_free(dashboard.port)


@pytest.mark.parametrize("mode", ["fast", "full"])
def test_a_full_reload_keeps_history_filter_and_layout(mode: str, folder: Path, home: dict[str, str]) -> None:
    """By R, and by a save with --reload full: the rows, the filter, the pane in focus and maximised, the theme."""
    port = free_port()
    command = (*DASH, "app.py", "--port", str(port), "--reload", mode)
    with terminal(*command, cwd=folder, env=home) as screen:
        found = Dashboard(screen, port)
        found.answers("one")
        screen.shows("hello from the app")
        before = found.page()
        screen.send("4/hello\r")
        screen.shows("  /hello")
        screen.send("\x14z")  # ctrl+t, and maximise
        screen.shows("  /hello", "3 Caches ·")
        if mode == "fast":
            screen.send("R")
            eventually("a fresh process", lambda: found.page() not in ("", before))
        else:
            save(folder, '"one"', '"two"')
            found.answers("two")

        screen.shows("/hello", "3 Caches ·", "hello from the app", "● serving")
        screen.send("1")
        eventually("both starts", lambda: screen.text.count("started app:app") == 2)
        assert quit_with(found, "q") == 0
    layout = json.loads((Path(home["XDG_STATE_HOME"]) / "fh-dash" / "layout.json").read_text())
    assert layout["theme"] == "fh-light"


def test_clear_all_key(dashboard: Dashboard) -> None:
    """C empties the caches, after a question where that costs something."""
    before = dashboard.page()
    dashboard.screen.send("C")
    dashboard.screen.shows("Clear 1 cache")
    dashboard.screen.send("y")
    eventually("a new value", lambda: dashboard.page() != before)
    quit_with(dashboard, "q")


def test_help_key(dashboard: Dashboard) -> None:
    """? lists the keys; Escape goes back and does not quit."""
    dashboard.screen.send("?")
    dashboard.screen.shows("Re-run all project modules", "Start a fresh process")
    dashboard.screen.send("\x1b")
    eventually("the way back", lambda: "Start a fresh process" not in dashboard.screen.text)

    assert quit_with(dashboard, "q") == 0


def test_interrupt_twice(dashboard: Dashboard) -> None:
    """ctrl+c explains, a second one quits."""
    dashboard.screen.send("\x03")
    dashboard.screen.shows("again")

    assert quit_with(dashboard, "\x03") == 0
    assert is_free(dashboard.port)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_signals(number: signal.Signals, dashboard: Dashboard) -> None:
    """SIGTERM and a closed terminal end it in order: the terminal restored, the port free."""
    dashboard.screen.process.send_signal(number)
    dashboard.screen.ended()

    assert b"Traceback" not in dashboard.screen.raw
    assert is_free(dashboard.port)


def test_app_that_fails_at_start(folder: Path, home: dict[str, str]) -> None:
    """An app that cannot be imported is shown with its error, and the next good save starts it."""
    port = free_port()
    save(folder, "import os\n", "import os\nimport nothing_like_this\n")
    with terminal(*DASH, "app.py", "--port", str(port), cwd=folder, env=home) as screen:
        screen.shows("ModuleNotFoundError", "nothing_like_this")
        save(folder, "import nothing_like_this\n", "")
        Dashboard(screen, port).answers("one")
        screen.shows("serving")
        screen.send("q")

        assert screen.ended() == 0


def test_paints_before_the_import(folder: Path, home: dict[str, str]) -> None:
    """While the app is still being imported the dashboard is there, and shows the module."""
    port = free_port()
    (folder / "slow.py").write_text("from pathlib import Path\nwhile not Path('go').exists(): pass\n")
    save(folder, "import os\n", "import os\nimport slow\n")
    with terminal(*DASH, "app.py", "--port", str(port), cwd=folder, env=home) as screen:
        screen.shows("slow", "quit")
        (folder / "go").touch()
        Dashboard(screen, port).answers("one")
        screen.send("q")

        assert screen.ended() == 0


BAD = {
    "no such file": (["nothing.py"], "no such file: nothing.py"),
    "no app": (["none.py"], "no app in none.py"),
    "port": (["app.py", "--port", "99999999"], "is not in the range"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input(name: str, folder: Path, home: dict[str, str]) -> None:
    """What cannot be served is said before the screen is taken, status 2."""
    (folder / "none.py").write_text("x = 1\n")
    args, message = BAD[name]
    with terminal(*DASH, *args, cwd=folder, env=home) as screen:
        assert screen.ended() == 2
        screen.shows(message)
        assert b"\x1b[?1049h" not in screen.raw


def test_no_terminal(folder: Path) -> None:
    """Into a pipe the same comes as plain lines."""
    port = free_port()
    with running(*DASH, "app.py", "--port", str(port), cwd=folder, port=port) as piped:
        piped.says("serving app:app")
        assert "data-fh-live" in piped.get()
        assert "\x1b" not in piped.log
        assert piped.end() == 0


@pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed")
def test_in_tmux(folder: Path, home: dict[str, str], tmp_path: Path) -> None:
    """In tmux the dashboard shows itself, and after q the shell is as it was."""
    port, socket = free_port(), tmp_path / "tmux"

    environ = {k: v for k, v in os.environ.items() if k not in ("COLUMNS", "LINES", "TMUX")} | home

    def tmux(*args: str) -> str:
        command = ["tmux", "-S", str(socket), "-f", "/dev/null", *args]
        return subprocess.run(command, env=environ, capture_output=True, text=True, timeout=20).stdout

    def shows(text: str) -> None:
        try:
            eventually(text, lambda: text in tmux("capture-pane", "-p"))
        except AssertionError as error:
            raise AssertionError(f"{error}\n{tmux('capture-pane', '-p')}") from None

    code = f"{sys.executable} -c 'import sys; from fh_dash.cli import dash_main; sys.exit(dash_main())'"
    tmux("new-session", "-d", "-x", "120", "-y", "36", "-c", str(folder), "sh")
    try:
        tmux("send-keys", f"echo be''fore; {code} app.py --port {port}; echo status $?", "Enter")
        shows("serving")
        assert "one" in fetch(port)[1]
        shows("GET")
        tmux("send-keys", "q")
        shows("status 0")
        shows("before")
        tmux("send-keys", "echo af''ter", "Enter")
        shows("after")
    finally:
        tmux("kill-server")
