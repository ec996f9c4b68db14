"""uvicorn's access log with the time that each answer took to begin, which uvicorn does not tell."""

from __future__ import annotations

import copy
import logging
from contextvars import ContextVar
from time import perf_counter
from typing import Any

from uvicorn.config import LOGGING_CONFIG
from uvicorn.logging import AccessFormatter

from fh_dash.host.asgi import ASGIApp, Receive, Scope, Send

CLIENT, PATH = "\0client\0", "\0path\0"
MOST = 256
"""So many lines are kept: a client may send any word as its method."""

_began: ContextVar[float] = ContextVar("fh_dash_began", default=0.0)


def timed(app: ASGIApp) -> ASGIApp:
    """Notes when each request comes in; to be the outermost layer."""

    def note(scope: Scope, receive: Receive, send: Send) -> Any:  # no coroutine of our own: it is awaited inside
        _began.set(perf_counter())
        return app(scope, receive, send)

    return note


class TimedFormatter(AccessFormatter):
    """`INFO:     127.0.0.1:50000 - "GET / HTTP/1.1" 200 OK 3.1 ms`; uvicorn logs when the answer begins.

    uvicorn's formatter makes two copies of each record, which costs more than all that we do for a request. Here it
    makes one line for each method and status, into which the client and the path of each record are put.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._lines: dict[tuple[object, ...], tuple[str, str, str]] = {}

    def format(self, record: logging.LogRecord) -> str:
        arguments = record.args
        if not isinstance(arguments, tuple) or len(arguments) != 5 or record.exc_info:  # not one of uvicorn's
            return super().format(record)
        client, method, path, version, status = arguments
        key = (method, version, status, record.levelno)
        before, between, after = self._lines.get(key) or self._line(record, key)
        line = f"{before}{client}{between}{path}{after}"
        began = _began.get()
        return f"{line} {(perf_counter() - began) * 1000:.1f} ms" if began else line

    def _line(self, record: logging.LogRecord, key: tuple[object, ...]) -> tuple[str, str, str]:
        """Around the client and the path."""
        method, version, status, _ = key
        sample = copy.copy(record)
        sample.args = (CLIENT, method, PATH, version, status)
        before, _, rest = super().format(sample).partition(CLIENT)
        between, _, after = rest.partition(PATH)
        if len(self._lines) >= MOST:
            self._lines.clear()
        self._lines[key] = before, between, after
        return before, between, after


def log_config() -> dict[str, Any]:
    """uvicorn's own, but for the formatter of the access log."""
    config = copy.deepcopy(LOGGING_CONFIG)
    config["formatters"]["access"]["()"] = f"{TimedFormatter.__module__}.{TimedFormatter.__qualname__}"
    return config
