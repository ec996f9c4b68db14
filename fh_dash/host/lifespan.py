"""The lifespan protocol of one app object: start-up, state, shutdown, each bounded."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, MutableMapping
from typing import Any, Literal, TypeAlias

from fh_dash.host.asgi import ASGIApp, Message

Mode: TypeAlias = Literal["auto", "on", "off"]
"""As uvicorn's `--lifespan`: `auto` takes an app that raises on the lifespan scope as one without."""

log = logging.getLogger("uvicorn.error")

LAST_WORD = 1.0
"""Seconds that an app has to raise after it said that its start-up failed, or to end when it is cancelled."""

ANSWERS = {f"lifespan.{step}.{end}" for step in ("startup", "shutdown") for end in ("complete", "failed")}


_ON_ROUTER = ("on_startup", "on_shutdown", "lifespan_context")
"""Where Starlette's router keeps what runs at the start and the end of an app."""
_ON_CONTEXT = ("startup", "shutdown", "ls")
"""The same in FastHTML's `Lifespan`, which it gives to the router."""


def handlers(app: object) -> list[object]:
    """The functions that an app of Starlette's kind runs at its start and end; of others nothing is known."""
    router = getattr(app, "router", None)
    context = getattr(router, "lifespan_context", None)
    found = [getattr(router, name, None) for name in _ON_ROUTER]
    found += [getattr(context, name, None) for name in _ON_CONTEXT]
    return [part for value in found for part in (value if isinstance(value, Iterable) else [value])]


class LifespanError(Exception):
    """The app said that its start-up or shutdown failed, or did not finish it in time."""


class Lifespan:
    """One app object's lifespan. `startup` once, then at most one `shutdown`; both on the server's loop.

    `state`: what the app puts there during start-up; each request gets a copy.
    """

    def __init__(self, app: ASGIApp, mode: Mode = "auto") -> None:
        self.state: dict[str, Any] = {}
        self._app = app
        self._mode = mode
        self._inbox: asyncio.Queue[Message] = asyncio.Queue()
        self._answers: asyncio.Queue[Message] = asyncio.Queue()
        self._task: asyncio.Task[None] | None = None
        self._error: BaseException | None = None

    async def startup(self, patience: float) -> BaseException | None:
        """Run the start-up; the result is why it failed, if it did."""
        if self._mode == "off":
            return None
        self._task = asyncio.create_task(self._run(), name="lifespan")
        try:
            answer = await self._ask("lifespan.startup", patience)
        except asyncio.CancelledError:
            self._task.cancel()
            raise
        if answer is None:  # the app returned or raised without a word
            return self._error if self._mode == "on" else None
        if answer["type"] == "lifespan.startup.complete":
            return None
        await asyncio.wait([self._task], timeout=LAST_WORD)
        await self.cancel()
        return self._error or LifespanError(answer.get("message") or answer["type"])

    async def shutdown(self, patience: float) -> BaseException | None:
        """Run the shutdown if there is one to run; the result is why it failed, if it did."""
        if self._task is None or self._task.done():
            return None
        answer = await self._ask("lifespan.shutdown", patience)
        if answer is None or answer["type"] == "lifespan.shutdown.complete":
            await asyncio.wait([self._task], timeout=LAST_WORD)
            return self._error
        await self.cancel()
        return self._error or LifespanError(answer.get("message") or answer["type"])

    async def cancel(self) -> None:
        """End the app's lifespan without its shutdown; an app that ignores it is left behind."""
        if self._task is not None and not self._task.done():
            self._task.cancel()
            await asyncio.wait([self._task], timeout=LAST_WORD)

    async def _ask(self, what: str, patience: float) -> Message | None:
        """The app's answer; None when it ended without one."""
        assert self._task is not None
        self._inbox.put_nowait({"type": what})
        answer = asyncio.ensure_future(self._answers.get())
        await asyncio.wait([answer, self._task], timeout=patience, return_when=asyncio.FIRST_COMPLETED)
        if answer.done():
            return answer.result()
        answer.cancel()
        if self._task.done():
            return None if self._answers.empty() else self._answers.get_nowait()
        return {"type": f"{what}.failed", "message": f"{what} did not finish within {patience:g} s"}

    async def _send(self, message: Message) -> None:
        """An app that answers whatever it is called for has no lifespan, as with uvicorn."""
        if message["type"] not in ANSWERS:
            raise LifespanError(f"the app sent {message['type']} on the lifespan scope")
        await self._answers.put(message)

    async def _run(self) -> None:
        scope: MutableMapping[str, Any] = {
            "type": "lifespan",
            "asgi": {"version": "3.0", "spec_version": "2.0"},
            "state": self.state,
        }
        try:
            await self._app(scope, self._inbox.get, self._send)
        except asyncio.CancelledError:
            raise
        except BaseException as error:  # SystemExit in a task would end the server
            self._error = error
            if self._mode == "auto" and self._answers.empty():
                log.debug("ASGI 'lifespan' protocol appears unsupported.")
