"""What lies between the server and the app."""

from __future__ import annotations

from collections.abc import Callable

from fh_dash.engine import Engine, handler_name
from fh_dash.events import ErrorReport, Event
from fh_dash.host.asgi import ASGIApp
from fh_dash.host.main_thread import explained
from fh_dash.host.recorder import Recorder
from fh_dash.live import AccessCheck, LiveHub, LiveMiddleware
from fh_dash.settings import Settings
from fh_dash.watch.own import follow_writes, wrote


class Layers:
    """Around `gate`, outermost first: access check, recorder, live channel. `app` is the whole."""

    def __init__(
        self, settings: Settings, engine: Engine, gate: ASGIApp, post: Callable[[Event], object], *, requests: bool
    ) -> None:
        self._settings, self._engine = settings, engine
        allowed = (settings.host, *settings.allowed_hosts)
        self.live = self._hub(post) if settings.live else None
        inner = LiveMiddleware(gate, self.live, allowed=allowed) if self.live is not None else gate
        self.recorder = Recorder(inner, post, name_of=handler_name, report=self._describe) if requests else None
        self.app: ASGIApp = AccessCheck(self.recorder or inner, allowed=allowed)

    def _hub(self, post: Callable[[Event], object]) -> LiveHub:
        follow_writes()
        return LiveHub(post=post, reports=self._settings.live_reports, describe=self._describe, own=wrote)

    def _describe(self, error: BaseException) -> ErrorReport:
        """Of a handler."""
        return explained(self._engine.report(error, "request"), error, self._settings.target)
