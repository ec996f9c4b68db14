"""Content-Security-Policy: let our script in, and nothing else.

A page with a nonce lends it to us and stays as it is. One that allows `'self'` needs no change. Otherwise our
own path, and only that, is added to the directive that decides.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from typing import Final

from fh_dash.live.asgi import Headers, get_all

HEADERS: Final = (b"content-security-policy", b"content-security-policy-report-only")
_SCRIPT: Final = ("script-src-elem", "script-src", "default-src")
_CONNECT: Final = ("connect-src", "default-src")
_NONCE = re.compile(r"^'nonce-([A-Za-z0-9+/_=-]+)'$", re.I)
_OPEN: Final = frozenset(("*", "'self'", "http:"))
"""Not `https:`: it does not cover http, which is what a development server speaks."""
_PLAIN_HOST = re.compile(r"[\w.-]+(:\d+)?/")

Directives = dict[str, list[str]]


def nonce_of(headers: Headers) -> str:
    """The nonce for our script: the page's, a new one if a policy can be met no other way, else empty."""
    policies = [parse(policy) for policy in _policies(headers)]
    for policy in policies:
        for source in _sources(policy, _SCRIPT) or ():
            if match := _NONCE.match(source):
                return match.group(1)
    strict = any("'strict-dynamic'" in (_sources(policy, _SCRIPT) or ()) for policy in policies)
    return secrets.token_urlsafe(12) if strict else ""


def allow(headers: Headers, origin_path: str, nonce: str) -> Headers:
    """The headers with each policy letting our script (by `nonce` or by path) and our channel through.

    `origin_path`: `host:port/path/`, without a scheme, so that it holds for http and https.
    """
    edit = _editor(origin_path if _PLAIN_HOST.match(origin_path) else "'self'", nonce)  # a policy cannot say `[::1]`
    return [(key, edit(value) if key.lower() in HEADERS else value) for key, value in headers]


def _editor(origin_path: str, nonce: str) -> Callable[[bytes], bytes]:
    def edit(value: bytes) -> bytes:
        policies = value.decode("latin-1").split(",")
        return ",".join(_edit_policy(policy, origin_path, nonce) for policy in policies).encode("latin-1")

    return edit


def _edit_policy(policy: str, origin_path: str, nonce: str) -> str:
    directives = parse(policy)
    before = {name: list(sources) for name, sources in directives.items()}
    _let(directives, _SCRIPT, _script_source(_sources(directives, _SCRIPT), origin_path, nonce))
    connect = _sources(directives, _CONNECT)
    _let(directives, _CONNECT, None if connect is None or _OPEN & set(connect) else origin_path)
    if directives == before:
        return policy
    return "; ".join(" ".join((name, *sources)) for name, sources in directives.items())


def _script_source(sources: list[str] | None, origin_path: str, nonce: str) -> str | None:
    """What has to be added, or None."""
    if sources is None or f"'nonce-{nonce}'" in sources:
        return None
    if "'strict-dynamic'" in sources or any(_NONCE.match(source) for source in sources):
        return f"'nonce-{nonce}'"
    return None if _OPEN & set(sources) else origin_path


def _let(directives: Directives, names: tuple[str, ...], source: str | None) -> None:
    if source is None:
        return
    effective = next(name for name in names if name in directives)
    # `default-src` decides about everything: what we need becomes a directive of its own instead
    target = names[0] if effective == "default-src" else effective
    directives[target] = [item for item in directives[effective] if item != "'none'"] + [source]


def parse(policy: str) -> Directives:
    """Directives by lower-case name; keywords in lower case. Of two with one name the first counts."""
    result: Directives = {}
    for part in policy.split(";"):
        words = part.split()
        if words:
            result.setdefault(words[0].lower(), [_keyword(word) for word in words[1:]])
    return result


def _keyword(word: str) -> str:
    return word if not word.startswith("'") or word.lower().startswith(("'nonce-", "'sha")) else word.lower()


def _policies(headers: Headers) -> list[str]:
    return [policy for name in HEADERS for value in get_all(headers, name) for policy in value.split(",")]


def _sources(directives: Directives, names: tuple[str, ...]) -> list[str] | None:
    """Those of the first directive of `names` that is there; None when none is: all is allowed then."""
    return next((directives[name] for name in names if name in directives), None)
