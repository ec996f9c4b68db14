"""What watching costs while nobody saves: `fh_utils dev` alone, and with 50,000 files beside the app.

`python benchmarks/bench_idle.py [--seconds 40]`; Linux, since it reads `/proc`. The files are where projects have them:
`node_modules`, `.git` and `.venv`, which are never walked.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

APP = """
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

app = Starlette(routes=[Route("/", lambda request: PlainTextResponse("one"))])
"""
BESIDE = {"node_modules": 25_000, ".git/objects": 15_000, ".venv/lib": 10_000}
"""Folder -> files in it."""
_TICK = 1000 / os.sysconf("SC_CLK_TCK")


def main() -> None:
    parser = argparse.ArgumentParser(description="Idle CPU of fh_utils dev.")
    parser.add_argument("--seconds", type=float, default=40, help="how long to look")
    seconds = parser.parse_args().seconds
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "app.py").write_text(APP)
        print("nothing beside it", measured(root, seconds), sep="\t")
        print(f"{fill(root):,} files", measured(root, seconds), sep="\t")


def fill(root: Path) -> int:
    for name, count in BESIDE.items():
        for number in range(count):
            inner = root / name / f"{number % 500:03d}"
            inner.mkdir(parents=True, exist_ok=True)
            (inner / f"{number}.py").touch()
    (root / ".venv" / "pyvenv.cfg").touch()
    return sum(BESIDE.values())


def measured(root: Path, seconds: float) -> str:
    began = time.perf_counter()
    with served(root) as (process, port):
        started = time.perf_counter() - began
        time.sleep(2)  # what a start leaves to do
        before = cpu(process.pid)
        time.sleep(seconds)
        used = cpu(process.pid) - before
        fresh = save_to_page(root / "app.py", port)
    return f"start {started:.2f} s\tCPU in {seconds:g} s {used:.0f} ms\tsave to page {fresh:.0f} ms"


@contextlib.contextmanager
def served(root: Path) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "fh_utils", "dev", "app.py", "--port", str(port), "--no-access-log"]
    process = subprocess.Popen(command, cwd=root, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while page(port) is None:
            time.sleep(0.02)
        yield process, port
    finally:
        process.send_signal(signal.SIGINT)
        process.wait()


def page(port: int) -> bytes | None:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/") as answer:
            return bytes(answer.read())
    except OSError:
        return None


def cpu(pid: int) -> float:
    """User and system time of a process so far, in milliseconds."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * _TICK


def save_to_page(path: Path, port: int) -> float:
    """Milliseconds."""
    text = path.read_text()
    began = time.perf_counter()
    path.write_text(text.replace('"one"', '"two"'))
    while page(port) != b"two":
        time.sleep(0.001)
    took = (time.perf_counter() - began) * 1000
    path.write_text(text)
    return took


if __name__ == "__main__":
    main()
