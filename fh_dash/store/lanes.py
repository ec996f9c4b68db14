"""The way from the threads to the screen: three inboxes, so that a flood of one kind cannot push out another."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fh_dash.events import (
    Event,
    LoadFailed,
    OutputLine,
    ReloadResult,
    ReloadStarted,
    RequestFinished,
    RequestStarted,
    Serving,
)
from fh_dash.inbox import Inbox
from fh_dash.store import output, requests

MAX_BYTES = 16_000_000
"""Of requests, and of output, that wait while nobody reads, at a `breakpoint()` for one."""

AT_ONCE = frozenset({Serving, LoadFailed, ReloadStarted, ReloadResult})
"""What a developer has just saved for: it does not wait until a flood of requests is shown."""


class Lanes:
    """`post` is for any thread and never blocks; `drain` is for the one reader."""

    def __init__(self, bulk_limit: int = 20_000) -> None:
        self.few: Inbox[Event] = Inbox()
        self.requests: Inbox[Any] = Inbox(bulk_limit, max_bytes=MAX_BYTES, size=requests.weight)
        self.output: Inbox[Any] = Inbox(bulk_limit, max_bytes=MAX_BYTES, size=output.weight)
        self._all: tuple[Inbox[Any], ...] = (self.few, self.requests, self.output)
        """State changes first: they are few and decide how the rest is shown."""
        self._at_once: Callable[[], object] | None = None
        self._lane = {RequestStarted: self.requests, RequestFinished: self.requests, OutputLine: self.output}

    def post(self, event: Event) -> None:
        self._lane.get(type(event), self.few).put(event)
        if type(event) in AT_ONCE and self._at_once is not None:
            self._at_once()

    def on_wake(self, wake: Callable[[], object] | None, at_once: Callable[[], object] | None = None) -> None:
        """`wake` is called when something comes and nothing waited; `at_once` for each event of `AT_ONCE`."""
        self._at_once = at_once
        for lane in self._all:
            lane.wake = wake

    @property
    def waiting(self) -> bool:
        return any(len(lane) for lane in self._all)

    def drain(self) -> list[Event]:
        return [event for lane in self._all for event in lane.drain()]
