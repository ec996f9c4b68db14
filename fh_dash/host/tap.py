"""`print` and `logging` of the app, turned into events instead of cells on somebody's screen."""

from __future__ import annotations

import codecs
import contextlib
import io
import logging
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, Literal, TextIO

from fh_dash.events import OutputLine
from fh_dash.host.lines import LineBuffer

Post = Callable[[OutputLine], object]
SILENT = ("uvicorn.access",)
"""Loggers whose lines the request log already has."""
_SERVER = tuple(f"{os.sep}{name}{os.sep}" for name in ("uvicorn", "websockets"))
"""Where the server's own chatter comes from: its start, its connections. The app may log under the same names."""

BRIEF = ("uvicorn.error",)
"""Loggers whose tracebacks are one line here: the request that failed has them in full."""


def current_request() -> int:
    """The id of the request that the running task works for; looked up late, so that this module stays light."""
    from fh_dash.host.recorder import current_request as variable

    return variable.get()


class Tap(io.TextIOBase):
    """Stands in for `sys.stdout` or `sys.stderr`: whole lines go to `post`, with their thread and their request.

    Each thread and request has its own unfinished line, so that no two mix. Closing it does nothing: it is the
    process's, not the app's.
    """

    mode = "w"
    errors = "backslashreplace"
    encoding = "utf-8"
    line_buffering = True

    def __init__(
        self, source: Literal["stdout", "stderr"], post: Post, *, request: Callable[[], int] = current_request
    ) -> None:
        self.name = f"<{source}>"
        self.buffer = _Bytes(self)
        self._source, self._post, self._request = source, post, request
        self._local = threading.local()

    def write(self, text: str, /) -> int:
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        request = self._request()
        buffer = self._pending(request)
        for line in buffer.feed(text):
            self._send(line, request)
        return len(text)

    def flush(self) -> None:
        """Show an unfinished line as it is; what follows replaces it."""
        for request, buffer in list(self._buffers().items()):
            if not buffer.shown:
                self._send(buffer.pending, request, partial=True)

    def fileno(self) -> int:
        """The descriptor that children inherit: what they write is caught there."""
        return 1 if self._source == "stdout" else 2

    def isatty(self) -> bool:
        return False

    def readable(self) -> bool:
        return False

    def writable(self) -> bool:
        return True

    def close(self) -> None:
        self.flush()

    def reconfigure(self, **options: Any) -> None:
        """Accepted and ignored, as programs do this at their start."""

    def _buffers(self) -> dict[int, LineBuffer]:
        if not hasattr(self._local, "buffers"):
            self._local.buffers = {}
        buffers: dict[int, LineBuffer] = self._local.buffers
        return buffers

    def _pending(self, request: int) -> LineBuffer:
        buffers = self._buffers()
        if request not in buffers:
            # A request that is over leaves an empty buffer behind.
            for old in [key for key, buffer in buffers.items() if key and not buffer.unfinished]:
                del buffers[old]
            buffers[request] = LineBuffer()
        return buffers[request]

    def _send(self, text: str, request: int, partial: bool = False) -> None:
        thread = threading.current_thread().name
        self._post(OutputLine(time.time(), self._source, text, "", "", thread, request, partial))


class _Bytes(io.RawIOBase):
    """`sys.stdout.buffer`: what is not UTF-8 is shown as `\\xff`."""

    def __init__(self, tap: Tap) -> None:
        self._tap = tap
        self._decoder = codecs.getincrementaldecoder("utf-8")("backslashreplace")

    def write(self, data: Any, /) -> int:
        raw = bytes(data)
        self._tap.write(self._decoder.decode(raw))
        return len(raw)

    def flush(self) -> None:
        self._tap.flush()

    def fileno(self) -> int:
        return self._tap.fileno()

    def isatty(self) -> bool:
        return False

    def writable(self) -> bool:
        return True

    def close(self) -> None:
        self.flush()


class LogTap(logging.Handler):
    """Records as events: the message, its level and its logger apart; tracebacks line by line."""

    def __init__(self, post: Post, level: int = logging.NOTSET, request: Callable[[], int] = current_request) -> None:
        super().__init__(level)
        self.post, self._request = post, request
        self._plain = logging.Formatter()

    def emit(self, record: logging.LogRecord) -> None:
        if record.name in SILENT or _chatter(record):
            return
        try:
            text = self._text(record)
            buffer = LineBuffer()
            for line in buffer.feed(text + "\n"):
                self.post(
                    OutputLine(
                        record.created,
                        "log",
                        line,
                        record.levelname,
                        record.name,
                        record.threadName or "",
                        self._request(),
                    )
                )
        except Exception:
            self.handleError(record)

    def _text(self, record: logging.LogRecord) -> str:
        parts = [record.getMessage().rstrip()]
        if record.exc_info and record.name in BRIEF and (fault := record.exc_info[1]) is not None:
            return f"{parts[0]}: {type(fault).__name__}: {fault}"
        if record.exc_info:
            parts.append(self._plain.formatException(record.exc_info))
        if record.stack_info:
            parts.append(self._plain.formatStack(record.stack_info))
        return "\n".join(parts)


def _chatter(record: logging.LogRecord) -> bool:
    if record.levelno >= logging.WARNING or not record.name.startswith("uvicorn"):
        return False
    return any(folder in record.pathname for folder in _SERVER)


class LogRedirect:
    """Handlers that write to a console emit events instead, until `restore`: those that are there, and those that the
    app adds later. They stay the same objects, with their levels and filters, so that the app can remove them.

    Handlers that hold a file, a socket or a stream of their own are left alone.
    """

    def __init__(self, post: Post) -> None:
        self._tap = LogTap(post)
        self._turned: list[logging.Handler] = []
        self._last_resort = logging.lastResort
        self._add = logging.Logger.addHandler

    def start(self) -> None:
        logging.lastResort = LogTap(self._tap.post, logging.WARNING)
        for logger in _loggers():
            for handler in logger.handlers:
                self._turn(handler)

        def add(logger: logging.Logger, hdlr: logging.Handler) -> None:
            self._turn(hdlr)
            self._add(logger, hdlr)

        logging.Logger.addHandler = add  # type: ignore[method-assign, assignment]

    def restore(self) -> None:
        logging.Logger.addHandler = self._add  # type: ignore[method-assign]
        logging.lastResort = self._last_resort
        for handler in self._turned:
            vars(handler).pop("emit", None)
        self._turned.clear()

    def _turn(self, handler: logging.Handler) -> None:
        if self._is_console(handler) and "emit" not in vars(handler):
            handler.emit = self._tap.emit  # type: ignore[method-assign]
            self._turned.append(handler)

    def _is_console(self, handler: logging.Handler) -> bool:
        if not isinstance(handler, logging.StreamHandler) or isinstance(handler, logging.FileHandler):
            return False
        return isinstance(handler.stream, Tap) or _descriptor(handler.stream) in (1, 2)


def _descriptor(stream: object) -> int | None:
    try:
        number: int = stream.fileno()  # type: ignore[attr-defined]
    except (AttributeError, OSError, ValueError):  # of a stream that has none
        return None
    return number


def _loggers() -> Iterator[logging.Logger]:
    yield logging.getLogger()
    for logger in list(logging.root.manager.loggerDict.values()):
        if isinstance(logger, logging.Logger):
            yield logger


@contextlib.contextmanager
def tapped(post: Post) -> Iterator[None]:
    """`sys.stdout`, `sys.stderr` and console handlers of `logging` go to `post`, for the length of the block."""
    before: tuple[TextIO, TextIO] = (sys.stdout, sys.stderr)
    redirect = LogRedirect(post)
    taps = (Tap("stdout", post), Tap("stderr", post))
    sys.stdout, sys.stderr = taps
    redirect.start()
    try:
        yield
    finally:
        redirect.restore()
        # Whoever came after us may have put the streams back already.
        if sys.stdout is taps[0]:
            sys.stdout = before[0]
        if sys.stderr is taps[1]:
            sys.stderr = before[1]
