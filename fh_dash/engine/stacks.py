"""Middleware stacks of Starlette apps: built for the first request, and refusing more middleware from then on."""

from __future__ import annotations

import weakref
from collections.abc import Iterable
from typing import Any, TypeAlias

from fh_dash.engine.journal import Journal

_State: TypeAlias = tuple[Any, ...]


class Stacks:
    """The stacks of the apps that modules other than their own can change.

    During a reload these have none, as after a cold start. An app to which the same was added as before gets the one
    that it had; for any other, Starlette builds a new one.
    """

    def __init__(self) -> None:
        self._apps: dict[int, weakref.ref[Any]] = {}
        self._open: list[tuple[Any, Any, _State]] = []

    def begin(self, journal: Journal) -> None:
        """A reload begins; if it comes to nothing, the journal puts the stacks back."""
        self._open = []
        self._apps = {key: app for key, app in self._apps.items() if app() is not None}
        for app in [app() for app in self._apps.values()]:
            self._take_off(app, journal)

    def reach(self, apps: Iterable[Any], journal: Journal) -> None:
        """A module that is about to run can change these apps."""
        for app in apps:
            known = self._apps.get(id(app))
            if known is None or known() is not app:
                self._apps[id(app)] = weakref.ref(app)
                self._take_off(app, journal)

    def settle(self) -> None:
        """The reload has ended well."""
        for app, stack, state in self._open:
            if app.middleware_stack is None and _is_same(state, _state(app)):
                app.middleware_stack = stack
        self._open = []

    def _take_off(self, app: Any, journal: Journal) -> None:
        if app is not None and app.middleware_stack is not None:
            journal.save_attribute(app, "middleware_stack")
            self._open.append((app, app.middleware_stack, _state(app)))
            app.middleware_stack = None


def _state(app: Any) -> _State:
    """What Starlette builds the stack from."""
    return (app.debug, *app.user_middleware, *app.exception_handlers, *app.exception_handlers.values())


def _is_same(before: _State, now: _State) -> bool:
    return len(before) == len(now) and all(old is new for old, new in zip(before, now, strict=True))
