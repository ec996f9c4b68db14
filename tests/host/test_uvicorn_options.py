"""Each option that is passed through to uvicorn has its effect on the app that is served."""

from __future__ import annotations

import http.client
import json
import logging
import os
import re
import socket
import ssl
import struct
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from fh_dash import cli
from fh_dash.errors import UsageError
from fh_dash.events import LoadFailed
from fh_dash.settings import Settings
from tests.support.running import PATIENCE, Running, write

CERTIFICATE = Path(__file__).parents[1] / "support" / "certificate"
CERT, KEY, LOCKED = (str(CERTIFICATE / name) for name in ("cert.pem", "key.pem", "locked.pem"))

APP = """
import asyncio, json, os
from contextvars import ContextVar

SEEN = ContextVar("SEEN", default="nothing")


async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        await receive()
        scope["state"]["up"] = "yes"
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})
    elif scope["type"] == "websocket":
        await talk(receive, send)
    else:
        await answer(scope, send)


async def talk(receive, send):
    await receive()
    await send({"type": "websocket.accept"})
    while (message := await receive())["type"] == "websocket.receive":
        await send({"type": "websocket.send", "text": str(len(message["text"]))})


async def answer(scope, send):
    seen = {name: scope.get(name) for name in ("client", "scheme", "root_path", "path", "http_version")}
    loop = type(asyncio.get_running_loop()).__module__.partition(".")[0]
    seen |= {"loop": loop, "up": scope["state"].get("up"), "word": os.environ.get("WORD"), "var": SEEN.get()}
    SEEN.set("something")
    body = json.dumps(seen).encode()
    head = [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": head})
    await send({"type": "http.response.body", "body": body})
"""
OTHERS = {
    "wsgi.py": "def app(environ, start):\n    start('200 OK', [])\n    return [b'by wsgi']\n",
    "asgi2.py": (
        "def app(scope):\n    async def answer(receive, send):\n"
        "        await send({'type': 'http.response.start', 'status': 200, 'headers': []})\n"
        "        await send({'type': 'http.response.body', 'body': b'by asgi2'})\n    return answer\n"
    ),
    "lazy.py": "async def app(scope, receive, send):\n    raise RuntimeError('no lifespan here')\n",
    "elsewhere/moved.py": APP,
    "words.env": "WORD=from the file\n",
    "log.json": json.dumps(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "handlers": {"file": {"class": "logging.FileHandler", "filename": "access.txt", "delay": True}},
            "loggers": {"uvicorn.access": {"handlers": ["file"], "level": "INFO", "propagate": False}},
        }
    ),
}


class Secured(NamedTuple):
    version: str | None
    cipher: str | None
    answer: bytes


class Site(Running):
    """An app under the options of a command line."""

    capture: pytest.CaptureFixture[str]

    def ask(self, **headers: str) -> dict[str, Any]:
        return dict(json.loads(self.get(headers={k.replace("_", "-"): v for k, v in headers.items()})[1]))

    def head(self) -> http.client.HTTPMessage:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        connection.request("GET", "/")
        answer = connection.getresponse()
        answer.read()
        connection.close()
        return answer.headers

    @contextmanager
    def raw(self, data: bytes) -> Iterator[socket.socket]:
        with socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE) as client:
            client.sendall(data)
            yield client

    def sent_back(self, data: bytes) -> bytes:
        """Until the server hangs up."""
        with self.raw(data) as client, client.makefile("rb") as answer:
            return answer.read()

    def websocket(self, **how: Any) -> ClientConnection:
        return connect(f"ws://127.0.0.1:{self.port}", open_timeout=PATIENCE, **how)

    def secure(self, context: ssl.SSLContext | None = None) -> Secured:
        context = context or ssl.create_default_context(cafile=CERT)
        with (
            socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE) as plain,
            context.wrap_socket(plain, server_hostname="localhost") as client,
        ):
            client.sendall(CLOSE)
            answer = b""
            while part := client.recv(65536):
                answer += part
            return Secured(client.version(), (client.cipher() or [None])[0], answer)

    def deflates(self) -> bool:
        with self.raw(HANDSHAKE) as client:
            return b"permessage-deflate" in client.recv(4096).lower()

    def said(self) -> str:
        """What was written, after a request."""
        self.get()
        return "".join(self.capture.readouterr())

    def settled(self) -> None:
        assert self.runtime._parts.host.settled.wait(PATIENCE)

    @property
    def uvicorn(self) -> Any:
        return self.runtime._parts.server


PLAIN = b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n"
CLOSE = b"GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n"
HANDSHAKE = (
    b"GET / HTTP/1.1\r\nhost: localhost\r\nupgrade: websocket\r\nconnection: upgrade\r\n"
    b"sec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\nsec-websocket-version: 13\r\n"
    b"sec-websocket-extensions: permessage-deflate\r\n\r\n"
)

# ------------------------------------------------------------------------------------------------ checks


def http_is(name: str) -> Callable[[Site], bool]:
    def check(site: Site) -> bool:
        with site.raw(PLAIN) as client:
            client.recv(10)
            (connection,) = site.uvicorn.server_state.connections
            return bool(type(connection).__module__ == f"uvicorn.protocols.http.{name}_impl")

    return check


def websockets_are(name: str) -> Callable[[Site], bool]:
    def check(site: Site) -> bool:
        with site.websocket() as client:
            client.send("four")
            (connection,) = site.uvicorn.server_state.connections
            return client.recv() == "4" and type(connection).__module__.endswith(name)

    return check


def refuses_websockets(site: Site) -> bool:
    with pytest.raises(InvalidStatus):
        site.websocket()
    return True


def closes_with(code: int, text: str) -> Callable[[Site], bool]:
    def check(site: Site) -> bool:
        with site.websocket() as client:
            client.send(text)
            with pytest.raises(ConnectionClosed):
                client.recv(timeout=PATIENCE)
            return client.protocol.close_code == code

    return check


def frames(site: Site, until: Callable[[int], bool]) -> bool:
    """A client that never answers: whether a frame of that kind comes."""
    with site.raw(HANDSHAKE) as client, client.makefile("rb") as stream:
        while stream.readline().strip():
            pass
        while head := stream.read(2):
            stream.read(head[1])
            if until(head[0] & 15):
                return True
    return False


def says(word: str) -> Callable[[Site], bool]:
    return lambda site: word in site.get()[1]


def access_goes_to_the_file(site: Site) -> bool:
    site.ask()
    return "GET / HTTP/1.1" in str((site.folder / "access.txt").read_text())


def one_at_a_time(site: Site) -> bool:
    """uvicorn counts the connection itself."""
    with site.raw(PLAIN) as first, site.raw(PLAIN) as second:
        return first.recv(12) == b"HTTP/1.1 200" and second.recv(12) == b"HTTP/1.1 503"


def backlog_is(number: int) -> Callable[[Site], bool]:
    def check(site: Site) -> bool:
        if sys.platform != "linux":
            pytest.skip("Linux alone tells the backlog")
        info = site.runtime._socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 64)  # type: ignore[union-attr]
        return int(struct.unpack_from("I", info, 28)[0]) == number

    return check


def ends_after_two(site: Site) -> bool:
    site.get()
    site.get()
    site.server.join(PATIENCE)
    return not site.server.is_alive()


def is_reached_by_path(site: Site) -> bool:
    with socket.socket(socket.AF_UNIX) as client:
        client.connect("here.sock")
        client.sendall(CLOSE)
        return client.makefile("rb").read().startswith(b"HTTP/1.1 200")


def wants_a_certificate(site: Site) -> bool:
    with suppress(ssl.SSLError, ConnectionError):
        assert not site.secure().answer
    known = ssl.create_default_context(cafile=CERT)
    known.load_cert_chain(CERT, KEY)
    return site.secure(known).answer.startswith(b"HTTP/1.1 200")


def speaks_only(cipher: str) -> Callable[[Site], bool]:
    def check(site: Site) -> bool:
        context = ssl.create_default_context(cafile=CERT)
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        return site.secure(context).cipher == cipher

    return check


def hangs_up_soon(site: Site) -> bool:
    """Sooner than by default."""
    with site.raw(PLAIN) as client:
        client.settimeout(4)
        return client.makefile("rb").read().startswith(b"HTTP/1.1 200")


def fails_to_start(site: Site) -> bool:
    return "no lifespan here" in site.wait_for(LoadFailed).error.message


def configured(name: str, value: object) -> Callable[[Site], bool]:
    return lambda site: getattr(site.uvicorn.config, name) == value


TLS = f"--ssl-certfile {CERT} --ssl-keyfile {KEY}"
FORWARDED = {"x_forwarded_for": "192.0.2.7", "x_forwarded_proto": "https"}
ACCESS = re.compile(r'INFO:     127\.0\.0\.1:\d+ - "GET / HTTP/1\.1" 200 OK \d+\.\d ms\n')
PINGS = "--ws websockets-sansio --ws-ping-interval 0.05"

CASES: dict[str, tuple[str, Callable[[Site], bool]]] = {
    "app": ("", lambda site: site.ask()["up"] == "yes"),
    "uds": ("--uds here.sock", is_reached_by_path),
    "loop asyncio": ("--loop asyncio", lambda site: site.ask()["loop"] == "asyncio"),
    "loop uvloop": ("--loop uvloop", lambda site: site.ask()["loop"] == "uvloop"),
    "http h11": ("--http h11", http_is("h11")),
    "http httptools": ("--http httptools", http_is("httptools")),
    "ws none": ("--ws none", refuses_websockets),
    "ws websockets": ("--ws websockets", websockets_are("websockets_impl")),
    "ws sansio": ("--ws websockets-sansio", websockets_are("websockets_sansio_impl")),
    "ws-max-size": ("--ws-max-size 10", closes_with(1009, "x" * 11)),
    "ws-max-queue": ("--ws-max-queue 3", configured("ws_max_queue", 3)),
    "ws-ping-interval": (PINGS, lambda site: frames(site, lambda kind: kind == 9)),
    "ws-ping-timeout": (f"{PINGS} --ws-ping-timeout 0.05", lambda site: frames(site, lambda kind: kind == 8)),
    "ws-per-message-deflate on": ("", lambda site: site.deflates()),
    "ws-per-message-deflate": ("--ws-per-message-deflate false", lambda site: not site.deflates()),
    "lifespan off": ("--lifespan off", lambda site: site.ask()["up"] is None),
    "lifespan on": ("--lifespan on lazy.py", fails_to_start),
    "interface wsgi": ("--interface wsgi wsgi.py", says("by wsgi")),
    "interface asgi2": ("--interface asgi2 asgi2.py", says("by asgi2")),
    "env-file": ("--env-file words.env", lambda site: site.ask()["word"] == "from the file"),
    "log-config": ("--access-log --log-config log.json", access_goes_to_the_file),
    "log-level info": ("--log-level info", lambda site: "Started server process" in site.said()),
    "log-level": ("--log-level warning", lambda site: not site.said()),
    "access-log": ("--access-log", lambda site: bool(ACCESS.search(site.said()))),
    "no-access-log": ("--no-access-log", lambda site: "HTTP/1.1" not in site.said()),
    "use-colors": ("--access-log --use-colors", lambda site: "\x1b[32m200 OK\x1b[0m" in site.said()),
    "no-use-colors": ("--access-log --no-use-colors", lambda site: bool(ACCESS.search(site.said()))),
    "proxy-headers": ("--proxy-headers", lambda site: _origin(site) == ("192.0.2.7", "https")),
    "no-proxy-headers": ("--no-proxy-headers", lambda site: _origin(site) == ("127.0.0.1", "http")),
    "forwarded-allow-ips": ("--forwarded-allow-ips 192.0.2.1", lambda site: _origin(site) == ("127.0.0.1", "http")),
    "server-header": ("--server-header", lambda site: site.head()["server"] == "uvicorn"),
    "no-server-header": ("--no-server-header", lambda site: site.head()["server"] is None),
    "date-header": ("--date-header", lambda site: "GMT" in site.head()["date"]),
    "no-date-header": ("--no-date-header", lambda site: site.head()["date"] is None),
    "header": ("--header x-word:yes", lambda site: site.head()["x-word"] == "yes"),
    "root-path": ("--root-path /shop", lambda site: site.ask()["root_path"] == "/shop"),
    "limit-concurrency": ("--limit-concurrency 2", one_at_a_time),
    "backlog": ("--backlog 77", backlog_is(77)),
    "limit-max-requests": ("--limit-max-requests 2", ends_after_two),
    "limit-max-requests-jitter": (
        "--limit-max-requests 1 --limit-max-requests-jitter 1",
        lambda site: site.get()[0] == 200 and site.uvicorn.limit_max_requests in (1, 2),
    ),
    "timeout-keep-alive": ("--timeout-keep-alive 0", hangs_up_soon),
    "timeout-graceful-shutdown": ("--timeout-graceful-shutdown 7", configured("timeout_graceful_shutdown", 7)),
    "ssl": (TLS, lambda site: b'"scheme": "https"' in site.secure().answer),
    "ssl-keyfile-password": (
        f"--ssl-certfile {CERT} --ssl-keyfile {LOCKED} --ssl-keyfile-password secret",
        lambda site: site.secure().answer.startswith(b"HTTP/1.1 200"),
    ),
    "ssl-version": (
        f"{TLS} --ssl-version {int(ssl.PROTOCOL_TLSv1_2)}",
        lambda site: site.secure().version == "TLSv1.2",
    ),
    "ssl-cert-reqs": (f"{TLS} --ssl-cert-reqs 2 --ssl-ca-certs {CERT}", wants_a_certificate),
    "ssl-ciphers": (f"{TLS} --ssl-ciphers ECDHE-RSA-AES128-GCM-SHA256", speaks_only("ECDHE-RSA-AES128-GCM-SHA256")),
    "app-dir": ("--app-dir elsewhere moved:app", lambda site: site.ask()["up"] == "yes"),
    "h11-max-incomplete-event-size": (
        "--http h11 --h11-max-incomplete-event-size 100",
        lambda site: site.sent_back(b"GET / HTTP/1.1\r\nx: " + b"y" * 200).startswith(b"HTTP/1.1 400"),
    ),
    "without reset-contextvars": ("", lambda site: _second_sees(site) == "something"),
    "reset-contextvars": ("--reset-contextvars", lambda site: _second_sees(site) == "nothing"),
}
"""What is tried: arguments of `fh_utils dev` (app.py unless they say more), and how its effect is seen."""

ELSEWHERE = {
    "--fd": "tested below",
    "--http2": "tested below",
    "--reload-delay": "of uvicorn's polling; with its watchfiles it has no effect either",
    "--timeout-worker-healthcheck": "of workers, which `dev` refuses",
}


def _origin(site: Site) -> tuple[str, str]:
    seen = site.ask(**FORWARDED)
    return seen["client"][0], seen["scheme"]


def _second_sees(site: Site) -> str:
    """Of two pipelined requests the second is begun by the first."""
    return str(json.loads(site.sent_back(PLAIN + CLOSE).rpartition(b"\r\n\r\n")[2])["var"])


@pytest.fixture
def _loggers() -> Iterator[None]:
    """As they were before, and files closed."""
    loggers = [logging.getLogger(name) for name in ("uvicorn", "uvicorn.error", "uvicorn.access")]
    before = [(one.handlers[:], one.level, one.propagate) for one in loggers]
    yield
    for one, (handlers, level, propagate) in zip(loggers, before, strict=True):
        for handler in set(one.handlers) - set(handlers):
            handler.close()
        one.handlers[:], one.propagate = handlers, propagate
        one.setLevel(level)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("WORD", "")
    monkeypatch.delenv("WORD")
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.chdir(tmp_path)
    write(tmp_path, {"app.py": APP, **OTHERS})
    return tmp_path


def parsed(arguments: str, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """As `fh_utils dev` takes them."""
    found: list[Settings] = []
    monkeypatch.setattr(cli.dev, "serve", lambda settings: found.append(settings) or 0)
    words = arguments.split()
    given = words and words[-1].endswith((".py", ":app"))
    assert cli.main(cli.utils, "fh_utils", ["dev", *words, *([] if given else ["app.py"])]) == 0
    return found[0]


SWITCHES = {"--no-access-log", "--no-use-colors", "--no-proxy-headers", "--no-server-header", "--no-date-header"}
"""The other side of an option."""


def options() -> set[str]:
    cli.dev.borrow()
    return {option.opts[0] for option in cli.dev.borrowed}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.usefixtures("_loggers")
@pytest.mark.parametrize("name", CASES)
def test_an_option_has_its_effect(
    name: str, folder: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """What the person asks uvicorn for is what they get."""
    arguments, check = CASES[name]
    if missing := {word for word in arguments.split() if word.startswith("--")} - options() - SWITCHES:
        pytest.skip(f"this uvicorn has no {missing}")
    settings = parsed(arguments, monkeypatch)
    with Site(folder, settings.target, uvicorn=dict(settings.uvicorn)) as site:
        site.capture = capfd
        site.settled()

        assert check(site)


def test_all_options_are_tried() -> None:
    """A new one of uvicorn's needs a case here, or a reason."""
    words = {word for arguments, _ in CASES.values() for word in arguments.split()}

    assert options() - words - ELSEWHERE.keys() == set()


@pytest.mark.usefixtures("_loggers")
def test_a_socket_that_is_handed_in(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With --fd the socket of whoever starts us is served on."""
    with socket.create_server(("127.0.0.1", 0)) as mine:
        settings = parsed(f"--fd {os.dup(mine.fileno())}", monkeypatch)
        with Site(folder, settings.target, uvicorn=dict(settings.uvicorn)) as site:
            assert site.port == mine.getsockname()[1]
            assert site.ask()["up"] == "yes"


def test_what_uvicorn_lacks_is_said(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """HTTP/2 needs a package."""
    if "--http2" not in options():
        pytest.skip("this uvicorn has no HTTP/2")
    settings = parsed("--http2", monkeypatch)

    with pytest.raises(UsageError, match="zttp"), Site(folder, settings.target, uvicorn=dict(settings.uvicorn)):
        pass
