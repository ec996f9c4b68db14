"""The way from the threads to the screen: two inboxes, so that a flood of prints cannot push out a reload."""

from __future__ import annotations

from collections.abc import Callable

from fh_dash.events import Event, OutputLine, RequestFinished, RequestStarted
from fh_dash.inbox import Inbox

_BULK = (OutputLine, RequestStarted, RequestFinished)


class Lanes:
    """`post` is for any thread and never blocks; `drain` is for the one reader."""

    def __init__(self, bulk_limit: int = 20_000) -> None:
        self.few: Inbox[Event] = Inbox()
        self.bulk: Inbox[Event] = Inbox(bulk_limit)

    def post(self, event: Event) -> None:
        (self.bulk if isinstance(event, _BULK) else self.few).put(event)

    def on_wake(self, wake: Callable[[], object] | None) -> None:
        self.few.wake = self.bulk.wake = wake

    @property
    def dropped(self) -> int:
        return self.few.dropped + self.bulk.dropped

    @property
    def waiting(self) -> bool:
        return bool(len(self.few) or len(self.bulk))

    def drain(self) -> list[Event]:
        """State changes first: they are few and decide how the rest is shown."""
        return self.few.drain() + self.bulk.drain()
