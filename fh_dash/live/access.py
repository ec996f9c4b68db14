"""Who may talk to a development server: pages of its own, on names that nobody else controls.

A foreign website cannot read a loopback server, unless its own name is made to resolve to 127.0.0.1 (DNS
rebinding). The request then carries that name in `Host`, so a name that is not on the list gets nothing.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Collection, Iterable
from functools import lru_cache
from typing import Final

from fh_dash.live.asgi import ASGIApp, Receive, Scope, Send, answer, get, get_all
from fh_dash.text import visible

_WILDCARDS: Final = frozenset(("0.0.0.0", "::", ""))
_LOCAL: Final = ("localhost", "*.localhost")
_REMEMBERED: Final = 64
"""So many values of `Host` are looked at once only."""
_ADVICE: Final = """403 Forbidden

fh-dash answers only to names that it knows, and {name} is none of them.
(A website could point such a name at this computer and read your app: DNS rebinding.)
If the name is yours, allow it with --allowed-host {name}, or in pyproject.toml:

    [tool.fh-dash]
    allowed_host = ["{name}"]
"""


class Hosts:
    """The names that this server goes by.

    `allowed`: names, `*.name` (its subdomains) or addresses, as `--host` and the setting give them. A wildcard
    address (0.0.0.0 or ::) admits every address, since an address in `Host` cannot be rebound. `*` admits
    everything.
    """

    def __init__(self, allowed: Collection[str] = ()) -> None:
        given = [bare_host(name) for name in allowed]
        self._any = "*" in given
        self._addresses = bool(_WILDCARDS & set(given))
        self._named = _Names(name for name in given if _address(name) is None)
        self._all = _Names((*_LOCAL, *given))

    def __contains__(self, host: object) -> bool:
        """Whether a `Host` value, with or without a port, names this server."""
        name = bare_host(str(host))
        if self._any or name in self._all:
            return True
        address = _address(name)
        return address is not None and (address.is_loopback or self._addresses)

    def trusts(self, origin: str, host: str) -> bool:
        """Whether a page of `origin` may use the channel of the server called `host`: only its own pages.

        A proxy may have changed `Host`; then the page has to stand under a name that was allowed, and on the
        usual port: another port is another server.
        """
        scheme, _, place = origin.lower().partition("://")
        if scheme not in ("http", "https") or not place:  # `null` among them
            return False
        return place == host.lower() or self._any or place in self._named


class _Names:
    """Names, and with `*.name` all names below one."""

    def __init__(self, names: Iterable[str]) -> None:
        self._names = frozenset(name for name in names if name)
        self._below = tuple(name[1:] for name in self._names if name.startswith("*."))

    def __contains__(self, name: str) -> bool:
        return name in self._names or name.endswith(self._below)


def bare_host(value: str) -> str:
    """Lower case, without port, brackets and the root's dot."""
    value = value.strip().lower()
    if value.startswith("["):
        value = value[1:].partition("]")[0]
    elif value.count(":") == 1:
        value = value.partition(":")[0]
    return value.removesuffix(".")


def _address(name: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


class AccessCheck:
    """The outermost layer: a request under a name that is not allowed gets a plain 403, and goes no further.

    `allowed`: what `--host` and the setting `allowed_hosts` name. A request without any `Host` passes: browsers
    always send one.
    """

    def __init__(self, app: ASGIApp, *, allowed: Collection[str]) -> None:
        self.app, self.hosts = app, Hosts(allowed)
        self._knows = lru_cache(_REMEMBERED)(self.hosts.__contains__)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket") or self._admits(scope):
            await self.app(scope, receive, send)
        elif scope["type"] == "http":
            await _refuse_http(scope, send)
        else:
            await _refuse_websocket(scope, receive, send)

    def _admits(self, scope: Scope) -> bool:
        hosts = get_all(scope["headers"], b"host")
        return not hosts or (len(hosts) == 1 and self._knows(hosts[0]))


def _body(scope: Scope) -> bytes:
    name = visible(bare_host(get(scope["headers"], b"host")), 100) or "an empty name"
    return _ADVICE.format(name=name).encode(errors="replace")


_PLAIN: Final = ((b"content-type", b"text/plain; charset=utf-8"), (b"x-content-type-options", b"nosniff"))


async def _refuse_http(scope: Scope, send: Send) -> None:
    await answer(send, 403, _body(scope), _PLAIN, head=scope["method"] == "HEAD")


async def _refuse_websocket(scope: Scope, receive: Receive, send: Send) -> None:
    await receive()  # the client's connect
    if "websocket.http.response" not in scope.get("extensions", {}):
        await send({"type": "websocket.close", "code": 1008, "reason": "host not allowed"})
        return
    await send({"type": "websocket.http.response.start", "status": 403, "headers": list(_PLAIN)})
    await send({"type": "websocket.http.response.body", "body": _body(scope)})
