"""The dashboard on a real pseudo-terminal: first paint, key to paint under load, idle CPU, memory.

    python -m benchmarks.bench_dashboard [--rate 2000] [--seconds 20]

The load are events as a server would post them, from a thread of the same process, half of the requests with a line of
output: what is measured is the screen, not a server (`bench_overhead` measures that).
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from pathlib import Path

from tests.support.terminal import Terminal, terminal

PROGRAM = """
import sys, threading, time
from fh_dash.events import *
from fh_dash.settings import Settings
from fh_dash.tui.run import run_dashboard
from tests.support import fake_runtime as story

RATE, SECONDS = {rate}, {seconds}

class Runtime(story.FakeRuntime):
    def __init__(self, post):
        super().__init__()
        self.post = post
    def run_server(self):
        self.post(Serving(1, time.time(), 5.0, "app:app"))
        end, number, step = time.time() + SECONDS, 0, 0.005
        while time.time() < end and RATE and not self.stopped.is_set():
            for _ in range(int(RATE * step)):
                number += 1
                now = time.time()
                self.post(RequestStarted(number, now, "GET", "/items"))
                self.post(RequestFinished(number, now, "GET", "/items", "", 200, 3.0, 0.0, 4120, "app.items", 1))
                if number % 2:
                    self.post(OutputLine(now, "stdout", f"line {{number}}", request=number))
            time.sleep(step)
        self.stopped.wait(60)

sys.exit(run_dashboard(Settings("app.py"), lambda settings, post: Runtime(post)))
"""


def cpu(pid: int) -> float:
    """Seconds of CPU that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory(pid: int) -> float:
    """MB that a process holds."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def key_to_paint(it: Terminal, seconds: float) -> list[float]:
    """Milliseconds from a key to the first sign of what it does: the focus moves, and the footer with it."""
    times: list[float] = []
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for key, sign in (("3", b"clear"), ("2", b"full reload")):
            it.raw.clear()
            start = time.perf_counter()
            it.type(key)
            while sign not in it.raw and time.perf_counter() - start < 2:
                it.read(0.002, draw=False)
            times.append((time.perf_counter() - start) * 1000)
            pause = time.monotonic() + 0.2
            while time.monotonic() < pause:
                it.read(0.02, draw=False)
    return times


def run(rate: int, seconds: float) -> None:
    folder = Path(tempfile.mkdtemp())
    program = PROGRAM.format(rate=rate, seconds=seconds + 2)
    start = time.perf_counter()
    with terminal("-c", program, cwd=folder, environ={"HOME": str(folder)}) as it:
        it.wait(lambda: b"palette" in it.raw)
        print(f"{'first paint':<28}{(time.perf_counter() - start) * 1000:8.0f} ms from the start of the process")
        it.wait(lambda: b"serving" in it.raw)
        used, began = cpu(it.process.pid), time.monotonic()
        if rate:
            times = sorted(key_to_paint(it, seconds))
            print(f"{'key to paint, median':<28}{statistics.median(times):8.0f} ms at {rate} requests/s")
            print(f"{'key to paint, p95':<28}{times[int(len(times) * 0.95)]:8.0f} ms ({len(times)} keys)")
        else:
            print(f"{'key to paint, idle, median':<28}{statistics.median(key_to_paint(it, 3)):8.0f} ms")
            used, began = cpu(it.process.pid), time.monotonic()
            end = time.monotonic() + seconds
            while time.monotonic() < end:
                it.read(0.1, draw=False)
        share = (cpu(it.process.pid) - used) / (time.monotonic() - began)
        print(f"{'CPU' if rate else 'CPU, idle':<28}{share * 100:8.1f} % of a core")
        print(f"{'memory':<28}{memory(it.process.pid):8.0f} MB")
        it.type("q")
        it.end()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rate", type=int, default=2000, help="requests per second")
    parser.add_argument("--seconds", type=float, default=20.0)
    options = parser.parse_args()
    run(0, min(10.0, options.seconds))
    run(options.rate, options.seconds)


if __name__ == "__main__":
    main()
