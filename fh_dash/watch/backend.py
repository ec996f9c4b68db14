"""How the operating system is asked for changes, and which way is taken."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Sequence
from typing import Literal, NamedTuple, Protocol, TypeAlias

What: TypeAlias = Literal["written", "opened", "gone", "folder", "folder-gone", "overflow"]
"""written: complete, as far as the system knows. opened: made just now, content may follow. folder: a new one,
whose content nobody watches yet. overflow: events were lost, anything may have changed (path is empty)."""


class Raw(NamedTuple):
    path: str
    what: What


class Backend(Protocol):
    """Watches folders, each without those inside it. One thread uses it; only `wake` comes from others."""

    def watch(self, folders: Sequence[str]) -> None:
        """From the return on, no change directly in `folders` is missed. A folder that is gone is skipped."""

    def unwatch(self, folder: str) -> None:
        """Forget the folder and everything below."""

    def read(self, timeout: float | None) -> list[Raw]:
        """Wait for changes, `wake` or `timeout` seconds (None: for ever); empty unless there are changes."""

    def wake(self) -> None: ...

    def close(self) -> None: ...


def choose() -> Backend:
    """The best backend here.

    `WATCHFILES_FORCE_POLLING=1` asks for polling, as under uvicorn: network and container mounts have no events.
    """
    polling = os.environ.get("WATCHFILES_FORCE_POLLING", "").lower() in ("1", "true", "yes")
    if sys.platform == "linux" and not polling:
        from fh_dash.watch.inotify import Inotify

        try:
            return Inotify()
        except OSError as error:
            logging.getLogger("fh_dash").warning("no inotify (%s): files are polled", error)
            polling = True
    from fh_dash.watch.notify import Notify

    return Notify(polling=polling)
