"""Real commands in processes of their own, with deadlines instead of sleeps."""

from __future__ import annotations

import http.client
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from tests.support.ports import free_port

DEV = (sys.executable, "-m", "fh_utils", "dev")
RUN = (sys.executable, "-m", "fh_utils", "run")
DASH = (sys.executable, "-c", "import sys; from fh_dash.cli import dash_main; sys.exit(dash_main())")
DEADLINE = 30.0


def eventually(what: str, true: Callable[[], object], deadline: float = DEADLINE) -> None:
    """Wait until `true()` is; AssertionError with `what` after the deadline in seconds."""
    end = time.monotonic() + deadline
    while not true():
        assert time.monotonic() < end, f"not within {deadline} s: {what}"
        threading.Event().wait(0.02)


def fetch(
    port: int, path: str = "/", method: str = "GET", body: str | None = None, *, timeout: float = 10, **headers: str
) -> tuple[int, str]:
    """Status and body; status 0 and the error when there was no answer within `timeout` seconds."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    if body is not None:
        headers.setdefault("content-type", "application/x-www-form-urlencoded")
    try:
        connection.request(method, path, body, {"accept": "text/html"} | headers)
        response = connection.getresponse()
        return response.status, response.read().decode("utf-8", "replace")
    except (OSError, http.client.HTTPException) as error:
        return 0, repr(error)
    finally:
        connection.close()


@dataclass
class Command:
    process: subprocess.Popen[str]
    port: int
    out: list[str] = field(default_factory=list)
    err: list[str] = field(default_factory=list)
    readers: list[threading.Thread] = field(default_factory=list)

    @property
    def log(self) -> str:
        return "\n".join([*self.out, *self.err])

    def get(self, path: str = "/") -> str:
        """The body of a page that must be there."""
        status, body = fetch(self.port, path)
        assert status == 200, f"{path}: {status} {body}\n{self.log}"
        return body

    def answers(self, text: str, path: str = "/", deadline: float = DEADLINE) -> None:
        """Wait until the page holds the text."""
        try:
            eventually(f"{text!r} at {path}", lambda: text in fetch(self.port, path)[1], deadline)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.log}") from None

    def says(self, text: str) -> None:
        """Wait until the output holds the text."""
        try:
            eventually(repr(text), lambda: text in self.log)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.log}") from None

    def end(self, number: int = signal.SIGINT) -> int:
        """Send a signal and wait; the exit status."""
        self.process.send_signal(number)
        status = self.process.wait(15)
        for reader in self.readers:
            reader.join(5)
        return status


@contextmanager
def running(*command: str, cwd: Path, port: int = 0, env: Mapping[str, str] | None = None) -> Iterator[Command]:
    """Run a command in its own session; whatever is left of it afterwards is killed."""
    process = subprocess.Popen(
        command,
        cwd=cwd,
        env={**os.environ, "PYTHONUNBUFFERED": "1", **(env or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        errors="replace",
        start_new_session=True,
    )
    found = Command(process, port)
    for stream, lines in ((process.stdout, found.out), (process.stderr, found.err)):
        assert stream is not None
        found.readers.append(threading.Thread(target=_read, args=(stream, lines), daemon=True))
        found.readers[-1].start()
    try:
        yield found
    finally:
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        process.wait(10)
        for reader in found.readers:
            reader.join(10)


def _read(stream: IO[str], lines: list[str]) -> None:
    with stream:
        for line in stream:
            lines.append(line.rstrip("\n"))


@contextmanager
def serving(
    *args: str,
    cwd: Path,
    command: tuple[str, ...] = DEV,
    text: str = "",
    env: Mapping[str, str] | None = None,
    span: int = 1,
) -> Iterator[Command]:
    """`fh_utils dev ARGS` on a free port, once it answers (with `text` on its first page)."""
    port = free_port(span)
    with running(*command, *args, cwd=cwd, port=port, env={"PORT": str(port), **(env or {})}) as found:
        eventually("a first answer", lambda: fetch(port)[0] or found.process.poll() is not None)
        assert found.process.poll() is None, found.log
        found.answers(text)
        yield found


def write(folder: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
