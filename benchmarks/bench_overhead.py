"""What our layers cost: requests per second and latency against bare uvicorn, with the same options, in one run.

    python benchmarks/bench_overhead.py [--seconds 0.5] [--rounds 15] [--access-log]

All servers run and take short turns, so that a noisy machine disturbs them alike; a figure is the median over the
turns. Processor time per request is the steadiest of them; its share is that of requests per second on a processor
that does nothing else. Variants: bare uvicorn, ours without request events (plain headless), ours with them (`--json`,
and the dashboard's server without its screen). With `--access-log` all three write uvicorn's access log, to nowhere.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

ROOT = Path(__file__).parent.parent

APPS = {
    "asgi": """
BODY = b"hello, world"
HEAD = [(b"content-type", b"text/plain"), (b"content-length", b"12")]


async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        raise RuntimeError("no lifespan")
    await send({"type": "http.response.start", "status": 200, "headers": HEAD})
    await send({"type": "http.response.body", "body": BODY})
""",
    "fasthtml": """
from fasthtml.common import *

app, rt = fast_app()


@rt("/")
def index():
    return Titled("Shop", Ul(*[Li(f"item {n}") for n in range(20)]))
""",
}

BARE = """
import os, socket, sys, uvicorn
sys.path.insert(0, ".")
from app import app
sock = socket.create_server(("127.0.0.1", 0))
print(sock.getsockname()[1], flush=True)
os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
uvicorn.Server(uvicorn.Config(app, **OPTIONS)).run([sock])
"""
QUIET = """{"access_log": False, "log_level": "warning"}"""
LOGGING = """{"access_log": True}"""

OURS = """
import os, sys, threading
from fh_dash.runtime import Runtime
from fh_dash.settings import Settings
runtime = Runtime(Settings("app.py", port=0, uvicorn=OPTIONS), REPORT)
runtime.requests = REQUESTS
print(runtime.bind().rpartition(":")[2], flush=True)
os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
threading.Thread(target=runtime.run_reloader, daemon=True).start()
try:
    runtime.run_server()
except KeyboardInterrupt:
    pass
"""
INBOX = """
from fh_dash.inbox import Inbox
inbox = Inbox()
import threading, time
def drain():
    while True:
        time.sleep(1 / 30)
        inbox.drain()
threading.Thread(target=drain, daemon=True).start()
"""

VARIANTS = {
    "uvicorn": BARE,
    "plain": OURS.replace("REPORT", "lambda event: None").replace("REQUESTS", "False"),
    "events": INBOX + OURS.replace("REPORT", "inbox.put").replace("REQUESTS", "True"),
}


@contextmanager
def server(code: str, folder: Path) -> Iterator[tuple[int, int]]:
    """Port and process id."""
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=environ,
    )
    assert process.stdout is not None
    try:
        yield int(process.stdout.readline()), process.pid
    finally:
        process.terminate()
        process.wait(10)


class Client(asyncio.Protocol):
    """One connection that asks again as soon as it was answered."""

    REQUEST = b"GET / HTTP/1.1\r\nhost: localhost\r\naccept: text/html\r\nuser-agent: bench\r\n\r\n"

    def __init__(self, times: list[float]) -> None:
        self.times = times
        self.buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.ask()

    def ask(self) -> None:
        self.began = time.perf_counter()
        self.transport.write(self.REQUEST)  # type: ignore[attr-defined]

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        head, found, body = self.buffer.partition(b"\r\n\r\n")
        if not found:
            return
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        if len(body) >= length:
            assert head.startswith(b"HTTP/1.1 200"), head
            self.times.append(time.perf_counter() - self.began)
            self.buffer = b""
            self.ask()


async def load(port: int, seconds: float, connections: int) -> list[float]:
    loop = asyncio.get_running_loop()
    times: list[float] = []
    open_ones = [
        (await loop.create_connection(lambda: Client(times), "127.0.0.1", port))[0] for _ in range(connections)
    ]
    await asyncio.sleep(seconds)
    for transport in open_ones:
        transport.abort()
    return times


def cpu(pid: int) -> float:
    """Seconds of processor time of a process (Linux; elsewhere 0)."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure(
    seconds: float, rounds: int, connections: int, options: str = QUIET
) -> dict[str, dict[str, dict[str, float]]]:
    results: dict[str, dict[str, dict[str, float]]] = {}
    for app, source in APPS.items():
        with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
            (Path(folder) / "app.py").write_text(source)
            codes = {name: code.replace("OPTIONS", options) for name, code in VARIANTS.items()}
            servers = {name: stack.enter_context(server(code, Path(folder))) for name, code in codes.items()}
            rows: dict[str, list[tuple[float, float, float]]] = {name: [] for name in VARIANTS}
            for port, _ in servers.values():
                asyncio.run(load(port, seconds, connections))
            for _ in range(rounds):
                for name, (port, pid) in servers.items():
                    rows[name].append(take_turn(port, pid, seconds, connections))
        results[app] = {
            name: dict(zip(FIGURES, map(statistics.median, zip(*r, strict=True)), strict=True))
            for name, r in rows.items()
        }
    return results


FIGURES = ("rps", "p99_ms", "cpu_us")


def take_turn(port: int, pid: int, seconds: float, connections: int) -> tuple[float, float, float]:
    before = cpu(pid)
    times: list[float] = []
    while not times:  # a machine that is busy with something else
        times = sorted(asyncio.run(load(port, seconds, connections)))
    spent = (cpu(pid) - before) / len(times) * 1e6
    return len(times) / seconds, times[int(len(times) * 0.99)] * 1000, spent


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=0.5)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--access-log", action="store_true")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    results = measure(options.seconds, options.rounds, options.connections, LOGGING if options.access_log else QUIET)
    if options.json:
        print(json.dumps(results, indent=1))
        return
    for app, rows in results.items():
        bare = rows["uvicorn"]
        for name, row in rows.items():
            share = row["rps"] / bare["rps"]
            print(
                f"{app:9} {name:8} {row['rps']:8.0f} requests/s {share:6.1%}"
                f"   p99 {row['p99_ms']:6.2f} ms   cpu {row['cpu_us']:6.1f} us/request"
                f" {bare['cpu_us'] / row['cpu_us'] if row['cpu_us'] else 0:6.1%}"
            )


if __name__ == "__main__":
    main()
