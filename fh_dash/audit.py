"""One audit hook for the process: an audit hook sees what C code and libraries do, too, but cannot be taken out again.

Python calls it for each event there is (`id()` is one, some 200 times in a page of FastHTML): what concerns nobody
must cost as little as possible.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from typing import Any, TypeAlias

Listener: TypeAlias = Callable[[str, tuple[Any, ...]], object]
"""Called with the event and its arguments, on the thread and two frames above the code that raised it."""

_listeners: dict[str, tuple[Listener, ...]] = {}


def listen(events: Iterable[str], listener: Listener) -> None:
    """From now on, for as long as the process lives; once, however often it is asked for.

    What the listener raises is raised where the event comes from.
    """
    first = not _listeners
    for event in events:
        if listener not in _listeners.get(event, ()):
            _listeners[event] = (*_listeners.get(event, ()), listener)
    if first:
        sys.addaudithook(_hook)


def _hook(event: str, args: tuple[Any, ...]) -> None:
    if event in _listeners:
        for listener in _listeners[event]:
            listener(event, args)
