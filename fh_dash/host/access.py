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

_began: ContextVar[float] = ContextVar("fh_dash_began", default=0.0)


def timed(app: ASGIApp) -> ASGIApp:
    """Notes when each request comes in; to be the outermost layer."""

    def note(scope: Scope, receive: Receive, send: Send) -> Any:  # no coroutine of our own: it is awaited inside
        _began.set(perf_counter())
        return app(scope, receive, send)

    return note


class TimedFormatter(AccessFormatter):
    """`INFO:     127.0.0.1:50000 - "GET / HTTP/1.1" 200 OK 3.1 ms`; uvicorn logs when the answer begins."""

    def formatMessage(self, record: logging.LogRecord) -> str:
        line = super().formatMessage(record)
        began = _began.get()
        return f"{line} {(perf_counter() - began) * 1000:.1f} ms" if began else line


def log_config() -> dict[str, Any]:
    """uvicorn's own, but for the formatter of the access log."""
    config = copy.deepcopy(LOGGING_CONFIG)
    config["formatters"]["access"]["()"] = f"{TimedFormatter.__module__}.{TimedFormatter.__qualname__}"
    return config
