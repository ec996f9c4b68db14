"""The dashboard on a real pseudo-terminal, over a fake runtime whose server thread does what a test wants."""

from __future__ import annotations

import json
import os
import signal
import sys
import termios
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.terminal import Terminal, terminal

HEAD = """
import os, signal, subprocess, sys, threading, time, logging
from fh_dash.errors import UsageError
from fh_dash.settings import Settings
from fh_dash.tui.run import run_dashboard
from fh_dash.events import *
from tests.support import fake_runtime as story

class Runtime(story.FakeRuntime):
    def __init__(self, post):
        super().__init__()
        self.post = post
    def run_server(self):
        self.post(Listening("http://127.0.0.1:5001", time.time()))
        self.post(Serving(1, time.time(), 5.0, "app:app"))
        self.serve()
        self.stopped.wait(60)
    def reexec(self, environ={}):
        os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], {**os.environ, **environ})
"""
TAIL = """
sys.exit(run_dashboard(Settings("app.py"), lambda settings, post: Runtime(post)))
"""


@contextmanager
def dashboard(tmp_path: Path, serve: str = "    pass", *, columns: int = 120, **environ: str) -> Iterator[Terminal]:
    """`serve`: the body of a function that runs on the server's thread once it serves."""
    script = tmp_path / "program.py"
    script.write_text(
        f"{HEAD}\n    def serve(self):\n        {serve.strip().replace(chr(10), chr(10) + ' ' * 8)}\n{TAIL}"
    )
    home = {"HOME": str(tmp_path), "XDG_STATE_HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path), **environ}
    with terminal(str(script), cwd=tmp_path, columns=columns, environ=home) as it:
        it.wait(lambda: b"palette" in it.raw, "no first frame:")
        yield it


def restored(it: Terminal) -> bool:
    """The line discipline is that of before, and the last screen switch was back to the normal one."""
    left = it.raw.rfind(b"\x1b[?1049l") > it.raw.rfind(b"\x1b[?1049h")
    cursor = it.raw.rfind(b"\x1b[?25h") > it.raw.rfind(b"\x1b[?25l")
    return left and cursor and termios.tcgetattr(it.slave)[:4] == it.before[:4]


def test_quitting_leaves_the_terminal_as_it_was(tmp_path: Path) -> None:
    """q: status 0, nothing printed, no thread left over."""
    with dashboard(tmp_path) as it:
        it.type("q")

        assert it.end() == 0
        assert restored(it)
        assert not it.text.strip()


@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 143), (signal.SIGINT, 130), (signal.SIGHUP, 129)])
def test_signals_end_it_like_q(tmp_path: Path, number: signal.Signals, status: int) -> None:
    """The terminal is restored, the status names the signal."""
    with dashboard(tmp_path) as it:
        it.process.send_signal(number)

        assert it.end() == status
        assert restored(it)


def test_a_closed_terminal_ends_it(tmp_path: Path) -> None:
    """No orphan goes on serving when the window is closed."""
    with dashboard(tmp_path) as it:
        os.close(it.slave)
        os.close(it.master)

        assert it.process.wait(20) in (129, 1, -signal.SIGHUP)


def test_everything_that_writes_lands_in_output(tmp_path: Path) -> None:
    """Prints, logging from before and after, descriptors, children; the screen stays whole."""
    serve = """
print("printed")
sys.stderr.write("to stderr\\n")
os.write(1, b"os one\\n")
os.write(2, b"os two \\xff\\n")
subprocess.run("echo from a child", shell=True)
logging.getLogger("shop").warning("logged")
for i in range(50): print(f"\\rstep {i}", end="", flush=True)
print()
"""
    with dashboard(tmp_path, serve) as it:
        for text in ("printed", "to stderr", "os one", "os two \\xff", "from a child", "! logged", "step 49"):
            it.wait_for(text)
        it.settle()

        assert "step 48" not in it.text
        assert it.text.splitlines()[0].startswith(" ● serving")
        assert it.text.splitlines()[-1].rstrip().endswith("^p palette")


def test_breakpoint_has_the_terminal(tmp_path: Path) -> None:
    """The dashboard steps aside, Ctrl-C at the prompt does no harm, c brings the dashboard back."""
    serve = """
answer = 41
breakpoint()
print("went on with", answer)
"""
    with dashboard(tmp_path, serve) as it:
        it.wait_for("(Pdb)")
        it.type("p answer + 1\r")
        it.wait_for("42")
        it.type("\x03")
        it.settle()
        it.type("answer = 7\r")
        it.settle()
        it.type("c\r")
        it.wait_for("went on with 7")
        it.wait_for("^p palette")
        it.type("q")

        assert it.end() == 0
        assert restored(it)


def test_two_breakpoints_wait_in_line(tmp_path: Path) -> None:
    """Two threads stop at once: one prompt after the other."""
    serve = """
def stop(name):
    breakpoint()
    print("left", name)
for name in ("one", "two"):
    threading.Thread(target=stop, args=(name,), daemon=True).start()
"""
    with dashboard(tmp_path, serve) as it:
        it.wait_for("(Pdb)")
        it.settle()
        assert it.text.count("(Pdb)") == 1
        it.type("c\r")
        it.wait(lambda: it.raw.count(b"(Pdb)") == 2, "no second prompt:")
        it.type("c\r")
        it.wait_for("left one")
        it.wait_for("left two")


def test_input_asks_the_person(tmp_path: Path) -> None:
    """input() in the app is answered on the terminal."""
    with dashboard(tmp_path, 'print("hello", input("your name? "))') as it:
        it.wait_for("your name?")
        it.type("bob\r")
        it.wait_for("hello bob")


def test_the_end_can_come_at_a_prompt(tmp_path: Path) -> None:
    """SIGTERM while pdb has the terminal ends the program."""
    with dashboard(tmp_path, "breakpoint()\npass") as it:
        it.wait_for("(Pdb)")
        it.process.terminate()

        assert it.end() == 143


def test_a_terminal_editor_takes_the_place(tmp_path: Path) -> None:
    """The editor sees the terminal and its size; afterwards the dashboard is back."""
    editor = tmp_path / "vi"
    show = "print('EDITING', *sys.argv[1:], os.get_terminal_size(), os.isatty(1))"
    editor.write_text(f"#!{sys.executable}\nimport os, sys\n{show}\ninput()\n")
    editor.chmod(0o755)
    source = tmp_path / "bad.py"
    source.touch()
    serve = f"""
error = ErrorReport("syntax", "SyntaxError", "bad", {str(source)!r}, 3)
self.post(ReloadResult(1, time.time(), ("bad.py",), error=error))
"""
    with dashboard(tmp_path, serve, VISUAL=str(editor)) as it:
        it.wait_for("✗ SyntaxError")
        it.type("e")
        it.wait_for("True")
        # without blanks: the terminal breaks the line somewhere in a long path
        assert f"EDITING+3{source}os.terminal_size(columns=120,lines=36)True" in "".join(it.text.split())
        it.type("\r")
        it.wait_for("^p palette")


def test_a_full_reload_carries_the_history_over(tmp_path: Path) -> None:
    """R: the same process number, a fresh interpreter, the rows and the filter of before."""
    serve = """
if not os.path.exists("seen"):
    open("seen", "w").close()
    print("from the first life")
else:
    print("second life", os.environ.get("FH_DASH_HISTORY"))
"""
    with dashboard(tmp_path, serve) as it:
        it.wait_for("from the first life")
        it.type("4/life\r")
        it.wait_for("1 of 1")
        pid = it.process.pid
        it.type("R")
        it.wait_for("second life None")
        it.wait_for("from the first life")
        it.wait_for("2 of 2")

        assert it.process.pid == pid
        assert it.process.poll() is None
        assert not list(tmp_path.glob("fh-dash-*.json"))


def test_a_server_that_does_not_stop_is_named(tmp_path: Path) -> None:
    """Quitting is bounded, whatever the app does, and tells where it stands."""
    with dashboard(tmp_path, 'self.stands = ("app.py", 7)\nwhile True: time.sleep(1)') as it:
        it.wait_for("● serving")
        it.type("q")

        assert it.end() == 1
        assert "the server thread did not end: app.py:7 does not return" in it.text


def test_a_fault_of_ours_shows_its_traceback(tmp_path: Path) -> None:
    """An exception in the dashboard is not swallowed by our own redirection."""
    serve = """
time.sleep(0.5)
self.caches = lambda: 1 / 0
self.post(ServerStopped(time.time()))
"""
    with dashboard(tmp_path, serve) as it:
        assert it.end() == 1
        assert "ZeroDivisionError" in it.text
        assert restored(it)


def test_the_layout_is_remembered(tmp_path: Path) -> None:
    """The next run begins in the pane that was open last."""
    with dashboard(tmp_path) as it:
        it.type("2z")
        it.wait(lambda: "3 Caches ·" in it.text)
        it.type("q")
        it.end()

    assert json.loads((tmp_path / "fh-dash" / "layout.json").read_text()) == {
        "theme": "fh-dark",
        "pane": "requests",
        "zoomed": True,
    }


def test_errors_of_use_come_before_the_screen(tmp_path: Path) -> None:
    """What `bind` refuses is raised while the terminal is untouched."""
    script = tmp_path / "program.py"
    script.write_text(
        HEAD
        + """
class Refusing(Runtime):
    def bind(self): raise UsageError("no such file: app.py")
try:
    run_dashboard(Settings("app.py"), lambda settings, post: Refusing(post))
except UsageError as error:
    print("refused:", error)
"""
    )
    with terminal(str(script), cwd=tmp_path) as it:
        assert it.end() == 0
        assert bytes(it.raw) == b"refused: no such file: app.py\r\n"
