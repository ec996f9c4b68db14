"""What the layer does to answers: the script in complete documents, and nothing else, ever."""

from __future__ import annotations

import asyncio
import gzip
import re
import zlib
from typing import Any

import pytest

from fh_dash.live.asgi import ASGIApp, Message, Receive, Scope, Send
from fh_dash.live.coding import acceptable
from tests.live.ask import NAVIGATION, PAGE, ask, hub_at, length_of, live, navigate, scope_of, script, sends

HEAD = PAGE.index(b"<title>")
INJECTED = PAGE[:HEAD] + script() + PAGE[HEAD:]


def test_document() -> None:
    """A page gets one element, behind the head's tag, and its right length."""
    answer = navigate(live(sends(PAGE, headers=length_of(PAGE))))

    assert answer.body == INJECTED
    assert answer.header("content-length") == str(len(INJECTED))
    assert re.sub(rb"<script[^>]*data-fh-live[^>]*>.*?</script>", b"", answer.body) == PAGE


def test_element_is_short() -> None:
    """A browser looks for `<meta charset>` in the first 1,024 bytes: the element must not push it out."""
    assert len(script("0123abcd.1234.5678", " data-sent", "/api/v1").replace(b"T0KEN", b"x" * 24)) < 250


UNTOUCHED: dict[str, tuple[ASGIApp, dict[str, Any]]] = {
    "htmx": (sends(PAGE), {"headers": {"hx-request": "true"}}),
    "fetch": (sends(PAGE), {"headers": {"sec-fetch-dest": "empty", "sec-fetch-mode": "cors"}}),
    "fragment": (sends(b"<li>tea</li>"), {}),
    "json": (sends(b'"<html>"', headers={"content-type": "application/json"}), {}),
    "no type": (sends(PAGE, headers={}), {}),
    "download": (sends(PAGE, headers=length_of(PAGE, content_disposition="attachment; filename=x.html")), {}),
    "not found": (sends(PAGE, status=404), {}),
    "server error": (sends(PAGE, status=500), {}),
    "redirect": (sends(PAGE, status=303), {}),
    "range": (sends(PAGE, status=206, headers=length_of(PAGE, content_range="bytes 0-9/99")), {}),
    "unknown coding": (sends(b"\x28\xb5\x2f\xfd", headers=length_of(b"1234", content_encoding="x-zzz")), {}),
    "not in its coding": (sends(PAGE, headers=length_of(PAGE, content_encoding="gzip")), {}),
    "empty": (sends(b"", headers=length_of(b"")), {}),
    "chunks": (sends(b"<d", b"", b"iv>", b"x" * 9000, b"</div>"), {}),
}


@pytest.mark.parametrize("name", UNTOUCHED)
def test_untouched(name: str) -> None:
    """What is no complete document of the app passes byte for byte, headers included."""
    app, request = UNTOUCHED[name]
    headers = {**NAVIGATION, **request.get("headers", {})}

    plain, through = ask(app, headers=headers), ask(live(app), headers=headers)

    assert (through.status, through.headers, through.body) == (plain.status, plain.headers, plain.body)
    assert through.complete


@pytest.mark.parametrize("headers", [{"hx-boosted": "true"}, {"hx-history-restore-request": "true"}])
def test_whole_pages_for_htmx(headers: dict[str, str]) -> None:
    """HTMX asks for whole pages too."""
    assert ask(live(sends(PAGE)), headers={"hx-request": "true", **headers}).body == INJECTED


def test_browser_that_tells_nothing() -> None:
    """On plain http a browser does not say what it wants."""
    assert ask(live(sends(PAGE))).body == INJECTED


def test_switched_off() -> None:
    """Without `--live` the layer is not there."""
    answer = navigate(live(sends(PAGE), hub_at(enabled=False)))

    assert answer.body == PAGE
    assert navigate(live(sends(PAGE), hub_at(enabled=False)), "/_fh_dash/T0KEN/client.js").body == PAGE


def test_page_says_when_it_was_made() -> None:
    """Run, generation and last message are those from before the request; the gate's generation is better still."""
    hub = hub_at(7)
    hub.last = 12

    class Trace:
        generation = 8

    assert b'data-fh-live="run1.7.12"' in navigate(live(sends(PAGE), hub)).body
    assert b'"run1.8.12"' in navigate(live(sends(PAGE), hub), **{"fh_dash.trace": Trace()}).body


def test_answer_to_a_form_says_so() -> None:
    """The script must not send a form again."""
    assert script(more=" data-sent") in navigate(live(sends(PAGE)), method="POST").body


def test_root_path() -> None:
    """Behind a proxy with a prefix, our addresses have the prefix; they carry no scheme and no host."""
    app = live(sends(PAGE))

    assert script(root="/api") in navigate(app, root_path="/api").body
    assert navigate(app, "/_fh_dash/T0KEN/client.js", root_path="/api").status == 200
    assert navigate(app, "/api/_fh_dash/T0KEN/client.js", root_path="/api").status == 200


# ------------------------------------------------------------------------------------------- streams


def test_streams() -> None:
    """Each chunk goes out when it comes; only an undecided beginning is held back."""
    app = live(sends(b"<!doc", b"type html><html><head>", b"<p>1", b"<p>2"))

    answer = navigate(app)

    assert answer.chunks == [b"<!doctype html><html><head>" + script(), b"<p>1", b"<p>2"]


def test_stream_is_not_waited_for() -> None:
    """The beginning of a page arrives while the app still works on the rest."""
    arrived = asyncio.Event()

    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/html")]})
        await send({"type": "http.response.body", "body": b"<html><head><p>1", "more_body": True})
        await asyncio.wait_for(arrived.wait(), 5)
        await send({"type": "http.response.body", "body": b"<p>2"})

    async def send(message: Message) -> None:
        if message.get("body", b"").endswith(b"<p>1"):
            arrived.set()

    async def receive() -> Message:
        return {"type": "http.request"}

    asyncio.run(live(slow)(scope_of(headers=NAVIGATION), receive, send))
    assert arrived.is_set()


def test_length_of_a_stream() -> None:
    """A length that the app announces for several chunks is that plus ours."""
    chunks = (b"<html><head>", b"</head>", b"<body>")
    answer = navigate(live(sends(*chunks, headers=length_of(*chunks))))

    assert answer.header("content-length") == str(len(answer.body))


def test_answer_that_breaks_off() -> None:
    """What was held back of an answer without an end is not lost."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/html")]})
        await send({"type": "http.response.body", "body": b"<!doc", "more_body": True})

    answer = navigate(live(app))
    assert (answer.body, answer.complete) == (b"<!doc", False)


# ------------------------------------------------------------------------------------ content codings


def _deflate(data: bytes) -> bytes:
    coder = zlib.compressobj(wbits=-15)
    return coder.compress(data) + coder.flush()


CODINGS = {"gzip": gzip.compress, "deflate": zlib.compress, "raw deflate": _deflate}
UNDO = {"gzip": gzip.decompress, "deflate": zlib.decompress, "raw deflate": lambda d: zlib.decompress(d, -15)}


@pytest.mark.parametrize("name", CODINGS)
@pytest.mark.parametrize("size", [1, 7, 100_000])
def test_compressed(name: str, size: int) -> None:
    """A compressed page stays compressed, has the script, and a length that is right."""
    page = PAGE + b"<!-- more -->" * 100
    data = CODINGS[name](page)
    chunks = [data[i : i + size] for i in range(0, len(data), size)]
    coding = name.split()[-1]

    answer = navigate(live(sends(*chunks, headers=length_of(data, content_encoding=coding))))

    assert UNDO[name](answer.body) == INJECTED + b"<!-- more -->" * 100
    assert answer.header("content-encoding") == coding
    assert answer.header("content-length") in (None, str(len(answer.body)))
    assert (answer.header("content-length") is not None) == (len(chunks) == 1)


def test_gzip_of_several_members() -> None:
    """A gzip body may be a chain of files."""
    data = gzip.compress(PAGE[:20]) + gzip.compress(PAGE[20:])

    answer = navigate(live(sends(data, headers=length_of(data, content_encoding="gzip"))))

    assert gzip.decompress(answer.body) == INJECTED


def test_compressed_stream_is_flushed() -> None:
    """A reader sees each compressed chunk before the next one comes."""
    coder = zlib.compressobj(wbits=31)
    parts = [b"<html><head>", b"<p>1", b"<p>2"]
    chunks = [coder.compress(part) + coder.flush(zlib.Z_SYNC_FLUSH) for part in parts] + [coder.flush()]
    answer = navigate(live(sends(*chunks, headers={"content-type": "text/html", "content-encoding": "gzip"})))

    reader, seen = zlib.decompressobj(31), []
    for chunk in answer.chunks:
        seen.append(reader.decompress(chunk))
    assert seen == [parts[0] + script(), *parts[1:], b""]


def test_only_codings_that_we_can_undo_are_offered() -> None:
    """For documents the app sees no coding that would keep the script out; other requests are left alone."""
    seen: list[Scope] = []
    app = live(sends(PAGE, seen=seen))
    offers = "gzip, deflate, zzz;q=0.9, zstd"

    navigate(app, headers={"accept-encoding": offers})
    ask(app, headers={"accept-encoding": offers, "sec-fetch-dest": "style"})

    offered = [dict(scope["headers"])[b"accept-encoding"] for scope in seen]
    assert offered == [b"gzip, deflate", offers.encode()]
    assert acceptable("*;q=0.1") == ""


# ------------------------------------------------------------------------------- HEAD, tags, conditions


def test_head() -> None:
    """HEAD says what GET would, except for a length that it cannot know; and has no body."""
    page = length_of(PAGE, etag='"v1"')
    head = navigate(live(sends(b"", headers=page)), method="HEAD")
    got = navigate(live(sends(PAGE, headers=page)))

    assert head.body == b""
    assert [item for item in got.headers if item[0] != "content-length"] == head.headers


def test_headers_that_are_no_longer_true() -> None:
    """A changed page has no digest, no byte ranges and no date of its file."""
    true = {"cache-control": "max-age=5", "set-cookie": "a=b"}
    untrue = {"last-modified": "x", "accept-ranges": "bytes", "content-md5": "x", "content-digest": "x"}
    answer = navigate(live(sends(PAGE, headers={"content-type": "text/html", **true, **untrue})))

    assert answer.headers == [("content-type", "text/html"), *true.items()]


@pytest.mark.parametrize(("tag", "kind"), [('"v1"', "s"), ('W/"v1"', "w")])
def test_entity_tag(tag: str, kind: str) -> None:
    """The tag names the script's moment; the app gets its own tag back, exactly, while that moment lasts."""
    seen: list[Scope] = []
    hub = hub_at()
    app = live(sends(PAGE, headers=length_of(PAGE, etag=tag), seen=seen), hub)

    ours = navigate(app).header("etag")
    assert ours == f'W/"v1-fh{kind}run1.1.0"'
    navigate(app, headers={"if-none-match": ours})
    hub.last = 1
    navigate(app, headers={"if-none-match": ours})

    conditions = [dict(scope["headers"]).get(b"if-none-match") for scope in seen]
    assert conditions == [None, tag.encode(), None]


def test_not_modified() -> None:
    """The answer to a condition that was passed on carries our tag, so that the browser keeps it."""
    app = live(sends(b"", status=304, headers={"etag": '"v1"'}))

    answer = navigate(app, headers={"if-none-match": '"other", W/"v1-fhsrun1.1.0"'})

    assert (answer.status, answer.header("etag")) == (304, 'W/"v1-fhsrun1.1.0"')


def test_conditions_of_a_page_without_script_are_dropped() -> None:
    """A page that was cached before, or in another run, is sent anew; for other resources conditions hold."""
    seen: list[Scope] = []
    app = live(sends(PAGE, seen=seen))
    condition = {"if-none-match": '"v1"', "if-modified-since": "Mon, 01 Jan 2024 00:00:00 GMT"}

    navigate(app, headers=condition)
    ask(app, "/app.css", headers={**condition, "sec-fetch-dest": "style"})

    assert [{b"if-none-match", b"if-modified-since"} & set(dict(s["headers"])) for s in seen] == [
        set(),
        {b"if-none-match", b"if-modified-since"},
    ]


# ----------------------------------------------------------------------------------------- marks


def test_reload_is_marked() -> None:
    """A page that our script loads is known by a cookie, which the app never sees."""
    seen: list[Scope] = []
    app = live(sends(PAGE, seen=seen))

    answer = navigate(app, headers={"cookie": "a=1; fh_dash_reload=1; b=2"})
    alone = navigate(app, headers={"cookie": "fh_dash_reload=1"})
    other = navigate(app, headers={"cookie": "a=1"})

    assert answer.scope["fh_dash.ours"] is True
    assert "fh_dash.ours" not in other.scope
    cookies = [dict(scope["headers"]).get(b"cookie") for scope in seen]
    assert cookies == [b"a=1; b=2", None, b"a=1"]
    assert alone.scope["fh_dash.ours"] is True


def test_swapped_resources_are_marked() -> None:
    """So are resources that our script fetches; what a reloaded page loads itself is not."""
    app = live(sends(b"p{}", headers={"content-type": "text/css"}))
    cookie = {"cookie": "fh_dash_reload=1", "sec-fetch-dest": "style"}

    assert ask(app, "/a.css?_fh_dash=1.2").scope["fh_dash.ours"] is True
    assert "fh_dash.ours" not in ask(app, "/a.css", headers=cookie).scope


@pytest.mark.parametrize(
    ("path", "headers", "expected"),
    [
        ("/app.css", {}, "no-cache"),
        ("/logo.svg", {}, "no-cache"),
        ("/app.css", {"cache-control": "max-age=60"}, "max-age=60"),
        ("/app.css", {"expires": "0"}, None),
        ("/items.json", {}, None),
        ("/part", {}, None),
    ],
)
def test_static_files_are_asked_for_again(path: str, headers: dict[str, str], expected: str | None) -> None:
    """A browser would keep an old style sheet for days by itself; what the app says about it holds."""
    answer = ask(live(sends(b"", headers=headers)), path, headers={"sec-fetch-dest": "style"})

    assert answer.header("cache-control") == expected


def test_scope_is_not_copied() -> None:
    """What the app's router writes into the scope is seen around us."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        scope["endpoint"] = "handler"
        await sends(PAGE)(scope, receive, send)

    assert navigate(live(app), headers={"cookie": "fh_dash_reload=1"}).scope["endpoint"] == "handler"


def test_websockets_and_lifespan_pass() -> None:
    """Other kinds of scope are the app's."""
    kinds = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        kinds.append(scope["type"])

    for kind in ("websocket", "lifespan"):
        ask(live(app), kind=kind)
    assert kinds == ["websocket", "lifespan"]
