"""Content-Security-Policy: our script runs, and nothing else is allowed that was not."""

from __future__ import annotations

import re

import pytest

from fh_dash.live import csp
from tests.live.ask import PAGE, live, navigate, sends

OURS = "localhost:5001/_fh_dash/T0KEN/"

CASES = {
    # policy: (what the browser gets, the nonce in our element)
    "default-src 'self'": ("default-src 'self'", ""),
    "script-src 'self'; connect-src 'self'": ("script-src 'self'; connect-src 'self'", ""),
    "script-src 'none'": (f"script-src {OURS}", ""),
    "default-src 'none'; style-src 'self'": (
        f"default-src 'none'; style-src 'self'; script-src-elem {OURS}; connect-src {OURS}",
        "",
    ),
    "script-src 'unsafe-inline' https://cdn.example": (
        f"script-src 'unsafe-inline' https://cdn.example {OURS}",
        "",
    ),
    "script-src 'nonce-AbC'; connect-src 'none'": (f"script-src 'nonce-AbC'; connect-src {OURS}", "AbC"),
    "script-src 'self'; script-src-elem 'sha256-Q/r+='": (
        f"script-src 'self'; script-src-elem 'sha256-Q/r+=' {OURS}",
        "",
    ),
    "DEFAULT-SRC 'SELF'": ("DEFAULT-SRC 'SELF'", ""),
    "img-src 'none'": ("img-src 'none'", ""),
    "script-src *; connect-src http:": ("script-src *; connect-src http:", ""),
    "default-src https:": (f"default-src https:; script-src-elem https: {OURS}; connect-src https: {OURS}", ""),
}


@pytest.mark.parametrize("policy", CASES)
@pytest.mark.parametrize("name", ["content-security-policy", "content-security-policy-report-only"])
def test_policies(policy: str, name: str) -> None:
    """Each policy is loosened by our path, or not at all."""
    answer = navigate(live(sends(PAGE, headers={"content-type": "text/html", name: policy})))
    expected, nonce = CASES[policy]

    assert answer.header(name) == expected
    assert re.findall(rb' nonce="([^"]*)"', answer.body) == ([nonce.encode()] if nonce else [])


def test_several_policies() -> None:
    """All of them have to let us in: each header, and each part of a header."""
    headers = [
        (b"content-security-policy", b"script-src 'nonce-a', connect-src 'none'"),
        (b"content-security-policy", b"script-src 'nonce-b'"),
    ]

    assert csp.nonce_of(headers) == "a"
    assert [value for _, value in csp.allow(headers, OURS, "a")] == [
        f"script-src 'nonce-a',connect-src {OURS}".encode(),
        b"script-src 'nonce-b' 'nonce-a'",
    ]


def test_strict_dynamic() -> None:
    """`strict-dynamic` ignores addresses, so our element gets a nonce of its own, new for each answer."""
    app = live(sends(PAGE, headers={"content-type": "text/html", "content-security-policy": STRICT}))

    policies = [navigate(app).header("content-security-policy") for _ in range(2)]

    assert all(re.fullmatch(re.escape(STRICT) + r" 'nonce-[\w-]{16}'", str(policy)) for policy in policies)
    assert policies[0] != policies[1]


STRICT = "script-src 'strict-dynamic' 'sha256-abc'"


def test_pages_without_policy_get_none() -> None:
    """No header is added."""
    assert navigate(live(sends(PAGE))).header("content-security-policy") is None


def test_address_that_a_policy_cannot_name() -> None:
    """Policies have no words for IPv6 addresses; the page's own origin is named instead."""
    headers = [(b"content-security-policy", b"script-src 'none'")]

    assert csp.allow(headers, "[::1]:5001/_fh_dash/T0KEN/", "") == [(headers[0][0], b"script-src 'self'")]
