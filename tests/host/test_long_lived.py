"""Streams, WebSockets and tasks live through reloads, reach the new code, and are counted."""

from __future__ import annotations

import socket
from pathlib import Path

from websockets.sync.client import connect

from tests.support.running import PATIENCE, Running, write

APP = """
import asyncio
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.routing import Route, WebSocketRoute
import keep, words

async def events(request):
    async def parts():
        while True:
            yield f"data: {words.word()}\\n\\n"
            await keep.NEXT.wait()
            keep.NEXT.clear()
    return StreamingResponse(parts(), media_type="text/event-stream")

async def talk(websocket):
    await websocket.accept()
    async for text in websocket.iter_text():
        await websocket.send_text(words.word())

async def forever():
    await asyncio.Event().wait()

async def go(request):
    keep.NEXT.set()
    return PlainTextResponse(words.word())

async def begin(request):
    keep.TASKS.append(asyncio.create_task(forever()))
    return PlainTextResponse("begun")

app = Starlette(routes=[Route("/events", events), Route("/go", go), Route("/begin", begin), WebSocketRoute("/", talk)])
"""
FILES = {
    "app.py": APP,
    "words.py": "WORD = 'one'\ndef word(): return WORD\n",
    "keep.py": "import asyncio\nNEXT = asyncio.Event()\nTASKS = []\n",
}


def test_open_connections_reach_the_new_code(tmp_path: Path) -> None:
    """What calls into a reloaded function gets the new one, also after the app object was exchanged; each reload tells
    how much goes on that began before it."""
    write(tmp_path, FILES)
    with Running(tmp_path, uvicorn={"timeout_graceful_shutdown": 0}) as run:
        run.serving()
        stream = socket.create_connection(("127.0.0.1", run.port), timeout=PATIENCE)
        stream.sendall(b"GET /events HTTP/1.1\r\nhost: localhost\r\n\r\n")
        with stream, stream.makefile("rb") as lines, connect(f"ws://127.0.0.1:{run.port}/") as ws:

            def heard() -> str:
                return next(line for line in lines if line.startswith(b"data: ")).decode().split()[1]

            def said() -> str:
                ws.send("?")
                return str(ws.recv(timeout=PATIENCE))

            assert (heard(), said()) == ("one", "one")
            run.get("/begin")

            result = run.save({"words.py": FILES["words.py"].replace("one", "two")})

            assert run.get("/go") == (200, "two")
            assert (heard(), said()) == ("two", "two")
            assert result.running == 3  # the stream, the WebSocket, the task

            run.save({"app.py": APP + "\nMORE = 1\n"})
            result = run.save({"words.py": FILES["words.py"].replace("one", "three")})

            assert run.get("/go") == (200, "three")
            assert (heard(), said()) == ("three", "three")
            assert result.running == 3
