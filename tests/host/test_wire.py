"""On the wire everything is as with bare uvicorn, with reloads in the middle of it."""

from __future__ import annotations

import hashlib
import re
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import uvicorn

from tests.support.running import PATIENCE, Running, write

APP = """
import asyncio, hashlib

WORD = "one"
GONE = []


async def app(scope, receive, send):
    assert scope["type"] == "http"
    await PATHS[scope["path"]](scope, receive, send)


async def answer(send, body, headers=()):
    await send({"type": "http.response.start", "status": 200, "headers": [*headers, (b"x-len", b"%d" % len(body))]})
    await send({"type": "http.response.body", "body": body})


async def plain(scope, receive, send):
    await answer(send, scope["query_string"], [(b"content-length", b"%d" % len(scope["query_string"]))])


async def echo(scope, receive, send):
    found, more = hashlib.sha256(), True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            GONE.append("upload")
            return
        found.update(message["body"])
        more = message["more_body"]
    await answer(send, found.hexdigest().encode())


async def download(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": []})
    for number in range(64):
        await send({"type": "http.response.body", "body": bytes([number]) * 65536, "more_body": True})
    await send({"type": "http.response.body"})


async def waits(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"begun", "more_body": True})
    while (await receive())["type"] != "http.disconnect":
        pass
    GONE.append("download")


async def gone(scope, receive, send):
    await answer(send, " ".join(GONE).encode())


async def word(scope, receive, send):
    await answer(send, WORD.encode())


PATHS = {"/": plain, "/echo": echo, "/download": download, "/waits": waits, "/gone": gone, "/word": word}
"""

Edit = Callable[[], None]


class Link:
    """A client that sees each byte."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
        self.stream = self.socket.makefile("rb")

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def head(self) -> bytes:
        """Status line and headers, but for the date."""
        lines = []
        while (line := self.stream.readline()).strip():
            lines.append(b"" if line.lower().startswith(b"date:") else line)
        return b"".join(lines)

    def answer(self) -> bytes:
        """With its body, by length or in chunks."""
        head = self.head()
        if length := re.search(rb"(?i)content-length: (\d+)", head):
            return head + self.stream.read(int(length[1]))
        body = b""
        while size := int(self.stream.readline(), 16):
            body += self.stream.read(size)
            self.stream.readline()
        self.stream.readline()
        return head + hashlib.sha256(body).digest()

    def close(self) -> None:
        self.stream.close()
        self.socket.close()


def get(path: str, more: str = "") -> bytes:
    return f"GET {path} HTTP/1.1\r\nhost: localhost\r\n{more}\r\n".encode()


def post(more: str) -> bytes:
    return f"POST /echo HTTP/1.1\r\nhost: localhost\r\n{more}\r\n".encode()


# ----------------------------------------------------------------------------------------- conversations


def pipelining(link: Link, edit: Edit) -> list[bytes]:
    """Ten requests at once, an edit, ten more: all answers, in order."""
    link.send(b"".join(get(f"/?{n}") for n in range(10)))
    edit()
    link.send(b"".join(get(f"/?{n}") for n in range(10)))
    return [link.answer() for _ in range(20)]


def large_upload(link: Link, edit: Edit) -> list[bytes]:
    link.send(post("content-length: 4194304\r\n") + b"a" * 2097152)
    edit()
    link.send(b"b" * 2097152)
    return [link.answer()]


def chunked_upload(link: Link, edit: Edit) -> list[bytes]:
    link.send(post("transfer-encoding: chunked\r\n") + b"5\r\nhello\r\n")
    edit()
    link.send(b"6\r\n world\r\n0\r\n\r\n")
    return [link.answer()]


def slow_download(link: Link, edit: Edit) -> list[bytes]:
    """Larger than what the buffers hold: the app waits in the middle of it while the code is exchanged."""
    link.send(get("/download"))
    head = link.head()
    edit()
    body, size = b"", int(link.stream.readline(), 16)
    while size:
        body += link.stream.read(size)
        link.stream.readline()
        size = int(link.stream.readline(), 16)
    return [head, hashlib.sha256(body).digest()]


def expect_continue(link: Link, edit: Edit) -> list[bytes]:
    link.send(post("content-length: 5\r\nexpect: 100-continue\r\n"))
    first = link.head()
    edit()
    link.send(b"hello")
    return [first, link.answer()]


def expectation_that_nobody_reads(link: Link, edit: Edit) -> list[bytes]:
    edit()
    link.send(get("/?x", "content-length: 5\r\nexpect: 100-continue\r\n"))
    return [link.answer()]


def head_request(link: Link, edit: Edit) -> list[bytes]:
    link.send(get("/?abc").replace(b"GET", b"HEAD"))
    head = link.head()
    edit()
    link.send(get("/?abc"))
    return [head, link.answer()]


def old_http(link: Link, edit: Edit) -> list[bytes]:
    edit()
    link.send(b"GET /?old HTTP/1.0\r\n\r\n")
    return [link.answer(), link.stream.read()]


def nonsense(link: Link, edit: Edit) -> list[bytes]:
    link.send(get("/?x"))
    answer = link.answer()
    edit()
    link.send(b"this is no HTTP\r\n\r\n")
    return [answer, link.head(), link.stream.read()]


CONVERSATIONS = (
    pipelining,
    large_upload,
    chunked_upload,
    slow_download,
    expect_continue,
    expectation_that_nobody_reads,
    head_request,
    old_http,
    nonsense,
)


@contextmanager
def bare(folder: Path, http: str) -> Iterator[int]:
    """uvicorn without us."""
    names: dict[str, object] = {}
    exec(compile(APP, "bare", "exec"), names)
    config = uvicorn.Config(names["app"], http=http, lifespan="off", log_config=None, access_log=False)  # type: ignore[arg-type]
    server = uvicorn.Server(config)
    listener = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=server.run, args=([listener],))
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        server.should_exit = server.force_exit = True
        thread.join(PATIENCE)


class Ours(Running):
    """`edit` exchanges the code and waits until it is exchanged."""

    words = ("one", "two")

    def edit(self) -> None:
        old, new = self.words
        self.words = new, old
        assert self.save({"app.py": APP.replace('"one"', f'"{new}"')}).ok

    def ask(self, path: str) -> str:
        return self.get(path)[1]


@contextmanager
def ours(folder: Path, http: str = "auto") -> Iterator[Ours]:
    write(folder, {"app.py": APP})
    with Ours(folder, gate_wait=0.05, uvicorn={"http": http, "lifespan": "off"}) as run:
        run.serving()
        yield run


def told(port: int, conversation: Callable[[Link, Edit], list[bytes]], edit: Edit) -> list[bytes]:
    link = Link(port)
    try:
        return conversation(link, edit)
    finally:
        link.close()


@pytest.mark.parametrize("http", ["httptools", "h11"])
def test_on_the_wire(http: str, tmp_path: Path) -> None:
    """Pipelining, uploads, downloads, Expect, HEAD, HTTP/1.0 and nonsense are answered byte for byte alike."""
    with bare(tmp_path, http) as port:
        expected = [told(port, conversation, lambda: None) for conversation in CONVERSATIONS]
    with ours(tmp_path, http) as run:
        for conversation, answers in zip(CONVERSATIONS, expected, strict=True):
            assert told(run.port, conversation, run.edit) == answers, conversation.__name__
        assert run.ask("/word") == run.words[0]


@pytest.mark.parametrize("name", ["upload", "download"])
def test_a_client_that_hangs_up(name: str, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """In the middle of a request or of an answer that began before a reload: the app hears of it, nobody else does."""
    with ours(tmp_path) as run:
        run.edit()
        link = Link(run.port)
        link.send(post("content-length: 100000\r\n") + b"some" if name == "upload" else get("/waits"))
        if name == "download":
            link.head()
        run.edit()
        link.close()
        gone = threading.Event()
        for _ in range(1000):
            if run.ask("/gone"):
                break
            gone.wait(0.01)

        assert run.ask("/gone") == name
    assert not [record for record in caplog.records if record.exc_info]
