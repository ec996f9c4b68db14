"""The real `fh-dash` on a pseudo-terminal under load: keys, throughput, memory, and what its lists let go.

    python -m benchmarks.bench_load [--rate 2000] [--seconds 60] [--rounds 15] [--app asgi] [--app fasthtml]
        [--no-access-log]

First the command is started some times, and the time taken from there to the first whole frame. Then the load is
steady: a client in a process of its own sends `--rate` requests per second, while keys are pressed and the time is
taken from each to the screen that shows what it did. At last it is as much as the server can take, by turns from
`fh-dash` with its request pane open and from the command `uvicorn`, which logs each request, as it does unasked,
unless `--no-access-log` is given; a figure is the median over the turns. All processes share the machine's processors:
this one, which reads the terminal, too.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.bench_dashboard import cpu, memory
from benchmarks.bench_overhead import APPS, ROOT
from tests.support.command import DASH
from tests.support.ports import free_port, is_free
from tests.support.terminal import Terminal, terminal

KEYS = (
    ("3", rb"clear"),
    ("2", rb"full reload"),
    ("j", rb"paused|\+\d+ new"),
    ("f", rb"follow"),
    ("?", rb"Everywhere"),
    ("\r", rb"full reload"),
)
"""A key, and what is drawn anew when it was carried out: focus to Caches and back, pause, follow, help, close."""
PAUSE = 0.25
"""Seconds between two keys."""
NO_LOG = ("--no-access-log", "--log-level", "warning")
"""Of uvicorn; `fh-dash` shows each request all the same."""
GONE = re.compile(r"Requests.*?([\d,]+) gone")


@contextmanager
def dashboard(folder: Path, port: int, wait: bool = True) -> Iterator[Terminal]:
    arguments = (*DASH[1:], "app.py", "--port", str(port), *NO_LOG)
    environ = {"HOME": str(folder), "XDG_STATE_HOME": str(folder), "PYTHONPATH": str(ROOT)}
    with terminal(*arguments, cwd=folder, environ=environ) as it:
        if wait:
            it.wait_for("serving")
            it.type("2")
            it.settle()
        yield it


@contextmanager
def uvicorn(folder: Path, port: int, *, log: bool) -> Iterator[int]:
    """Its process id. The log goes nowhere: only what it takes to write it counts."""
    command = [sys.executable, "-m", "uvicorn", "app:app", "--port", str(port), *(() if log else NO_LOG)]
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while is_free(port):
            time.sleep(0.05)
        yield process.pid
    finally:
        process.terminate()
        process.wait(10)


@contextmanager
def client(port: int, seconds: float, rate: float = 0.0) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "benchmarks.load_client", str(port), "--seconds", str(seconds)]
    if rate:
        command += ["--rate", str(rate), "--connections", "64"]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def answers(process: subprocess.Popen[str]) -> dict[str, float]:
    out, _ = process.communicate()
    found: dict[str, float] = json.loads(out)
    return found


def press(it: Terminal, key: str, sign: bytes) -> float:
    """Milliseconds from the key to its sign on the screen."""
    while it.read(0, draw=False):
        pass
    it.raw.clear()
    start = time.perf_counter()
    it.type(key)
    while not re.search(sign, it.raw) and time.perf_counter() - start < 5:
        it.read(0.002, draw=False)
    return (time.perf_counter() - start) * 1000


def steady(it: Terminal, port: int, rate: float, seconds: float) -> None:
    """Keys and memory while the load is steady."""
    pid = it.process.pid
    before, used, began = memory(pid), cpu(pid), time.monotonic()
    times: dict[str, list[float]] = {key: [] for key, _ in KEYS}
    sizes: list[float] = []
    with client(port, seconds, rate) as process:
        read_until(it, time.monotonic() + 1)
        while process.poll() is None:
            for key, sign in KEYS:
                times[key].append(press(it, key, sign))
                read_until(it, time.monotonic() + PAUSE)
            sizes.append(memory(pid))
        share = (cpu(pid) - used) / (time.monotonic() - began)
        result = answers(process)
    print(
        f"{rate:.0f} requests/s asked for, {result['answers'] / result['seconds']:.0f} answered for "
        f"{result['seconds']:.0f} s; p50 {result['p50_ms']:.1f} ms, p99 {result['p99_ms']:.1f} ms, "
        f"slowest {result['max_ms']:.0f} ms; {share:.0%} of a processor"
    )
    report_keys(times)
    read_until(it, time.monotonic() + 3)
    print(f"memory: {before:.0f} MB before, {max(sizes):.0f} MB at most, {memory(pid):.0f} MB after")
    it.type("?")
    it.wait_for("Everywhere")
    it.type("\r")
    it.wait_for("full reload")
    it.settle()
    shown = GONE.search(it.text)
    print(f"requests let go, as shown: {shown.group(1) if shown else 'nothing is shown'}")


def report_keys(times: dict[str, list[float]]) -> None:
    names = {"\r": "enter"}
    for key, found in times.items():
        print(f"  key {names.get(key, key):<6} p50 {statistics.median(found):5.1f} ms   max {max(found):5.1f} ms")
    every = sorted(found for key in times for found in times[key])
    print(
        f"key to screen: p50 {statistics.median(every):.1f} ms, p95 {every[int(len(every) * 0.95)]:.1f} ms, "
        f"max {every[-1]:.1f} ms, {len(every)} keys"
    )


def first_paint(folder: Path, source: str, starts: int) -> None:
    """From the start of the process to the last line of the first frame; the app notes when its import began."""
    note = folder / "began"
    (folder / "app.py").write_text(f"import time\nopen({str(note)!r}, 'w').write(str(time.time()))\n{source}")
    painted, spent, imported = [], [], []
    for _ in range(starts):
        note.unlink(missing_ok=True)
        start = time.time()
        with dashboard(folder, free_port(), wait=False) as it:
            while b"palette" not in it.raw:
                it.read(0.01, draw=False)
            painted.append((time.time() - start) * 1000)
            spent.append(cpu(it.process.pid) * 1000)
            it.wait(lambda: note.exists() and note.read_text())
            imported.append((float(note.read_text()) - start) * 1000)
            it.wait_for("serving")
            it.type("q")
            it.end()
    (folder / "app.py").write_text(source)
    print(
        f"first frame: median {statistics.median(painted):.0f} ms ({min(painted):.0f} to {max(painted):.0f}) from the "
        f"start of the process, {starts} starts; {statistics.median(spent):.0f} ms of a processor; the app's import "
        f"begins after {statistics.median(imported):.0f} ms"
    )


def read_until(it: Terminal, end: float) -> None:
    while (left := end - time.monotonic()) > 0:
        it.read(min(left, 0.05), draw=False)
    it.raw.clear()


def at_most(it: Terminal, ours: int, bare: int, pid: int, rounds: int, seconds: float) -> None:
    """As much as they can take, by turns."""
    ports = {"uvicorn": bare, "fh-dash": ours}
    pids = {"uvicorn": pid, "fh-dash": it.process.pid}
    rows: dict[str, list[tuple[float, float]]] = {name: [] for name in ports}
    for turn in range(rounds + 1):
        for name, port in ports.items():
            used = cpu(pids[name])
            with client(port, seconds) as process:
                while process.poll() is None:
                    it.read(0.05, draw=False)
                found = answers(process)
            it.raw.clear()
            if turn:  # the first one warms up
                spent = (cpu(pids[name]) - used) / found["answers"] * 1e6
                rows[name].append((found["answers"] / found["seconds"], spent))
            read_until(it, time.monotonic() + 0.3)
    ratios = [a[0] / b[0] for a, b in zip(rows["fh-dash"], rows["uvicorn"], strict=True)]
    for name, found_rows in rows.items():
        rps, spent = map(statistics.median, zip(*found_rows, strict=True))
        print(f"  {name:8} {rps:8.0f} requests/s   {spent:6.1f} us of a processor each")
    print(f"throughput: {statistics.median(ratios):.1%} of bare uvicorn ({min(ratios):.0%} to {max(ratios):.0%})")


def run(app: str, options: argparse.Namespace) -> None:
    load = ", ".join(f"{value:.2f}" for value in os.getloadavg())
    print(f"--- {app}, load average {load}", flush=True)
    with tempfile.TemporaryDirectory() as name:
        folder, port = Path(name), free_port()
        bare = free_port()
        (folder / "app.py").write_text(APPS[app])
        if options.starts:
            first_paint(folder, APPS[app], options.starts)
        with dashboard(folder, port) as it, uvicorn(folder, bare, log=options.log) as pid:
            if options.seconds:
                steady(it, port, options.rate, options.seconds)
            if options.rounds:
                at_most(it, port, bare, pid, options.rounds, options.turn)
                print(f"memory at the end: {memory(it.process.pid):.0f} MB")
            it.type("q")
            it.end()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--app", action="append", choices=[*APPS], help="default: asgi")
    parser.add_argument("--starts", type=int, default=9)
    parser.add_argument("--rate", type=float, default=2000.0, help="requests per second")
    parser.add_argument("--seconds", type=float, default=60.0, help="of steady load")
    parser.add_argument("--rounds", type=int, default=15, help="turns at full load")
    parser.add_argument("--turn", type=float, default=2.0, help="seconds of a turn")
    parser.add_argument("--no-access-log", dest="log", action="store_false", help="uvicorn logs no requests")
    options = parser.parse_args()
    for app in options.app or ["asgi"]:
        run(app, options)


if __name__ == "__main__":
    main()
