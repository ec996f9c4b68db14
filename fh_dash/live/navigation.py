"""Which requests are a browser loading a document, told by what browsers say about their requests."""

from __future__ import annotations

from typing import Final

from fh_dash.live.asgi import Headers, get

_DOCUMENTS: Final = frozenset(("document", "iframe", "frame", "object", "embed"))
_TELLING: Final = frozenset((b"hx-request", b"sec-fetch-dest"))
RELOAD_COOKIE: Final = "fh_dash_reload"
"""Set by our script just before it reloads a page, taken away by the page that comes."""
_RELOAD: Final = RELOAD_COOKIE.encode() + b"="
SWAP_QUERY: Final = "_fh_dash="
"""In the query of a resource that our script fetches afresh."""


def is_document(headers: Headers) -> bool:
    """Whether the answer, if it is HTML, will be shown as a document.

    False for HTMX, except when it asks for a whole page, and for a script's `fetch`. A browser that does not
    say what it wants (plain http on a network address) is believed to want a document.
    """
    said = {key for key, _ in headers}
    if said.isdisjoint(_TELLING):
        return True
    if get(headers, b"hx-request") and not (get(headers, b"hx-boosted") or get(headers, b"hx-history-restore-request")):
        return False
    destination = get(headers, b"sec-fetch-dest")
    # a service worker passes a navigation on with its mode, but without its destination
    return not destination or destination in _DOCUMENTS or get(headers, b"sec-fetch-mode") == "navigate"


def wants_html(headers: Headers) -> bool:
    """Whether a page about an error is of use: a browser's navigation, not a script, a fragment or curl."""
    if get(headers, b"hx-request") or not is_document(headers):
        return False
    return any(part.partition(";")[0].strip() == "text/html" for part in get(headers, b"accept").split(","))


def take_reload_cookie(headers: Headers) -> tuple[Headers, bool]:
    """The headers without our cookie, and whether it was there."""
    name = _RELOAD
    if not [value for key, value in headers if key == b"cookie" and name in value]:
        return headers, False
    result: Headers = []
    for key, value in headers:
        if key == b"cookie":
            value = b"; ".join(part for part in value.split(b"; ") if not part.strip().startswith(name))
        if value or key != b"cookie":
            result.append((key, value))
    return result, len(result) != len(headers) or result != headers
