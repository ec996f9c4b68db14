"""Answer GET requests from an app in a fresh interpreter: cold.py DIR ENTRY APP PATH...

Imports the entry file as a server would, runs the ASGI lifespan start-up, calls the app directly
for each path and prints {path: [status, body]} as one line of JSON. Standard library only.
"""

import asyncio
import importlib
import json
import os
import sys
from pathlib import Path
from urllib.parse import unquote, urlsplit


def load(root: Path, entry: str, name: str):
    """Import ENTRY, its top-level package's parent first on sys.path; its app (`name()`: from a factory)."""
    path = (root / entry).resolve()
    if path.name == "__init__.py":
        path = path.parent
    parts, top = [path.stem], path.parent
    while (top / "__init__.py").exists():
        parts.insert(0, top.name)
        top = top.parent
    sys.path.insert(0, str(top))
    app = getattr(importlib.import_module(".".join(parts)), name.removesuffix("()"))
    return app() if name.endswith("()") else app


async def request(app, target: str, state: dict):
    url = urlsplit(target)
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": unquote(url.path),
        "raw_path": url.path.encode(),
        "query_string": url.query.encode(),
        "root_path": "",
        "state": state.copy(),
        "headers": [(b"host", b"localhost"), (b"accept", b"text/html")],
        "client": ("127.0.0.1", 50000),
        "server": ("127.0.0.1", 80),
    }
    sent, status, body = False, 500, b""
    gone = asyncio.Event()

    async def receive():
        nonlocal sent
        if not sent:
            sent = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await gone.wait()
        return {"type": "http.disconnect"}

    async def send(message):
        nonlocal status, body
        if message["type"] == "http.response.start":
            status = message["status"]
        elif message["type"] == "http.response.body":
            body += message.get("body", b"")

    try:
        await app(scope, receive, send)
    except Exception:
        if status != 500:
            raise
        body = body or b"Internal Server Error"
    return [status, body.decode("utf-8", "replace")]


async def main(app, paths):
    inbox, outbox, state = asyncio.Queue(), asyncio.Queue(), {}
    await inbox.put({"type": "lifespan.startup"})
    life = asyncio.create_task(
        app({"type": "lifespan", "asgi": {"version": "3.0"}, "state": state}, inbox.get, outbox.put)
    )
    first = asyncio.create_task(outbox.get())
    await asyncio.wait({life, first}, return_when=asyncio.FIRST_COMPLETED)
    if first.done() and first.result()["type"] == "lifespan.startup.failed":
        raise SystemExit("the app's start-up failed: " + first.result().get("message", ""))
    # a task each, so that a context variable set by one request is not seen by the next
    answers = {path: await asyncio.create_task(request(app, path, state)) for path in paths}
    await inbox.put({"type": "lifespan.shutdown"})
    await asyncio.wait({life}, timeout=2)
    return answers


if __name__ == "__main__":
    directory, entry, name, *paths = sys.argv[1:]
    os.chdir(directory)
    stdout, sys.stdout = sys.stdout, sys.stderr
    print(json.dumps(asyncio.run(main(load(Path(directory), entry, name), paths))), file=stdout)
    stdout.flush()
    os._exit(0)
