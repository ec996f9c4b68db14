"""The ASGI layer of `--live`: our own addresses, the script in each page, and pages about exceptions."""

from __future__ import annotations

from collections.abc import Collection
from html import escape
from typing import Final
from urllib.parse import quote

from fh_dash.live import csp, errorpage
from fh_dash.live.access import Hosts
from fh_dash.live.asgi import (
    ASGIApp,
    Headers,
    Message,
    Receive,
    Scope,
    Send,
    answer,
    get,
    own_path,
    path_of,
    with_value,
)
from fh_dash.live.channel import PREFIX, Channel
from fh_dash.live.coding import acceptable
from fh_dash.live.failure import FailureHold
from fh_dash.live.hub import LiveHub
from fh_dash.live.messages import kind_of
from fh_dash.live.navigation import SWAP_QUERY, is_document, take_reload_cookie, wants_html
from fh_dash.live.page import PageSender
from fh_dash.live.sender import Sender
from fh_dash.live.validators import Validators

OURS: Final = "fh_dash.ours"
"""Key of a scope: True for our channel and for requests that our script caused."""
TRACE: Final = "fh_dash.trace"
"""Key of a scope: the recorder's notes; the gate sets their `generation`, 0 when no app answered."""
ERROR_PAGE: Final = "fh_dash.error_page"
"""Key of a scope: True when the answer is an error page of ours, which gets the script like any page."""

_SWAP: Final = SWAP_QUERY.encode()
_NOTE: Final = "The exception left the app. Save a change and this page loads itself again."


class Trace:
    """Stands in for the recorder's notes when nobody records."""

    def __init__(self) -> None:
        self.queued = 0.0
        self.generation = 0


class LiveMiddleware:
    """ASGI 3. `allowed`: names of this server behind a proxy, as for `AccessCheck`."""

    def __init__(self, app: ASGIApp, hub: LiveHub, *, allowed: Collection[str] = ()) -> None:
        self.app, self.hub = app, hub
        self._channel = Channel(hub, Hosts(allowed))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not self.hub.enabled or scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        own = own_path(scope, PREFIX)
        if own is not None:
            scope[OURS] = True
            await self._channel(scope, receive, send, own)
            return
        self._note_ours(scope)
        if is_document(scope["headers"]):
            await self._document(scope, receive, send)
        else:
            await self._resource(scope, receive, send)

    def _note_ours(self, scope: Scope) -> None:
        """The scope is changed, not copied: others around and inside of us write to it and read from it."""
        headers, reload = take_reload_cookie(scope["headers"])
        if reload:
            scope["headers"] = headers
        if (reload and is_document(headers)) or _SWAP in scope.get("query_string", b""):
            scope[OURS] = True

    # ------------------------------------------------------------------------- what is no document

    async def _resource(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self.app(scope, receive, self._watching(scope, send))
        except Exception as error:
            self._tell_htmx(scope, error)
            raise

    def _tell_htmx(self, scope: Scope, error: Exception) -> None:
        """The page that called the handler shows what happened: HTMX itself shows nothing."""
        if get(scope["headers"], b"hx-request"):
            page = path_of(get(scope["headers"], b"hx-current-url"))
            self.hub.exception(self.hub.describe(error), page)

    def _watching(self, scope: Scope, send: Send) -> Send:
        """Remember which files have addresses of their own. A browser asks for those again each time, unless the app
        says otherwise: by itself it would show an old one for days."""
        name = str(scope["path"]).rpartition("/")[2]
        if "." not in name:
            return send

        async def watching(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] in (200, 206, 304):
                self.hub.served(name)
                headers: Headers = message.get("headers", [])
                if kind_of(name) != "page" and not (get(headers, b"cache-control") or get(headers, b"expires")):
                    message["headers"] = [*headers, (b"cache-control", b"no-cache")]
            await send(message)

        return watching

    # ----------------------------------------------------------------------------------- documents

    async def _document(self, scope: Scope, receive: Receive, send: Send) -> None:
        sender = self._sender(scope, send if _looks_like_page(scope) else self._watching(scope, send))
        try:
            await self.app(scope, receive, sender)
        except Exception as error:
            if (hold := sender.failed()) is not None and hold.dropped():
                await self._show(scope, error, hold.page)
            self._tell_htmx(scope, error)
            raise
        if (hold := sender.hold) is not None:
            await hold.release()
            await hold.page.finish()

    def _sender(self, scope: Scope, send: Send) -> Sender:
        born, last = self.hub.generation, self.hub.last
        if TRACE not in scope:
            scope[TRACE] = Trace()
        validators = Validators(f"{self.hub.run}.{born}.{last}")
        headers: Headers = scope["headers"]
        edited = validators.request(headers)
        if offers := get(headers, b"accept-encoding"):
            edited = with_value(edited, b"accept-encoding", acceptable(offers))
        scope["headers"] = edited

        def decorate(answer: Headers) -> tuple[Headers, bytes]:
            return self._decorate(scope, answer, f"{self.hub.run}.{_answered_by(scope) or born}.{last}")

        def make() -> FailureHold:
            head = scope["method"] == "HEAD"
            page = PageSender(send, decorate, validators, head=head, ours=lambda: self._is_own(scope))
            return FailureHold(page, replaceable=wants_html(scope["headers"]))

        return Sender(send, make)

    def _decorate(self, scope: Scope, headers: Headers, moment: str) -> tuple[Headers, bytes]:
        """Policies that let the script in, and its element: short, since `<meta charset>` may follow it."""
        nonce = csp.nonce_of(headers)
        folder = f"{quote(str(scope.get('root_path', '')).rstrip('/'))}{PREFIX}{self.hub.token}/"
        sent = "" if scope["method"] in ("GET", "HEAD") else " data-sent"
        sent += " data-own" if self._is_own(scope) else ""
        with_nonce = f' nonce="{escape(nonce)}"' if nonce else ""
        element = f'<script data-fh-live="{moment}"{sent}{with_nonce} src="{folder}client.js"></script>'
        return csp.allow(headers, get(scope["headers"], b"host") + folder, nonce), element.encode()

    def _is_own(self, scope: Scope) -> bool:
        """Whether the answer is an error page of ours: there is no app, or it stands for an exception."""
        unloaded = self.hub.generation == 0 and self.hub.error is not None
        return bool(scope.get(ERROR_PAGE)) or (unloaded and not _answered_by(scope))

    async def _show(self, scope: Scope, error: Exception, send: Send) -> None:
        scope[ERROR_PAGE] = True
        body = errorpage.error_page(self.hub.describe(error), _NOTE)
        await answer(send, 500, body, errorpage.HEADERS, head=scope["method"] == "HEAD")


def _answered_by(scope: Scope) -> int:
    return int(getattr(scope.get(TRACE), "generation", 0))


def _looks_like_page(scope: Scope) -> bool:
    if "." not in scope["path"]:
        return True
    name = str(scope["path"]).rpartition("/")[2]
    return "." not in name or name.endswith((".html", ".htm"))
