"""ASGI's types, and what one does with lists of headers; their names are lower-case bytes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterable, MutableMapping
from typing import Any, TypeAlias
from urllib.parse import urlsplit

Scope: TypeAlias = MutableMapping[str, Any]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
ASGIApp: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]
Header: TypeAlias = tuple[bytes, bytes]
Headers: TypeAlias = list[Header]


def get(headers: Iterable[Header], name: bytes) -> str:
    """The value of the first header of that name, or an empty string."""
    length = len(name)  # asked ten times for each page: no generator, and most names differ in length
    for key, value in headers:
        if len(key) == length and key.lower() == name:
            return value.decode("latin-1")
    return ""


def get_all(headers: Iterable[Header], name: bytes) -> list[str]:
    return [value.decode("latin-1") for key, value in headers if key.lower() == name]


def without(headers: Iterable[Header], names: Collection[bytes]) -> Headers:
    return [(key, value) for key, value in headers if key.lower() not in names]


def with_value(headers: Iterable[Header], name: bytes, value: str) -> Headers:
    """The headers with `name` set to `value` where it stood first, or at the end."""
    result: Headers = []
    found = False
    for key, old in headers:
        if key.lower() != name:
            result.append((key, old))
        elif not found:
            result.append((key, value.encode("latin-1")))
            found = True
    return result if found else [*result, (name, value.encode("latin-1"))]


def path_of(url: str) -> str:
    """The path of an address that a browser sent, or an empty string when it is none."""
    try:
        return urlsplit(url).path
    except ValueError:
        return ""


def own_path(scope: Scope, prefix: str) -> str | None:
    """The part of the path behind `prefix` (such as `/_fh_dash/`), or None when it is not under it.

    The path of a scope holds the root path, and holds it twice when a proxy did not strip it.
    """
    if prefix not in scope["path"]:
        return None
    path, root = str(scope["path"]), str(scope.get("root_path", "")).rstrip("/")
    for _ in range(3):
        if path.startswith(prefix):
            return path[len(prefix) :]
        if not root or not path.startswith(root + "/"):
            return None
        path = path[len(root) :]
    return None


async def answer(send: Send, status: int, body: bytes, headers: Iterable[Header] = (), *, head: bool = False) -> None:
    """Send a whole answer; the length is added. `head`: without its body."""
    length = (b"content-length", str(len(body)).encode())
    await send({"type": "http.response.start", "status": status, "headers": [*headers, length]})
    await send({"type": "http.response.body", "body": b"" if head else body})
