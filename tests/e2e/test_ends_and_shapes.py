"""Headless: every way to end it, what a full reload keeps, and apps of all shapes."""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
from pathlib import Path

import pytest

from tests.support.command import DEV, eventually, fetch, serving, write
from tests.support.ports import free_port, is_free
from tests.support.pseudo import terminal

APP = """
import asyncio, time
from pathlib import Path

LOG = Path(__file__).with_name("log.txt")


async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        LOG.write_text("down")
        await send({"type": "lifespan.shutdown.complete"})
        return
    await PATHS[scope["path"]](send)


async def home(send):
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"one"})


async def stubborn(send):
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"begun", "more_body": True})
    while True:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            pass


async def thread(send):
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"begun", "more_body": True})
    await asyncio.to_thread(time.sleep, 60)


async def blocks(send):
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"begun", "more_body": True})
    time.sleep(60)


PATHS = {"/": home, "/stubborn": stubborn, "/thread": thread, "/blocks": blocks}
"""
STATUS = {signal.SIGINT: 0, signal.SIGTERM: -signal.SIGTERM}


def opened(port: int, path: str) -> socket.socket:
    """A request that has begun to be answered."""
    client = socket.create_connection(("127.0.0.1", port), timeout=10)
    client.sendall(f"GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n".encode())
    received = b""
    while b"begun" not in received:
        part = client.recv(1000)
        assert part, received
        received += part
    return client


SCRIPT = "import fh_utils\n" + APP + "\nfh_utils.serve(log_level='info')\n"
ENDS = [
    (DEV, signal.SIGINT, "/stubborn"),
    (DEV, signal.SIGTERM, "/thread"),
    (DEV, signal.SIGTERM, "/blocks"),
    ((sys.executable,), signal.SIGINT, "/thread"),
    ((sys.executable,), signal.SIGTERM, "/stubborn"),
    ((sys.executable,), signal.SIGINT, "/blocks"),
]


@pytest.mark.parametrize(("command", "number", "path"), ENDS)
def test_what_does_not_end_is_left_behind(
    command: tuple[str, ...], number: signal.Signals, path: str, tmp_path: Path
) -> None:
    """A handler that ignores its cancellation, blocks in a thread, or blocks the server itself; with the command, and
    with the script's own `serve()`: the app's shutdown runs, the port is free, the status is right, and no traceback
    is shown."""
    write(tmp_path, {"app.py": SCRIPT})
    with serving("app.py", cwd=tmp_path, command=command, text="one") as server, opened(server.port, path):
        assert server.end(number) == STATUS[number]
        assert (tmp_path / "log.txt").read_text() == "down"
        assert is_free(server.port)
        assert "fh_dash" not in server.log
        assert "Traceback" not in server.log
        assert ("blocks the server, which is to end" in server.log) == (path == "/blocks")


def test_a_closed_terminal_ends_the_headless_command(tmp_path: Path) -> None:
    """Its SIGHUP is no wish for a fresh process then: the app's shutdown runs and the port is free."""
    write(tmp_path, {"app.py": APP})
    port = free_port()
    with terminal(*DEV, "app.py", "--port", str(port), cwd=tmp_path) as screen:
        eventually("a first answer", lambda: fetch(port)[0] == 200)
        screen.hang_up()

        assert screen.ended() in (-signal.SIGHUP, 129, 0)
        assert (tmp_path / "log.txt").read_text() == "down"
        assert is_free(port)


SEEN = """
import json, os, sys
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

WORD = "one"


async def home(request):
    environ = {k: v for k, v in os.environ.items() if k != "PYTHON_GIL"}
    seen = {"argv": sys.argv, "orig": sys.orig_argv, "path": sys.path, "cwd": os.getcwd(), "env": environ}
    return PlainTextResponse(json.dumps({"word": WORD, "seen": seen, "pid": os.getpid()}))


os.environ["LEFT"] = os.environ.get("LEFT", "") + "x"
app = Starlette(routes=[Route("/", home)])
os.chdir("/")
sys.path.append("/left")
"""


def test_a_full_reload_begins_as_the_first_start_did(tmp_path: Path) -> None:
    """Command line, environment, working directory and sys.path are the same, whatever the app did to them."""
    write(tmp_path, {"web/app.py": SEEN})
    with serving("web/app.py", "--reload", "full", "--log-level", "warning", cwd=tmp_path, text="one") as server:
        before = json.loads(server.get())
        write(tmp_path, {"web/app.py": SEEN.replace('"one"', '"two"')})
        server.answers('"two"')

        after = json.loads(server.get())
        assert after["seen"] == before["seen"]
        assert after["pid"] == before["pid"] == server.process.pid
        assert after["seen"]["env"]["LEFT"] == "x"


WRAPPED = """
from starlette.applications import Starlette
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import PlainTextResponse
from starlette.routing import Route
async def home(request): return PlainTextResponse("one")
class Wrap:
    def __init__(self, app): self.app = app
    async def __call__(self, scope, receive, send): await self.app(scope, receive, send)
inner = Starlette(routes=[Route("/", home)])
app = Wrap(GZipMiddleware(inner))
"""
FASTAPI = """
from fastapi import FastAPI
app = FastAPI()
@app.get("/")
def home(): return "one"
"""
MOUNTED = {
    "app.py": (
        "from starlette.applications import Starlette\nfrom starlette.routing import Mount\nimport sub\n"
        "app = Starlette(routes=[Mount('/', app=sub.app)])\n"
    ),
    "sub.py": "from fasthtml.common import *\napp, rt = fast_app()\n@rt('/')\ndef home(): return P('one')\n",
}
SHAPES: dict[str, tuple[dict[str, str], str, str]] = {
    "bare": ({"app.py": APP.replace('b"one"', '"one".encode()')}, "app.py", "app.py"),
    "wrapped": ({"app.py": WRAPPED}, "app.py", "app.py"),
    "FastAPI": ({"app.py": FASTAPI}, "app.py", "app.py"),
    "mounted": (MOUNTED, "app.py", "sub.py"),
    "editable": ({"place/src/shop/__init__.py": "", "place/src/shop/web.py": WRAPPED, "run/x": ""}, "shop.web:app", ""),
}


@pytest.mark.parametrize("name", SHAPES)
def test_any_asgi_app(name: str, tmp_path: Path) -> None:
    """A bare callable, middleware objects around an app, FastAPI, an app mounted in another, and a package that is
    installed editable, served from somewhere else: an edit is served by the same process."""
    files, target, edited = SHAPES[name]
    write(tmp_path, files)
    folder, env = tmp_path, {}
    if not edited:
        edited, folder = "place/src/shop/web.py", tmp_path / "run"
        site = tmp_path / "site"
        write(
            site,
            {
                "shop.pth": str(tmp_path / "place/src"),
                "sitecustomize.py": f"import site\nsite.addsitedir({str(site)!r})\n",
            },
        )
        env = {"PYTHONPATH": os.pathsep.join([str(site), *filter(None, [os.environ.get("PYTHONPATH")])])}
    with serving(target, cwd=folder, text="one", env=env) as server:
        text = (tmp_path / edited).read_text()
        write(tmp_path, {edited: text.replace("one", "two")})
        server.answers("two")
        server.says("(modified)")
