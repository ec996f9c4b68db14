"""The intake of what browsers report: checked, cut, rationed, and only text."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from fh_dash.events import OutputLine
from fh_dash.live.reports import MAX_BODY, BadReport, Ration, parse
from tests.live.ask import PAGE, Answer, Posted, ask, hub_at, live, sends

ORIGIN = {"origin": "http://localhost:5001", "content-type": "application/json"}


def send(posted: Posted, body: bytes, headers: Mapping[str, str] = {}, **options: Any) -> Answer:
    app = live(sends(PAGE), hub_at(post=posted.append, **options))
    return ask(app, "/_fh_dash/T0KEN/report", method="POST", headers={**ORIGIN, **headers}, body=body)


def report(**fields: object) -> bytes:
    return json.dumps({"kind": "error", "message": "boom", "page": "/shop?token=1", **fields}).encode()


def test_lines() -> None:
    """A report is a line that names page and place, then the stack; queries stay in the browser."""
    posted = Posted()
    answer = send(posted, report(source="http://localhost:5001/app.js?v=1", line=3, stack="at f\n  at g\n"))

    assert answer.status == 202
    assert posted.texts() == ["/shop  boom  (/app.js:3)", "    at f", "    at g"]
    first = posted[0]
    assert isinstance(first, OutputLine)
    assert (first.source, first.level, first.logger) == ("log", "ERROR", "browser")


@pytest.mark.parametrize(("kind", "level"), [("rejection", "ERROR"), ("resource", "WARNING"), ("htmx", "WARNING")])
def test_kinds(kind: str, level: str) -> None:
    """What only failed to load is a warning."""
    assert [line.level for line in parse(report(kind=kind))] == [level]


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"1", b'"x"', b"{", b'{"kind": "evil"}', b'{"kind": ["error"]}', b"[" * 9000, b"\xff\xfe", b"null"],
)
def test_no_reports(body: bytes) -> None:
    """What our script would not send is refused, whatever it is."""
    posted = Posted()

    assert (send(posted, body).status, posted) == (400, [])


@pytest.mark.parametrize("value", [None, 1, [], {}, True, "x" * 10**4, "http://[x", "a\nb\r\nc\x1b[2J"])
@pytest.mark.parametrize("field", ["message", "page", "source", "line", "stack"])
def test_fields_of_any_type(field: str, value: object) -> None:
    """Each line stays one line of bounded length."""
    lines = parse(report(**{field: value}))

    assert 1 <= len(lines) <= 13
    assert all("\n" not in line.text and len(line.text) < 5000 for line in lines)


def test_size() -> None:
    """A report is read up to the limit, and not further."""
    posted = Posted()

    assert send(posted, report(stack="x" * MAX_BODY)).status == 413
    assert posted == []


def test_type_of_content() -> None:
    """Only JSON: a form of another site could send anything else without asking."""
    for kind in ("text/plain", "application/x-www-form-urlencoded", ""):
        assert send(Posted(), report(), {"content-type": kind}).status == 415


def test_switched_off() -> None:
    """Then reports are refused."""
    posted = Posted()

    assert (send(posted, report(), reports=False).status, posted) == (403, [])


def test_ration() -> None:
    """Some at once, a few per second in the long run."""
    now = [0.0]
    ration = Ration(lambda: now[0])

    assert sum(ration.take() for _ in range(100)) == 40
    now[0] += 2
    assert sum(ration.take() for _ in range(100)) == 10
    assert ration.refused == 150


def test_flood() -> None:
    """What is over the ration is counted, and the count is told."""
    posted = Posted()
    app = live(sends(PAGE), hub_at(post=posted.append))
    statuses = [
        ask(app, "/_fh_dash/T0KEN/report", method="POST", headers=ORIGIN, body=report()).status for _ in range(60)
    ]

    assert statuses.count(429) >= 15
    app._channel._ration._left = 5.0
    ask(app, "/_fh_dash/T0KEN/report", method="POST", headers=ORIGIN, body=report())
    assert f"{statuses.count(429)} more reports were left out" in posted.texts()


def test_bad_report_is_an_error_of_its_own() -> None:
    """Callers can tell it from other errors."""
    with pytest.raises(BadReport):
        parse(b"nonsense")
