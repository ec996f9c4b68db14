"""What the browser has to know, and who listens. The only part of `live` that other threads may touch."""

from __future__ import annotations

import asyncio
import secrets
import threading
from collections import deque
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Final

from fh_dash.events import ErrorReport, Event, ReloadResult
from fh_dash.live import messages
from fh_dash.live.failure import describe
from fh_dash.live.messages import Message

_HISTORY: Final = 256
"""Messages kept for pages that were asleep; a page that missed more loads itself afresh."""
_QUEUE: Final = 256
_SERVED: Final = 4096


class Subscriber:
    """One open channel. Lives on the server's loop."""

    def __init__(self, seen: int) -> None:
        self.queue: asyncio.Queue[bytes | None] = asyncio.Queue(_QUEUE)
        """None: the channel ends."""
        self._seen = seen

    def put(self, number: int, data: bytes) -> None:
        if number <= self._seen:  # it was part of the greeting
            return
        self._seen = number
        try:
            self.queue.put_nowait(data)
        except asyncio.QueueFull:
            self.end()  # a reader that sleeps: it comes again and asks what it missed

    def end(self) -> None:
        while self.queue.full():
            self.queue.get_nowait()
        self.queue.put_nowait(None)


class LiveHub:
    """Thread-safe. Nothing blocks; messages from before `bind` reach the pages that ask for what they missed.

    `post` gets what browsers report, as `OutputLine`s. `reports=False` switches that off. `describe` turns an
    exception of a handler into a report. `own` tells the files that the app itself wrote. `token` is the one to keep
    over a full reload, so that open pages stay connected; otherwise there is a new one per run.
    """

    def __init__(
        self,
        *,
        post: Callable[[Event], object],
        enabled: bool = True,
        reports: bool = True,
        describe: Callable[[BaseException], ErrorReport] = describe,
        own: Callable[[Path], bool] = lambda path: False,
        token: str | None = None,
    ) -> None:
        self.post, self.enabled, self.reports, self.describe = post, enabled, reports, describe
        self._own = own
        self.token = token or secrets.token_urlsafe(18)
        self.run = secrets.token_hex(4)
        """Differs for each process; pages of another run are out of date."""
        self.generation = 0
        """The one that serves; 0 before the app was imported."""
        self.last = 0
        """Number of the newest message."""
        self.error: Message | None = None
        """The broken save that is on view."""
        self._history: deque[Message] = deque(maxlen=_HISTORY)
        self._subscribers: set[Subscriber] = set()
        self._served: dict[str, None] = {}
        self._lock = threading.RLock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closed = False

    # -------------------------------------------------------------------------- from any thread

    def bind(self, loop: asyncio.AbstractEventLoop) -> None:
        """The loop that serves the channels. Opens a hub that was closed."""
        with self._lock:
            self._loop, self._closed = loop, False

    def ready(self, generation: int) -> None:
        """The app was imported and answers, for the first time in this run."""
        with self._lock:
            self._good(generation)
            self._say("reload", keep=True, generation=generation, changed=[], files=[])

    def publish(self, result: ReloadResult, assets: Collection[Path] = ()) -> None:
        """Load the pages afresh, or show why the save was refused. `assets`: other files of the same save."""
        if result.error is not None:
            self.failed(result.error)
            self.assets(assets)
            return
        with self._lock:
            self._good(result.generation)
            if messages.changes_pages(result):
                changed = [messages.shown_path(path) for path in result.changed]
                files = messages.assets(assets, self._served, self._own)
                self._say("reload", keep=True, generation=result.generation, changed=changed, files=files)
            else:
                self.assets(assets)

    def mended(self) -> None:
        """The broken files are back as they were: nothing to load, and nothing to complain of."""
        with self._lock:
            self._good(self.generation)

    def assets(self, paths: Collection[Path]) -> None:
        """Files changed that are no Python: swap them in the pages, or load the pages afresh."""
        with self._lock:
            if files := messages.assets(paths, self._served, self._own):
                self._say("assets", keep=True, files=files)

    def failed(self, error: ErrorReport) -> None:
        """A save was refused, or the app could not be imported."""
        with self._lock:
            message = messages.error(error, self.generation)
            if self.error is None or message != {**self.error, "id": 0}:
                self.error = message | {"id": self.last + 1}
                self._say("error", error=self.error)

    def exception(self, error: ErrorReport, page: str) -> None:
        """An exception left a handler that `page` (a path) had asked for a fragment."""
        with self._lock:
            self._say("exception", page=page, error=messages.error(error, self.generation))

    def close(self) -> None:
        """End all channels, so that the server can stop."""
        with self._lock:
            self._closed = True
            self._call(self._end_all)

    # --------------------------------------------------------------------- on the server's loop

    def served(self, name: str) -> None:
        """The app answered a request for a file of that name with something that is no page."""
        if len(self._served) < _SERVED:
            self._served[name] = None

    @property
    def serving(self) -> bool:
        """The app answers, and its code is not broken."""
        return self.generation > 0 and self.error is None

    def subscribe(self) -> Subscriber | None:
        """None when the hub is closed."""
        with self._lock:
            if self._closed:
                return None
            subscriber = Subscriber(self.last)
            self._subscribers.add(subscriber)
            return subscriber

    def unsubscribe(self, subscriber: Subscriber) -> None:
        with self._lock:
            self._subscribers.discard(subscriber)

    @property
    def subscribers(self) -> int:
        return len(self._subscribers)

    def greeting(self, run: str, since: int) -> Message:
        """What a page has to know that last heard message `since` of `run`."""
        with self._lock:
            missed = [message for message in self._history if message["id"] > since] if run == self.run else []
            hello = {"type": "hello", "run": self.run, "generation": self.generation, "last": self.last}
            return hello | {
                "error": self.error,
                "reports": self.reports,
                "missed": missed,
                "gap": self._gap(since),
            }

    # ----------------------------------------------------------------------------------- inside

    def _gap(self, since: int) -> bool:
        """Whether messages behind `since` are forgotten."""
        return len(self._history) == _HISTORY and self._history[0]["id"] > since + 1

    def _good(self, generation: int) -> None:
        self.generation = generation
        if self.error is not None:
            self.error = None
            self._say("mended", generation=generation)

    def _say(self, kind: str, *, keep: bool = False, **fields: object) -> None:
        """`keep`: pages that were away have to catch up with it."""
        self.last += 1
        message: Message = {"type": kind, "id": self.last, **fields}
        if keep:
            self._history.append(message)
        self._call(self._deliver, self.last, messages.encode(message))

    def _call(self, function: Callable[..., None], *arguments: object) -> None:
        if self._loop is None:
            return
        try:
            self._loop.call_soon_threadsafe(function, *arguments)
        except RuntimeError:  # the loop is closed: nobody listens any more
            self._loop = None

    def _deliver(self, number: int, data: bytes) -> None:
        for subscriber in list(self._subscribers):
            subscriber.put(number, data)

    def _end_all(self) -> None:
        for subscriber in list(self._subscribers):
            subscriber.end()
