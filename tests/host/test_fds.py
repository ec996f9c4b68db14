from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.terminal import terminal

HEAD = """
import json, os, subprocess, sys, time, threading
from fh_dash.host.fds import Capture
seen = []
def wait(text):
    end = time.monotonic() + 10
    while not any(text in line.text for line in list(seen)) and time.monotonic() < end:
        time.sleep(0.01)
"""
TAIL = """
with open("seen.json", "w") as file:
    json.dump([[line.text, line.partial] for line in seen], file)
"""


def run(tmp_path: Path, body: str) -> tuple[list[tuple[str, bool]], str]:
    """The lines that were caught while `body` ran, and what reached the terminal."""
    script = tmp_path / "script.py"
    script.write_text(HEAD + body + TAIL)
    with terminal(str(script), cwd=tmp_path) as it:
        assert it.end() == 0, it.text
        raw = bytes(it.raw).decode()
    return [(text, partial) for text, partial in json.loads((tmp_path / "seen.json").read_text())], raw


def test_everything_on_1_and_2_is_caught(tmp_path: Path) -> None:
    """`os.write`, children and C code end up in events, in whatever bytes; only the private copy draws."""
    lines, raw = run(
        tmp_path,
        """
with Capture(seen.append):
    os.write(1, b"one\\n")
    os.write(2, b"two \\xff\\n")
    subprocess.run("echo child; echo error >&2", shell=True)
    subprocess.run([sys.executable, "-c", "import sys; sys.stderr.write('python child')"])
    wait("python child")
    sys.__stderr__.write("drawn on purpose"); sys.__stderr__.flush()
    size = os.get_terminal_size(sys.__stdout__.fileno())
    assert size == (120, 36), size
""",
    )

    texts = [text for text, partial in lines if not partial]
    assert {"one", "two \\xff", "child", "error", "python child"} <= set(texts)
    assert raw == "drawn on purpose"


def test_descriptors_and_streams_come_back(tmp_path: Path) -> None:
    """Afterwards the same objects write to the same terminal, and no descriptor is left open."""
    _, raw = run(
        tmp_path,
        """
out, err = sys.__stdout__, sys.__stderr__
opened = set(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else set()
for _ in range(3):
    with Capture(seen.append):
        os.write(1, b"caught\\n")
assert (sys.__stdout__, sys.__stderr__) == (out, err)
if opened:
    assert set(os.listdir("/proc/self/fd")) == opened
assert os.isatty(1) and os.isatty(2)
print("back")
os.write(2, b"again")
""",
    )

    assert raw == "back\r\nagain"


def test_released_for_a_while(tmp_path: Path) -> None:
    """Within `released` the terminal is on 1 and 2, children included; afterwards it is not."""
    lines, raw = run(
        tmp_path,
        """
with Capture(seen.append) as capture:
    with capture.released() as (out, err):
        os.write(1, b"to you ")
        subprocess.run(["printf", "and me"])
        assert out.fileno() == 1 and out.isatty()
    os.write(1, b"caught\\n")
    wait("caught")
""",
    )

    assert raw == "to you and me"
    assert ("caught", False) in lines


def test_a_prompt_is_shown_before_its_line_ends(tmp_path: Path) -> None:
    """What has no newline yet appears after a moment, and is completed later."""
    lines, _ = run(
        tmp_path,
        """
with Capture(seen.append):
    os.write(1, b"10%\\r20%")
    wait("20%")
    os.write(1, b"\\r100%\\n")
    wait("100%")
""",
    )

    assert lines == [("20%", True), ("100%", False)]


@pytest.mark.parametrize("count", [100_000])
def test_a_flood_neither_blocks_nor_gets_lost(tmp_path: Path, count: int) -> None:
    """The pump reads as fast as a child writes; one line of 10 MB is cut."""
    lines, raw = run(
        tmp_path,
        f"""
with Capture(seen.append):
    subprocess.run([sys.executable, "-c", "for i in range({count}): print(i)"], check=True)
    subprocess.run([sys.executable, "-c", "print('x' * 10_000_000)"], check=True)
    subprocess.run(["echo", "end"], check=True)
    wait("end")
""",
    )
    texts = [text for text, partial in lines if not partial]

    assert texts[:count] == [str(i) for i in range(count)]
    assert texts[count] == "x" * 8192 + "…"
    assert raw == ""


def test_a_redirected_stderr_stays_where_the_person_sent_it(tmp_path: Path) -> None:
    """`2>file` is honoured, and does not keep the dashboard from drawing."""
    script = tmp_path / "script.py"
    script.write_text(
        HEAD + "with Capture(seen.append):\n    os.write(2, b'in the file')\n    print('drawn', file=sys.__stderr__)\n"
    )
    start = (
        "import os, sys; os.dup2(os.open('log', os.O_WRONLY | os.O_CREAT), 2); "
        f"os.execv(sys.executable, [sys.executable, {str(script)!r}])"
    )
    with terminal("-c", start, cwd=tmp_path) as it:
        assert it.end() == 0
        assert bytes(it.raw) == b"drawn\r\n"
    assert (tmp_path / "log").read_text() == "in the file"
