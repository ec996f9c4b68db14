"""Random good and bad edits under load; RSS, threads, descriptors and tasks are sampled, and judged at the end.

    python -m benchmarks.soak --minutes 30 [--dashboard] [--seed 1]

Exit status 1 when a request failed, an answer mixed two generations, an edit was not served, or something grows.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import fcntl
import json
import os
import pty
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.soak.clients import Crowd
from benchmarks.soak.project import Project
from benchmarks.soak.samples import Sample, trends

ROOT = Path(__file__).parents[2]
COMMANDS = {False: "utils_main", True: "dash_main"}
SPLIT: list[float] = []
"""When the headless command told of a reload of one half of a save of two files: on a machine that was busy in between,
the halves came to the disk too far apart, and for that moment the answers rightly showed what was there."""
PATIENCE = 15.0
"""Seconds for an edit to be on the page."""


@contextlib.contextmanager
def server(folder: Path, port: int, *, dashboard: bool, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Ours on a terminal of its own, whose output goes to the file `log`."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 140, 0, 0))
    call = f"import sys; from fh_dash import cli; sys.exit(cli.{COMMANDS[dashboard]}())"
    arguments = [*([] if dashboard else ["dev"]), "app.py", "--port", str(port)]
    environ = {**os.environ, "PYTHONPATH": str(ROOT), "TERM": "xterm-256color", "HOME": str(folder)}
    process = subprocess.Popen(
        [sys.executable, "-c", call, *arguments],
        cwd=folder, env=environ, stdin=slave, stdout=slave, stderr=slave, start_new_session=True,
    )  # fmt: skip
    os.close(slave)
    reader = threading.Thread(target=_drain, args=(master, log), daemon=True)
    reader.start()
    try:
        yield process
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
        reader.join(5)
        os.close(master)


def _drain(master: int, log: Path) -> None:
    rest = b""
    with log.open("wb") as out, contextlib.suppress(OSError):
        while data := os.read(master, 65536):
            out.write(data)
            *lines, rest = (rest + data).split(b"\n")
            if any((b"left (modified)" in line) != (b"right (modified)" in line) for line in lines):
                SPLIT.append(time.time())


class Soak:
    def __init__(self, options: argparse.Namespace, project: Project, crowd: Crowd, pid: int) -> None:
        self.options, self.project, self.crowd, self.pid = options, project, crowd, pid
        self.samples: list[Sample] = []
        self.waits: list[float] = []
        self._since = time.monotonic()

    @property
    def minute(self) -> float:
        return (time.monotonic() - self._since) / 60

    async def run(self) -> None:
        if not await self._shown("the first page"):
            return
        self.crowd.start()
        asking = asyncio.create_task(self._sampling())
        while self.minute < self.options.minutes and not asking.done():
            name = await asyncio.to_thread(self.project.step)
            await self._shown(name)
            await asyncio.sleep(self.project.random.random() * 2 * self.options.pause)
        await self.crowd.stop()
        if asking.done():
            asking.result()
        asking.cancel()

    async def _shown(self, what: str) -> bool:
        since = time.perf_counter()
        while time.perf_counter() - since < PATIENCE:
            with contextlib.suppress(OSError, EOFError, AssertionError):
                if self.project.is_shown(await self.crowd.once("/")):
                    self.waits.append(time.perf_counter() - since)
                    return True
            await asyncio.sleep(0.01)
        self.crowd.tally.trouble("not served", f"{what} {self.project.number} {self.project.expected}")
        return False

    async def _sampling(self) -> None:
        every = min(self.options.minutes * 60 / 40, 15)
        while True:
            await asyncio.sleep(every)
            try:
                numbers = json.loads(await self.crowd.once("/numbers?deep=1"))
            except (OSError, EOFError, AssertionError) as error:
                self.crowd.tally.trouble("sample", error)
                continue
            sample = Sample.take(self.pid, self.minute, numbers["tasks"], numbers["objects"])
            self.samples.append(sample)
            print(
                f"{sample.minute:6.1f} min  rss {sample.rss_mb:6.1f} MB  {sample.threads} threads  {sample.fds} fds"
                f"  {sample.tasks} tasks  {sample.objects} objects  {self.project.number} edits"
                f"  {self.crowd.tally.answers.total()} answers  {len(self.crowd.tally.troubles)} troubles",
                flush=True,
            )
            if self.options.types:
                self.options.types.write_text(json.dumps(numbers, indent=1))

    def report(self, status: int | None) -> bool:
        tally, waits = self.crowd.tally, sorted(self.waits)
        explained = [mix for mix in tally.mixed if any(abs(mix - split) < 1 for split in SPLIT)]
        print(f"\n{len(tally.mixed)} answers mixed two saves, {len(explained)} of them when a save came in two halves")
        tally.troubles += ["mixed"] * (len(tally.mixed) - len(explained))
        if not self.samples:
            print(*tally.troubles, sep="\n")
            return False
        found = trends(self.samples)
        print(
            f"\n{self.minute:.1f} minutes, seed {self.options.seed}, {self.project.number} edits: {self.project.done}"
        )
        print(f"{tally.answers.total()} answers: {dict(tally.answers)}; the slowest took {tally.slowest:.2f} s")
        middle, late = waits[len(waits) // 2] * 1000, waits[int(len(waits) * 0.95)] * 1000
        print(
            f"edit to answer, with the edit itself: median {middle:.0f} ms, p95 {late:.0f} ms, most {waits[-1]:.2f} s"
        )
        print(*found, sep="\n")
        print(f"exit status {status}; {len(tally.troubles)} troubles", *tally.troubles[:50], sep="\n  ")
        good = not tally.troubles and all(trend.flat for trend in found) and status in (0, 130)
        print("PASSED" if good else "FAILED")
        return good


async def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--pause", type=float, default=0.3, help="seconds between two edits, on average")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--dashboard", action="store_true", help="soak the dashboard instead of the headless command")
    parser.add_argument("--log", type=Path, default=Path(os.devnull), help="file for what the server writes")
    parser.add_argument("--types", type=Path, help="file for the last counts of tasks and of live objects by type")
    options = parser.parse_args()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory() as name:
        project, crowd = Project(Path(name), options.seed), Crowd(port, options.seed)
        with server(Path(name), port, dashboard=options.dashboard, log=options.log) as process:
            soak = Soak(options, project, crowd, process.pid)
            await soak.run()
    return 0 if soak.report(process.returncode) else 1


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
