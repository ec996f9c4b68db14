"""The two workers: each starts one long-lived loop on a named daemon thread and watches it.

Not `@work(thread=True)`: such a worker runs on asyncio's executor, cannot be cancelled, and holds up quitting
until it ends (https://github.com/Textualize/textual/issues/3966).
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable


class Loop:
    """`run` on a daemon thread called `fh-dash-<name>`."""

    def __init__(self, name: str, run: Callable[[], object]) -> None:
        self.name = name
        self._run = run
        self.error: BaseException | None = None
        self.thread = threading.Thread(target=self._body, name=f"fh-dash-{name}", daemon=True)
        self._ended: Callable[[], None] = lambda: None

    async def watch(self) -> BaseException | None:
        """Start the thread and wait for its end; gives the exception that ended it. Can be cancelled: the
        thread then goes on until its own stop."""
        loop, done = asyncio.get_running_loop(), asyncio.Event()

        def ended() -> None:
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
                loop.call_soon_threadsafe(done.set)

        self._ended = ended
        self.thread.start()
        await done.wait()
        return self.error

    def join(self, timeout: float) -> bool:
        """Whether the thread has ended (or never began)."""
        if self.thread.ident is not None:
            self.thread.join(timeout)
        return not self.thread.is_alive()

    def _body(self) -> None:
        try:
            self._run()
        except BaseException as error:  # SystemExit of an app must not vanish with the thread
            self.error = error
        finally:
            self._ended()
