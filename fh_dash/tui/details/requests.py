"""A request in full: what was asked, who answered, where the time went, what it printed, what failed."""

from __future__ import annotations

from fh_dash.events import Exchange, RequestFinished, RequestStarted
from fh_dash.store import units
from fh_dash.tui.details.bodies import NAMES, body_lines, pairs_table, query_pairs
from fh_dash.tui.details.document import Context, Document
from fh_dash.tui.details.errors import error_lines
from fh_dash.tui.details.parts import field, fields, heading, table, time_bars
from fh_dash.tui.paint import Line, Part
from fh_dash.tui.places import place
from fh_dash.tui.widgets.output import text as output_text
from fh_dash.tui.widgets.requests import curl, status_role

SECRET = {"cookie", "set-cookie", "authorization", "proxy-authorization", "x-api-key", "x-csrf-token"}


def describe(event: RequestFinished, context: Context) -> Document:
    store = context.store
    route = store.routes.of(event)
    exchange = context.exchange(event.id)
    lines = [*_summary(event, context), *_time(event), *_htmx(event, exchange), *_parameters(event)]
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
        field("Took", (units.milliseconds(event.milliseconds), "slow" if slow else "text")),
        field("Sent", (units.size(event.size), "text")),
        field("Handler", handled, (f"  {place(route.file, route.line)}" if route and route.file else "", "muted")),
    ]
    return lines + fields([("Client", (event.client, "muted"))])


def _time(event: RequestFinished) -> list[Line]:
    """Where the time went: at the gate while a reload ran, in the app until its answer began, in sending that."""
    if event.method == "WS" or event.milliseconds + event.queued < 1:
        return []
    spent = (("Gate", event.queued), ("App", event.milliseconds - event.sending), ("Send", event.sending))
    return [*heading("Time"), *time_bars(spent)]


def _htmx(event: RequestFinished, exchange: Exchange | None) -> list[Line]:
    if not event.htmx:
        return []
    if exchange is None:
        return [*heading("HTMX"), [("sent by htmx", "text")]]
    rows = [
        ((arrow, "accent"), (name, "muted"), (value, "text"))
        for arrow, headers in (("→", exchange.request_headers), ("←", exchange.response_headers))
        for name, value in headers
        if name.lower().startswith("hx-") and name.lower() != "hx-request"
    ]
    return [*heading("HTMX", _answer(exchange)), *table(rows, (1, NAMES - 3, 0))]


def _answer(exchange: Exchange) -> str:
    boosted = any(name.lower() == "hx-boosted" for name, _ in exchange.request_headers)
    what = "a boosted link or form, " if boosted else ""
    if not exchange.response_size:
        return f"{what}answered without a body"
    page = b"<html" in exchange.response_body[:2048].lower()
    return f"{what}answered with {'a whole page' if page else 'a fragment'}"


def _parameters(event: RequestFinished) -> list[Line]:
    pairs = query_pairs(event.query)
    return [*heading("Query"), *pairs_table(pairs)] if pairs else []


def _exchange(exchange: Exchange, context: Context) -> list[Line]:
    lines: list[Line] = []
    for title, headers, body, size in (
        ("Request", exchange.request_headers, exchange.request_body, exchange.request_size),
        ("Response", exchange.response_headers, exchange.response_body, exchange.response_size),
    ):
        kind = next((value for name, value in headers if name.lower() == "content-type"), "")
        lines += [*heading(f"{title} headers"), *_headers(headers, context)]
        lines += body_lines(f"{title} body", kind, body, size, context.width)
    return lines


def _headers(headers: tuple[tuple[str, str], ...], context: Context) -> list[Line]:
    rows: list[tuple[Part, Part]] = []
    for name, value in headers:
        masked = name.lower() in SECRET and not context.secrets
        rows.append(((name, "muted"), ("••••••  m shows it", "muted") if masked else (value, "text")))
    return table(rows, (NAMES, 0))
