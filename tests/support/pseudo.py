"""A command on a pseudo-terminal: what it draws as text, keys to it, and what it leaves behind."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import signal
import struct
import subprocess
import termios
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pyte

from tests.support.command import DEADLINE, eventually

# Sequences that pyte does not know, and whose ends it would print: synchronized output, keyboard protocol.
_UNKNOWN = {b"\x1b[>": b"\x1b[?", b"\x1b[<": b"\x1b[?", b"\x1b[?2026$p": b"", b"\x1b[?2048$p": b""}


class PseudoTerminal:
    """`raw` is every byte that was written; `text` the screen as it looks now."""

    def __init__(self, command: tuple[str, ...], columns: int, rows: int, cwd: Path, env: Mapping[str, str]) -> None:
        self.fd, self._slave = pty.openpty()  # the slave stays open: its modes are looked at afterwards
        fcntl.ioctl(self._slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.raw = bytearray()
        self._screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self._screen)
        self._lock = threading.Lock()
        self.process = subprocess.Popen(
            command,
            stdin=self._slave,
            stdout=self._slave,
            stderr=self._slave,
            cwd=cwd,
            env=env,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )
        self._closing = threading.Event()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        os.set_blocking(self.fd, False)
        while not self._closing.is_set():
            try:
                data = os.read(self.fd, 65536)
            except BlockingIOError:
                self._closing.wait(0.01)
                continue
            except OSError:
                return
            with self._lock:
                self.raw += data
                for unknown, known in _UNKNOWN.items():
                    data = data.replace(unknown, known)
                with contextlib.suppress(Exception):  # what it cannot parse is not our concern
                    self._stream.feed(data)

    @property
    def text(self) -> str:
        with self._lock:
            return "\n".join(self._screen.display)

    def send(self, keys: str) -> None:
        os.write(self.fd, keys.encode())

    def shows(self, *texts: str, deadline: float = DEADLINE) -> None:
        """Wait until all texts are on the screen."""
        try:
            eventually(f"{texts} on the screen", lambda: all(t in self.text for t in texts), deadline)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.text}") from None

    def modes(self) -> list[object]:
        """Of the terminal's line discipline: echo, line editing, …"""
        return termios.tcgetattr(self._slave)[:4]

    def ended(self, deadline: float = 15) -> int:
        """Wait for the command; its exit status, negative for a signal."""
        try:
            return self.process.wait(deadline)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"it does not end\n{self.text}") from None

    def hang_up(self) -> None:
        """Close the window: nobody has the terminal any more."""
        self._closing.set()
        self._reader.join(5)
        os.close(self._slave)
        os.close(self.fd)
        self._slave = self.fd = -1

    def close(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(10)
        self._closing.set()
        self._reader.join(5)
        for fd in {self._slave, self.fd} - {-1}:
            os.close(fd)


@contextmanager
def terminal(
    *command: str, cwd: Path, columns: int = 120, rows: int = 36, env: Mapping[str, str] | None = None
) -> Iterator[PseudoTerminal]:
    """Run the command on a new pseudo-terminal of that size, as the leader of its session."""
    environ = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor", **(env or {})}
    for name in ("COLUMNS", "LINES"):  # pytest sets them, and they would win over the size
        environ.pop(name, None)
    found = PseudoTerminal(command, columns, rows, cwd, environ)
    try:
        yield found
    finally:
        found.close()
