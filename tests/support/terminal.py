"""A program on a pseudo-terminal: what it draws, what it is typed, how it ends."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pyte

DEADLINE = 20.0


def _environ() -> dict[str, str]:
    """Ours without the size that pytest-xdist sets for its workers: it would win over the terminal's own."""
    return {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES")}


class Terminal:
    def __init__(self, arguments: list[str], columns: int, rows: int, cwd: Path, environ: Mapping[str, str]) -> None:
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.before = termios.tcgetattr(slave)
        self.slave = slave
        # pyte knows no second screen; programs that draw use one.
        self._screens = [pyte.Screen(columns, rows) for _ in range(2)]
        self._streams = [pyte.ByteStream(screen) for screen in self._screens]
        self._drawing = 0
        self._rest = b""
        self.raw = bytearray()
        self.process = subprocess.Popen(
            arguments,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            cwd=cwd,
            env={**_environ(), "TERM": "xterm-256color", "COLORTERM": "truecolor", **environ},
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )

    @property
    def screen(self) -> pyte.Screen:
        return self._screens[self._drawing]

    @property
    def text(self) -> str:
        return "\n".join(self.screen.display)

    def read(self, timeout: float = 0.05, *, draw: bool = True) -> bool:
        """Take in what was drawn; False when there was nothing. Without `draw` only `raw` gets it, which is faster."""
        ready, _, _ = select.select([self.master], [], [], timeout)
        if not ready:
            return False
        try:
            data = os.read(self.master, 65_536)
        except OSError:
            return False
        self.raw += data
        if draw:
            self._feed(self._rest + data)
        return True

    def _feed(self, data: bytes) -> None:
        """Whole sequences only: the start of one at the end waits for its rest."""
        cut = data.rfind(b"\x1b", len(data) - 12) if len(data) > 12 else data.rfind(b"\x1b")
        self._rest = b""
        if cut >= 0 and not re.search(rb"[a-zA-Z]", data[cut + 1 :]):
            data, self._rest = data[:cut], data[cut:]
        # pyte does not know these: synchronized output, key protocol; it would print their ends.
        data = re.sub(rb"\x1b\[\?\d+\$p|\x1b\[[<>][\d;]*u", b"", data)
        for piece in re.split(rb"(\x1b\[\?1049[hl])", data):
            if piece.startswith(b"\x1b[?1049"):
                self._drawing = int(piece.endswith(b"h"))
                self._screens[1].reset()
            else:
                self._streams[self._drawing].feed(piece)

    def wait(self, condition: Callable[[], object], what: str = "") -> None:
        """Read until `condition` holds. Raises AssertionError with the screen after the deadline."""
        end = time.monotonic() + DEADLINE
        while not condition():
            if not self.read() and self.process.poll() is not None and not self.read(0):
                break
            if time.monotonic() > end:
                break
        assert condition(), f"{what}\n{self.text}"

    def wait_for(self, text: str) -> None:
        self.wait(lambda: text in self.text, f"{text!r} is not on the screen:")

    def settle(self) -> None:
        """Until nothing is drawn for a moment."""
        while self.read(0.3):
            pass

    def type(self, keys: str) -> None:
        os.write(self.master, keys.encode())

    def end(self) -> int:
        """The exit status, once the program has ended by itself."""
        self.wait(lambda: self.process.poll() is not None, "it does not end:")
        while self.read(0):
            pass
        return self.process.wait()

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        for fd in (self.master, self.slave):
            with contextlib.suppress(OSError):
                os.close(fd)


@contextlib.contextmanager
def terminal(
    *arguments: str, columns: int = 120, rows: int = 36, cwd: Path, environ: Mapping[str, str] | None = None
) -> Iterator[Terminal]:
    """`python *arguments` on a terminal of its own."""
    it = Terminal([sys.executable, *arguments], columns, rows, cwd, environ or {})
    try:
        yield it
    finally:
        it.close()
