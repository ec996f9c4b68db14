"""Who gets an answer: only requests under names of this server, and of ours only its own pages.

The cases follow the published holes of development servers: rebinding (CVE-2025-24010), origins that are addresses
(CVE-2025-30360), `Origin: null` (CVE-2026-27977), requests without an origin (CVE-2026-39363), scripts that other sites
can load (CVE-2025-30359), and wildcard CORS (GHSA-67mh-4wv8-2f99).
"""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from fh_dash import options
from fh_dash.live import AccessCheck, Hosts
from fh_dash.live.access import bare_host
from fh_dash.live.asgi import Message, Receive, Scope, Send
from tests.live.ask import NAVIGATION, PAGE, Answer, Posted, ask, hub_at, live, scope_of, sends

NEVER = [
    "evil.example",
    "localhost.evil.example",
    "127.0.0.1.nip.io",
    "notlocalhost",
    "evil.example:5001",
    "localhost@evil.example",
    "[::ffff:8.8.8.8]",
    "0177.0.0.1.example",
    ".localhost.evil",
    " ",
]


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "LOCALHOST:5001",
        "localhost.",
        "shop.localhost:80",
        "127.0.0.1:5001",
        "127.9.9.9",
        "[::1]:5001",
        "[::1]",
        "::1",
        "[::ffff:127.0.0.1]:80",
    ],
)
def test_local_names(host: str) -> None:
    """Names that lead to this computer, and that nobody else can have."""
    assert host in Hosts()


@pytest.mark.parametrize("host", [*NEVER, "192.168.1.5", "10.0.0.1:5001", "[fe80::1]", "0.0.0.0"])
def test_foreign_names(host: str) -> None:
    """Everything else, addresses of the network included."""
    assert host not in Hosts(["127.0.0.1"])


def test_names_of_host_and_setting() -> None:
    """What `--host` and the setting name is allowed, `*.` for subdomains; a wildcard address admits addresses."""
    assert "192.168.1.5:5001" in Hosts(["192.168.1.5"])
    assert "Box.Local:5001" in Hosts(["box.local"])
    assert ("a.dev.example" in Hosts(["*.dev.example"]), "dev.example" in Hosts(["*.dev.example"])) == (True, False)
    assert "xdev.example" not in Hosts(["*.dev.example"])
    for wildcard in ("0.0.0.0", "::", "[::]"):
        hosts = Hosts([wildcard])
        assert "192.168.1.5:5001" in hosts
        assert "[fe80::1]:5001" in hosts
        assert not [name for name in NEVER if name in hosts and "ffff" not in name]
    assert "anything.example" in Hosts(["*"])


def test_bare_host() -> None:
    """A name without its port, brackets, case and last dot."""
    values = ["A.b:1", "[::1]:2", "::1", "a.", " a ", "[x", ""]

    assert [bare_host(value) for value in values] == ["a.b", "::1", "::1", "a", "a", "x", ""]


def checked(host: str | None, **scope: Any) -> Answer:
    headers = {"host": host or "", **scope.pop("headers", {})}
    return ask(AccessCheck(sends(PAGE), allowed=["127.0.0.1"]), headers=headers, **scope)


def test_refusal() -> None:
    """A plain 403 that says why, and how to allow the name; the app hears nothing of it."""
    answer = checked("evil.example:5001")

    assert answer.status == 403
    assert answer.header("content-type") == "text/plain; charset=utf-8"
    assert b"--allowed-host evil.example" in answer.body
    assert b'allowed_host = ["evil.example"]' in answer.body
    assert "allowed_host" in [options.key(option) for option in options.dev_options(live=True)]
    assert answer.header("access-control-allow-origin") is None


@pytest.mark.parametrize("host", ["<script>alert(1)</script>", "a\x1b[2Jb", "x" * 5000, '"]\n[tool', "ü.example"])
def test_refusal_of_a_hostile_name(host: str) -> None:
    """The name is shown cut and harmless, and never as markup."""
    answer = checked(host)

    assert (answer.status, answer.header("x-content-type-options")) == (403, "nosniff")
    assert b"\x1b" not in answer.body
    assert len(answer.body) < 1000


def test_requests_that_pass() -> None:
    """A local name; and a client so old that it sends none, which no browser is."""
    assert checked("localhost:5001").body == PAGE
    assert checked(None).body == PAGE


def test_two_hosts() -> None:
    """Two names in one request are no name."""
    scope = scope_of()
    scope["headers"] = [(b"host", b"localhost"), (b"host", b"evil.example")]
    app = AccessCheck(sends(PAGE), allowed=[])

    from tests.live.ask import exchange

    assert asyncio.run(exchange(app, scope)).status == 403


def test_head() -> None:
    """A refusal of HEAD has no body."""
    assert (checked("evil.example", method="HEAD").status, checked("evil.example", method="HEAD").body) == (403, b"")


@pytest.mark.parametrize("extension", [True, False])
def test_websockets(extension: bool) -> None:
    """A WebSocket under a foreign name is refused before the app sees it."""
    sent: list[Message] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        sent.append({"type": "reached"})

    async def receive() -> Message:
        return {"type": "websocket.connect"}

    async def send(message: Message) -> None:
        sent.append(message)

    extensions = {"websocket.http.response": {}} if extension else {}
    for host in ("evil.example", "localhost"):
        scope = scope_of(kind="websocket", headers={"host": host}, extensions=extensions)
        asyncio.run(AccessCheck(app, allowed=[])(scope, receive, send))

    kinds = [message["type"] for message in sent]
    refusal = ["websocket.http.response.start", "websocket.http.response.body"] if extension else ["websocket.close"]
    assert kinds == [*refusal, "reached"]


# ------------------------------------------------------------------------------------ our own addresses

EVENTS = "/_fh_dash/T0KEN/events?once"
REPORT = "/_fh_dash/T0KEN/report"
GOOD = {"host": "localhost:5001", "origin": "http://localhost:5001", "content-type": "application/json"}
BODY = b'{"kind": "error", "message": "x", "page": "/"}'

STRANGERS = [
    "null",
    "http://evil.example",
    "http://localhost:3000",
    "http://127.0.0.1:5001",
    "http://[",
    "http://",
    "x.example",
    "http://192.168.1.5:5001",
    "https://localhost.evil.example:5001",
    "file://",
    "chrome-extension://abc",
    "http://localhost:5001@evil.example",
    "http://localhost:5001.evil.example",
]


@pytest.mark.parametrize("origin", STRANGERS)
@pytest.mark.parametrize("allowed", [[], ["127.0.0.1"], ["0.0.0.0"], ["localhost", "192.168.1.5", "*.x.example"]])
def test_foreign_origins(origin: str, allowed: list[str]) -> None:
    """Pages of other origins, other ports of this computer included, get neither channel nor intake nor script."""
    posted = Posted()
    app = live(sends(PAGE), hub_at(post=posted.append), allowed=allowed)
    headers = GOOD | {"origin": origin}

    statuses = [
        ask(app, EVENTS, headers=headers).status,
        ask(app, "/_fh_dash/T0KEN/client.js", headers=headers).status,
        ask(app, REPORT, method="POST", headers=headers, body=BODY).status,
    ]

    assert statuses == [403, 403, 403]
    assert posted == []


def test_own_origin() -> None:
    """The server's own pages get both, under http and, behind a proxy, https."""
    app = live(sends(PAGE))

    for scheme in ("http", "https"):
        headers = GOOD | {"origin": f"{scheme}://localhost:5001"}
        assert ask(app, EVENTS, headers=headers).status == 200
        assert ask(app, REPORT, method="POST", headers=headers, body=BODY).status == 202


def test_origin_behind_a_proxy() -> None:
    """Where a proxy changes `Host`, a name that was allowed on purpose counts, and only such a one."""
    app = live(sends(PAGE), allowed=["dev.example", "*.shop.example", "127.0.0.1"])
    origins = ["https://dev.example", "https://a.shop.example", "https://shop.example", "http://dev.example:3000"]

    answers = [ask(app, EVENTS, headers=GOOD | {"origin": origin}).status for origin in origins]

    assert answers == [200, 200, 403, 403]


@pytest.mark.parametrize(
    ("site", "status"), [("same-origin", 200), ("none", 200), ("", 200), ("cross-site", 403), ("same-site", 403)]
)
def test_requests_without_origin(site: str, status: int) -> None:
    """Then the browser's own word counts; a report always has an origin, so one without is refused."""
    headers = GOOD | {"origin": "", "sec-fetch-site": site}
    app = live(sends(PAGE))

    assert ask(app, EVENTS, headers=headers).status == status
    assert ask(app, REPORT, method="POST", headers=headers, body=BODY).status == 403


@pytest.mark.parametrize("token", ["", "x", "T0KE", "T0KENN", "t0ken", "%54"])
def test_token(token: str) -> None:
    """Without the token of this run there is nothing."""
    app = live(sends(PAGE), hub_at())
    path = f"/_fh_dash/{token}/"

    assert ask(app, path + "client.js", headers=GOOD).status == 404
    assert ask(app, path + "report", method="POST", headers=GOOD, body=BODY).status == 404
    assert ask(app, path + "events", headers=GOOD).status == 410


@pytest.mark.parametrize(
    "path",
    ["", "T0KEN", "T0KEN/", "T0KEN/client.js/", "T0KEN/../app.py", "T0KEN/client/main.js", "app.py", "T0KEN/app.py"],
)
def test_nothing_else_is_served(path: str) -> None:
    """No file, no source, no listing; and the app does not see these addresses."""
    answer = ask(live(sends(PAGE)), "/_fh_dash/" + path, headers=GOOD)

    assert (answer.status, answer.body) == (404, b"not found\n")


@pytest.mark.parametrize("name", ["client.js", "events?once", "report", "nothing"])
@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS", "PUT", "DELETE"])
def test_headers(name: str, method: str) -> None:
    """Other sites cannot load what is ours, no CORS header invites them, and a preflight gets no."""
    answer = ask(live(sends(PAGE)), f"/_fh_dash/T0KEN/{name}", method=method, headers=GOOD, body=BODY)

    assert answer.header("cross-origin-resource-policy") == "same-origin"
    assert answer.header("x-content-type-options") == "nosniff"
    assert not [key for key, _ in answer.headers if key.startswith("access-control")]
    if method in ("OPTIONS", "PUT", "DELETE"):
        assert answer.status in (404, 405)


def test_get_changes_nothing() -> None:
    """A report by GET is no report; the channel takes no words from the other side."""
    posted = Posted()
    hub = hub_at(post=posted.append)

    assert ask(live(sends(PAGE), hub), REPORT, headers=GOOD, body=BODY).status == 405
    assert ask(live(sends(PAGE), hub), EVENTS, headers=GOOD, body=BODY).status == 200
    assert ask(live(sends(PAGE), hub), EVENTS, method="POST", headers=GOOD, body=BODY).status == 405
    assert (posted, hub.last, hub.generation) == ([], 0, 1)


def test_pages_carry_no_cors() -> None:
    """Nothing is added to the app's own answers."""
    assert [key for key, _ in ask(live(sends(PAGE)), headers=NAVIGATION).headers] == ["content-type"]
