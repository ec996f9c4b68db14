"""A request in full: what was asked, who answered, where the time went, what it printed, what failed."""

from __future__ import annotations

import json
from urllib.parse import parse_qsl

from fh_dash.events import Exchange, RequestFinished, RequestStarted
from fh_dash.store import units
from fh_dash.tui.details.document import Context, Document
from fh_dash.tui.details.errors import error_lines
from fh_dash.tui.details.parts import field, fields, heading, table, wrapped
from fh_dash.tui.paint import Line, Part
from fh_dash.tui.places import place
from fh_dash.tui.widgets.output import text as output_text
from fh_dash.tui.widgets.requests import curl, status_role

SECRET = {"cookie", "set-cookie", "authorization", "proxy-authorization", "x-api-key", "x-csrf-token"}
_HEADER = 26
_BODY = 16_384
"""Characters of a body that are shown."""


def describe(event: RequestFinished, context: Context) -> Document:
    store = context.store
    route = store.routes.of(event)
    exchange = context.exchange(event.id)
    lines = [*_summary(event, context), *_htmx(event, exchange), *_parameters(event)]
    if event.error is not None:
        lines += [*heading("Exception"), *error_lines(event.error, context.width)]
    printed = store.output.of_request(event.id)
    if printed:
        lines += heading("Output", units.count(len(printed), "line"))
        lines += [list(output_text(line)) for line in printed[-200:]]
    if exchange is not None:
        lines += _exchange(exchange, context)
    where = (route.file, route.line) if route is not None and route.file else None
    if event.error is not None and event.error.file:
        where = (event.error.file, event.error.line or 1)
    masked = exchange is not None and any(
        name.lower() in SECRET for name, _ in (*exchange.request_headers, *exchange.response_headers)
    )
    return Document(f"{event.method} {event.path}", lines, curl(event, store.status.url), where, masked)


def describe_running(event: RequestStarted, context: Context) -> Document:
    lines = [
        field("Began", (units.clock(event.time), "text")),
        field("State", ("still running: streams and sockets stay here until they end", "accent")),
    ]
    return Document(f"{event.method} {event.path}", lines, curl(event, context.store.status.url))


def _summary(event: RequestFinished, context: Context) -> list[Line]:
    route = context.store.routes.of(event)
    slow = event.milliseconds >= context.slow
    handled: Part = (event.handler or "no route answered", "text" if event.handler else "muted")
    lines = [
        field(
            "Status", (str(event.status) if event.status else "ended without an answer", status_role(event) + " bold")
        ),
        field("Began", (units.clock(event.time), "text"), (f"  served by gen {event.generation}", "muted")),
        field("Took", (units.milliseconds(event.milliseconds), "slow" if slow else "text"), *_queued(event)),
        field("Sent", (units.size(event.size), "text")),
        field("Handler", handled, (f"  {place(route.file, route.line)}" if route and route.file else "", "muted")),
    ]
    return lines + fields([("Client", (event.client, "muted"))])


def _queued(event: RequestFinished) -> list[Part]:
    if event.queued < 0.5:
        return []
    return [(f"  after {units.milliseconds(event.queued)} at the gate, while a reload ran", "muted")]


def _htmx(event: RequestFinished, exchange: Exchange | None) -> list[Line]:
    if not event.htmx:
        return []
    lines = heading("HTMX", "answered with a fragment" if exchange and not _is_page(exchange) else "")
    if exchange is None:
        return [*lines, [("sent by htmx", "text")]]
    rows = [
        ((name, "muted"), (value, "text"))
        for name, value in (*exchange.request_headers, *exchange.response_headers)
        if name.lower().startswith("hx-")
    ]
    return [*lines, *table(rows, (_HEADER, 0))]


def _is_page(exchange: Exchange) -> bool:
    return b"<html" in exchange.response_body[:2048].lower()


def _parameters(event: RequestFinished) -> list[Line]:
    pairs = parse_qsl(event.query, keep_blank_values=True)[:100]
    if not pairs:
        return []
    return [*heading("Query"), *table([((k, "muted"), (v, "text")) for k, v in pairs], (_HEADER, 0))]


def _exchange(exchange: Exchange, context: Context) -> list[Line]:
    lines = heading("Request headers")
    lines += _headers(exchange.request_headers, context)
    lines += _body("Request body", exchange.request_headers, exchange.request_body, exchange.request_size, context)
    lines += heading("Response headers")
    lines += _headers(exchange.response_headers, context)
    return lines + _body(
        "Response body", exchange.response_headers, exchange.response_body, exchange.response_size, context
    )


def _headers(headers: tuple[tuple[str, str], ...], context: Context) -> list[Line]:
    rows: list[tuple[Part, Part]] = []
    for name, value in headers:
        masked = name.lower() in SECRET and not context.secrets
        rows.append(((name, "muted"), ("••••••  m shows it", "muted") if masked else (value, "text")))
    return table(rows, (_HEADER, 0))


def _body(title: str, headers: tuple[tuple[str, str], ...], body: bytes, size: int, context: Context) -> list[Line]:
    if not size:
        return []
    kind = next((value for name, value in headers if name.lower() == "content-type"), "")
    note = units.size(size) + (f", the first {units.size(len(body))} of it" if len(body) < size else "")
    lines = heading(title, note)
    if kind.startswith("application/x-www-form-urlencoded"):
        pairs = parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True)
        return [*lines, *table([((k, "muted"), (v, "text")) for k, v in pairs], (_HEADER, 0))]
    if not _is_text(kind):
        return [*lines, [("not shown: " + (kind or "unknown kind"), "muted")]]
    return lines + wrapped(pretty(body, kind), context.width, most=200)


def _is_text(kind: str) -> bool:
    return kind.startswith("text/") or any(word in kind for word in ("json", "xml", "javascript", "form-data"))


def pretty(body: bytes, kind: str) -> str:
    """The body as text, JSON indented when it is whole."""
    text = body.decode("utf-8", "backslashreplace")[:_BODY]
    if "json" not in kind:
        return text
    try:
        return json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    except ValueError:
        return text
