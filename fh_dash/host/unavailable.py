"""What a client gets while there is no app: 503, with the error that is in the way, as text."""

from __future__ import annotations

from html import escape

from fh_dash.events import ErrorReport
from fh_dash.host.asgi import Receive, Scope, Send

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark }}
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 46rem; margin: 12vh auto 0; padding: 0 1.5rem }}
h1 {{ font-size: 1.2rem; margin: 0 }}
pre {{ font: 14px/1.5 ui-monospace, monospace; white-space: pre-wrap; overflow-wrap: anywhere;
  padding: 1rem; border-left: 3px solid #d33; background: #d3333312 }}
p {{ opacity: .75 }}
</style>
</head>
<body>
<h1>{title}</h1>
<pre>{text}</pre>
<p>It starts by itself with the next good save.</p>
</body>
</html>
"""
TITLE = "The app could not be loaded"
STOPPING = "The server is stopping"


def describe(error: ErrorReport | None) -> str:
    """`ValueError: no such shop`, then `app.py, line 3`. No source: that stays on the terminal."""
    if error is None:
        return STOPPING
    lines = [f"{error.type}: {error.message}"]
    if error.file:
        lines.append(f"{error.file}, line {error.line}" if error.line else error.file)
    return "\n".join(lines)


async def refuse(scope: Scope, receive: Receive, send: Send, error: ErrorReport | None) -> None:
    """Answer for the app that is not there; a WebSocket is refused."""
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": 1013, "reason": "no app"})
        return
    title = TITLE if error else STOPPING
    if _wants_html(scope):
        body, kind = _PAGE.format(title=title, text=escape(describe(error))), "text/html"
    else:
        body, kind = f"{title}\n\n{describe(error)}\n", "text/plain"
    content = body.encode("utf-8", "replace")
    headers = [
        (b"content-type", f"{kind}; charset=utf-8".encode()),
        (b"content-length", str(len(content)).encode()),
        (b"cache-control", b"no-store"),
        (b"retry-after", b"1"),
    ]
    await send({"type": "http.response.start", "status": 503, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else content})


def _wants_html(scope: Scope) -> bool:
    return any(name == b"accept" and b"text/html" in value for name, value in scope["headers"])
