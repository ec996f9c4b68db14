"""File descriptors 1 and 2: what C code, child processes and `os.write` put there becomes events.

The dashboard itself draws on a private copy of the terminal. `sys.__stdout__` and `sys.__stderr__` both point to that
copy meanwhile: Textual draws on the one and asks the other for the size.
"""

from __future__ import annotations

import codecs
import contextlib
import os
import selectors
import sys
import threading
import time
from collections.abc import Callable, Iterator
from io import TextIOWrapper
from typing import Any, TextIO

from fh_dash.events import OutputLine
from fh_dash.host.lines import LineBuffer

Post = Callable[[OutputLine], object]
_CHUNK = 65_536
_QUIET = 0.1
"""Seconds after which a line that has not ended is shown as it is."""
_JOIN = 2.0


class Capture:
    """Between `start` and `stop`, descriptors that are a terminal are pipes. One that the person has sent to a file
    stays as it is."""

    def __init__(self, post: Post) -> None:
        self._pump = Pump(post)
        self._saved: dict[int, int] = {}
        """Copies of the descriptors as they were."""
        self._writers: dict[int, int] = {}
        self._streams: tuple[Any, Any] = (None, None)

    def start(self) -> None:
        """Raises OSError when there is no terminal to draw on."""
        terminal = _terminal()
        self._streams = (sys.__stdout__, sys.__stderr__)
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError, ValueError):
                stream.flush()
        for fd in (1, 2):
            if os.isatty(fd):
                self._divert(fd)
        sys.__stdout__ = _text(terminal)  # type: ignore[misc]
        sys.__stderr__ = _text(os.dup(terminal))  # type: ignore[misc]
        self._pump.start()

    def _divert(self, fd: int) -> None:
        self._saved[fd] = os.dup(fd)
        reader, writer = os.pipe()
        self._pump.add(reader, fd)
        self._writers[fd] = writer
        os.dup2(writer, fd)

    def stop(self) -> None:
        """Everything as it was; lines that are still in the pipes are delivered first."""
        self._restore()
        for writer in self._writers.values():
            os.close(writer)
        self._pump.stop()
        drawn = (sys.__stdout__, sys.__stderr__)
        sys.__stdout__, sys.__stderr__ = self._streams  # type: ignore[misc]
        for stream in drawn:
            if stream is not None and stream not in self._streams:
                with contextlib.suppress(OSError):
                    stream.close()
        for saved in self._saved.values():
            os.close(saved)
        self._saved.clear()
        self._writers.clear()

    @contextlib.contextmanager
    def released(self) -> Iterator[tuple[TextIO, TextIO]]:
        """The terminal is back on 1 and 2 for the length of the block; gives the streams that write there."""
        self._restore()
        out, err = self._streams
        try:
            yield out or sys.stdout, err or sys.stderr
        finally:
            for stream in (out, err):
                if stream is not None:
                    with contextlib.suppress(OSError, ValueError):
                        stream.flush()
            for fd, writer in self._writers.items():
                os.dup2(writer, fd)

    def _restore(self) -> None:
        for fd, saved in self._saved.items():
            os.dup2(saved, fd)

    def __enter__(self) -> Capture:
        self.start()
        return self

    def __exit__(self, *args: object) -> None:
        self.stop()


class Pump:
    """A thread that reads pipes and posts their lines. It never waits for whoever reads the events."""

    def __init__(self, post: Post) -> None:
        self._post = post
        self._selector = selectors.DefaultSelector()
        self._pipes: dict[int, tuple[LineBuffer, codecs.IncrementalDecoder]] = {}
        self._names: dict[int, str] = {}
        self._wake_reader, self._wake_writer = os.pipe()
        self._selector.register(self._wake_reader, selectors.EVENT_READ)
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="fh-dash-output", daemon=True)

    def add(self, reader: int, fd: int) -> None:
        """`fd`: the descriptor that `reader` stands for."""
        self._names[reader] = f"fd {fd}"
        os.set_blocking(reader, False)
        decoder = codecs.getincrementaldecoder("utf-8")("backslashreplace")
        self._pipes[reader] = (LineBuffer(), decoder)
        self._selector.register(reader, selectors.EVENT_READ)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Reads what is there, then ends; children that still hold a pipe are not waited for."""
        self._stopping = True
        os.write(self._wake_writer, b"x")
        self._thread.join(_JOIN)
        self._selector.close()
        for fd in (*self._pipes, self._wake_reader, self._wake_writer):
            with contextlib.suppress(OSError):
                os.close(fd)

    def _run(self) -> None:
        while not self._stopping:
            unfinished = any(not buffer.shown for buffer, _ in self._pipes.values())
            ready = self._selector.select(_QUIET if unfinished else None)
            for key, _ in ready:
                if key.fd in self._pipes:
                    self._read(key.fd)
            if not ready:
                self._show_unfinished()
        for fd in self._pipes:
            while self._read(fd):
                pass
            self._end(fd)

    def _read(self, fd: int) -> bool:
        """Whether there was something."""
        try:
            data = os.read(fd, _CHUNK)
        except BlockingIOError:
            return False
        except OSError:
            data = b""
        if not data:
            with contextlib.suppress(KeyError):
                self._selector.unregister(fd)
            return False
        buffer, decoder = self._pipes[fd]
        for line in buffer.feed(decoder.decode(data)):
            self._send(line, fd)
        return True

    def _show_unfinished(self) -> None:
        for fd, (buffer, _) in self._pipes.items():
            if not buffer.shown:
                self._send(buffer.pending, fd, partial=True)

    def _end(self, fd: int) -> None:
        buffer, decoder = self._pipes[fd]
        for line in buffer.feed(decoder.decode(b"", final=True)):
            self._send(line, fd)
        if buffer.unfinished:
            self._send(buffer.take(), fd)

    def _send(self, text: str, fd: int, partial: bool = False) -> None:
        self._post(OutputLine(time.time(), "fd", text, thread=self._names[fd], partial=partial))


def _terminal() -> int:
    """A private descriptor of the terminal, not inherited by children."""
    for fd in (1, 2):
        if os.isatty(fd):
            return os.dup(fd)
    return os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY)


def _text(fd: int) -> TextIOWrapper[Any]:
    return os.fdopen(fd, "w", encoding="utf-8", errors="backslashreplace", newline="\n")
