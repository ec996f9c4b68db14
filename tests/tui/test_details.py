from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fh_dash.events import Exchange, OutputLine, RequestStarted
from fh_dash.store import Store
from fh_dash.tui.details import Document, document
from fh_dash.tui.details.bodies import pretty
from fh_dash.tui.details.document import Context
from tests.support import fake_runtime as story


@pytest.fixture
def store() -> Store:
    store = Store("app.py", clock=lambda: story.NOW)
    store.routes.update(story.ROUTES)
    store.caches.update(story.CACHES)
    store.apply(story.broken())
    return store


def describe(row: object, store: Store, *, secrets: bool = False) -> Document:
    return document(row, Context(store, 100, 100.0, secrets, story.exchanges().get))


def text(found: Document) -> str:
    return "\n".join("".join(part for part, _ in line).rstrip() for line in found.lines)


def test_a_request_in_full(store: Store) -> None:
    """Status, generation, handler with place, HTMX, form, headers, what it printed."""
    found = describe(store.requests.by_id(53), store)
    shown = text(found)

    for part in (
        "212 ms", "served by gen 13", "app.predict  shop/app.py:52", "answered with a fragment",
        "→  hx-target                result", "←  hx-trigger               matched", "text                        a red bicycle",
        "embedding (768,)", "Response body  1.2 kB, the first", "<li>red bicycle",
    ):  # fmt: skip
        assert part in shown, part
    assert found.place == (story.ROOT + "app.py", 52)


def test_secrets_are_masked_until_asked_for(store: Store) -> None:
    """Cookies and authorization are not on a screen that others see."""
    request = store.requests.by_id(53)

    assert "eyJ1c2VyIjogMX0" not in text(describe(request, store))
    assert describe(request, store).masked
    assert "session_=eyJ1c2VyIjogMX0" in text(describe(request, store, secrets=True))


def test_a_failed_request_shows_its_traceback(store: Store) -> None:
    """The project's frames with their source, foreign ones folded."""
    found = describe(store.requests.by_id(51), store)
    shown = text(found)

    assert "ValueError  shop/shop.py:27" in shown
    assert "… 2 frames of libraries" in shown
    assert "▸ 27 │" in shown
    assert "at shop/pages.py:34  broken  return Card(find(77).title)" in shown
    assert found.place == (story.ROOT + "shop.py", 27)


def test_a_running_request_is_said_to_run(store: Store) -> None:
    """A stream has no end yet."""
    assert "still running" in text(describe(RequestStarted(9, story.NOW, "GET", "/events"), store))


def test_a_reload_in_full(store: Store) -> None:
    """Phases as bars, each module with its reason, routes and caches."""
    shown = text(describe(story.reloads()[-1], store))

    for part in (
        "generation 14 serves", "run        6.8 ms", "uses ar of routes.items at import time, line 12",
        "+  GET       /items/new", "stale     shop:prices", "kept      models:load_model",
    ):  # fmt: skip
        assert part in shown, part


def test_a_failed_reload_says_that_nothing_changed(store: Store) -> None:
    """With the excerpt, and the traceback to copy."""
    found = describe(store.reloads.rows[store.reloads.rows.end - 1], store)

    assert "failed: nothing was changed" in text(found)
    assert found.copy.endswith("SyntaxError: '(' was never closed")
    assert f'File "{story.ROOT}app.py", line 41' in found.copy


def test_caches_say_what_they_saved_and_why_they_are_stale(store: Store) -> None:
    """Hit rate, mean, age; what c does."""
    assert "98% of 42 calls" in text(describe(story.CACHES[0], store))
    assert "c clears them and adopts the new code" in text(describe(story.CACHES[1], store))
    assert "Hits" not in text(describe(story.CACHES[3], store))


def test_modules_and_routes(store: Store) -> None:
    """Who imported it and what it imported; the last requests of a route."""
    assert "└ app" in text(describe(store.modules.named("models"), store))
    assert "sentence_transformers" in text(describe(store.modules.named("models"), store))
    assert "14:02:27  POST   200    212 ms  /predict" in text(describe(store.routes.rows[5], store))


def test_an_output_line_knows_its_request(store: Store) -> None:
    """A long line is wrapped in full; where it came from is spelled out."""
    line = OutputLine(story.NOW, "log", "x" * 250, "ERROR", "shop", "worker-1", 51)
    shown = text(describe(line, store))

    assert "GET /broken  pages.broken" in shown
    assert shown.count("x" * 50) >= 4
    assert "worker-1" in shown


def test_bodies_are_readable() -> None:
    """JSON is indented when it is whole, other text stays, binary is not shown."""
    assert pretty(b'{"a": [1]}', "application/json") == json.dumps({"a": [1]}, indent=2)
    assert pretty(b'{"a": [1', "application/json") == '{"a": [1'
    assert pretty(b"\xff", "text/plain") == "\\xff"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (
            "<ul><li>one</li><li><a href='/'>two</a> <b>x</b></li></ul>",
            "<ul>\n  <li>one</li>\n  <li><a href='/'>two</a> <b>x</b></li>\n</ul>",
        ),
        ("<div><p></p><br><img src=a></div>", "<div>\n  <p></p>\n  <br>\n  <img src=a>\n</div>"),
        ("<pre>  a\n b</pre>", "<pre>  a\n b</pre>"),
        ("<p>cut of<b>f", "<p>\n  cut of\n  <b>\n    f"),
        ("a < b", "a\n<\nb"),
    ],
)
def test_html_is_indented(text: str, shown: str) -> None:
    """Depth by depth; short elements stay on one line."""
    assert pretty(text.encode(), "text/html; charset=utf-8") == shown


@given(st.text(st.sampled_from("<>/ab\"'!- \n"), max_size=60))
def test_indented_html_loses_no_text(text: str) -> None:
    """Nothing but blank space is added or taken away."""
    assert "".join(pretty(text.encode(), "text/html").split()) == "".join(text.split())


def test_forms_are_fields(store: Store) -> None:
    """Those with files too; of a file its name and size."""
    kind = "multipart/form-data; boundary=x"
    body = (
        b'--x\r\nContent-Disposition: form-data; name="title"\r\n\r\nred bicycle\r\n'
        b'--x\r\nContent-Disposition: form-data; name="photo"; filename="a.png"\r\n'
        b"Content-Type: image/png\r\n\r\n\x89PNG\r\n--x--\r\n"
    )
    exchange = Exchange(50, (("content-type", kind),), (), body, len(body))
    shown = text(document(store.requests.by_id(50), Context(store, 100, 100.0, False, lambda id_: exchange)))

    assert "title                       red bicycle" in shown
    assert "photo                       a.png  image/png, 4 B" in shown


def test_where_the_time_of_a_request_went(store: Store) -> None:
    """At the gate, in the app, in sending the answer."""
    request = replace(store.requests.by_id(53), queued=20.0, sending=12.0)
    shown = text(describe(request, store))

    assert "Gate      20.0 ms" in shown
    assert "App      200.0 ms" in shown
    assert "Send      12.0 ms" in shown


@pytest.mark.parametrize(
    ("asked", "body", "says"),
    [
        ((), b"<p>x</p>", "answered with a fragment"),
        ((), b"<!doctype html><html>", "answered with a whole page"),
        ((("HX-Boosted", "true"),), b"", "a boosted link or form, answered without a body"),
    ],
)
def test_what_htmx_got(store: Store, asked: tuple[tuple[str, str], ...], body: bytes, says: str) -> None:
    """Fragment or page, boosted or not."""
    exchange = Exchange(53, asked, (), b"", 0, body, len(body))
    shown = text(document(store.requests.by_id(53), Context(store, 100, 100.0, False, lambda id_: exchange)))

    assert says in shown


def test_a_picture_is_named_not_shown(store: Store) -> None:
    """Bytes that are no text stay off the screen."""
    request = store.requests.by_id(50)
    exchange = Exchange(50, (), (("Content-Type", "image/png"),), b"", 0, b"\x89PNG", 4)
    found = document(request, Context(store, 100, 100.0, False, lambda id_: exchange))

    assert "not shown: image/png" in text(found)


def test_an_unknown_row_is_refused(store: Store) -> None:
    """Forgetting to describe a new kind of row is noticed."""
    with pytest.raises(TypeError, match="nothing describes a str"):
        describe("x", store)
