"""From the save to the first answer of the new code when each edit starts the app afresh: ours and uvicorn in one run.

    python benchmarks/bench_full_reload.py [--rounds 12]

`fh_utils dev --reload full` and `uvicorn --reload` serve copies of the same FastHTML app and take turns. A client asks
on new connections, one after the other, from the save on; what is refused meanwhile is counted.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
APP = """
from fasthtml.common import *

app, rt = fast_app()


@rt("/")
def index():
    return "word0"
"""
COMMANDS = {
    "uvicorn": ("-m", "uvicorn", "app:app", "--reload", "--no-access-log"),
    "ours": ("-m", "fh_utils", "dev", "app.py", "--reload", "full", "--no-access-log"),
}
PATIENCE = 30.0


@contextlib.contextmanager
def server(arguments: tuple[str, ...], folder: Path) -> Iterator[int]:
    """The port."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, *arguments, "--port", str(port)],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield port
    finally:
        process.send_signal(signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(10)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(10)


def ask(port: int) -> str | None:
    """None: refused, or hung up on."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    try:
        connection.request("GET", "/")
        return connection.getresponse().read().decode()
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()


def until(port: int, word: str) -> tuple[float, int]:
    """Milliseconds, and how many were refused until then."""
    since, failed = time.perf_counter(), 0
    while time.perf_counter() - since < PATIENCE:
        answer = ask(port)
        if answer is not None and word in answer:
            return (time.perf_counter() - since) * 1000, failed
        failed += answer is None
        time.sleep(0.002)
    raise SystemExit(f"{word} was never served")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=12)
    rounds = parser.parse_args().rounds
    times: dict[str, list[float]] = {name: [] for name in COMMANDS}
    refused = dict.fromkeys(COMMANDS, 0)
    with contextlib.ExitStack() as stack:
        ports, files = {}, {}
        for name, arguments in COMMANDS.items():
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            files[name] = folder / "app.py"
            files[name].write_text(APP)
            ports[name] = stack.enter_context(server(arguments, folder))
            until(ports[name], "word0")
        time.sleep(1)  # both watch by now
        for number in range(1, rounds + 1):
            for name in COMMANDS:
                files[name].write_text(APP.replace("word0", f"word{number}x"))
                took, failed = until(ports[name], f"word{number}x")
                times[name].append(took)
                refused[name] += failed
                time.sleep(0.5)
    bare = statistics.median(times["uvicorn"])
    for name, row in times.items():
        middle = statistics.median(row)
        print(
            f"{name:8} median {middle:6.0f} ms   most {max(row):6.0f} ms   {middle / bare:5.0%} of uvicorn's"
            f"   {refused[name]} refused or reset"
        )


if __name__ == "__main__":
    main()
