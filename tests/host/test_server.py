from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from fh_dash.errors import UsageError
from fh_dash.host.asgi import ASGIApp, Receive, Scope, Send
from fh_dash.host.server import Server, configured
from fh_dash.settings import Settings

PATIENCE = 10.0


async def hello(scope: Scope, receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"5")]})
    await send({"type": "http.response.body", "body": b"hello"})


class Serving:
    def __init__(self, app: ASGIApp, **options: object) -> None:
        options = {"timeout_graceful_shutdown": 0.2, "log_level": "critical", **options}
        self.done: list[str] = []
        self.ready = threading.Event()
        self.server = Server(
            configured(app, Settings("", uvicorn=options), access_log=False),
            ready=self.ready.set,
            closing=lambda: self.done.append("closing"),
            finish=self._finish,
        )
        sock = socket.create_server(("127.0.0.1", 0))
        self.port: int = sock.getsockname()[1]
        self.thread = threading.Thread(target=self.server.run, args=([sock],))
        self.thread.start()
        assert self.ready.wait(PATIENCE)

    async def _finish(self) -> None:
        self.done.append("finish")

    def stop(self, *, force: bool = False) -> None:
        """Returns when it has ended; what it must not wait for takes longer than this patience."""
        self.server.stop(force=force)
        self.thread.join(PATIENCE)
        assert not self.thread.is_alive()

    def ask(self) -> socket.socket:
        client = socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE)
        client.sendall(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n")
        return client


def _answer(client: socket.socket) -> bytes:
    """The body that `hello` sends, which may come in pieces."""
    received = b""
    while not received.endswith(b"hello"):
        part = client.recv(1000)
        assert part, received
        received += part
    return b"hello"


@contextmanager
def _serving(app: ASGIApp, **options: object) -> Iterator[Serving]:
    serving = Serving(app, **options)
    try:
        yield serving
    finally:
        serving.server.stop(force=True)
        serving.thread.join(PATIENCE)


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_stopping_is_quick_and_in_order(loop: str) -> None:
    """An idle keep-alive connection is closed; the last thing is the app's own end."""
    with _serving(hello, loop=loop, timeout_graceful_shutdown=2 * PATIENCE) as serving, serving.ask() as client:
        assert _answer(client) == b"hello"

        serving.stop()
        assert client.recv(1000) == b""
    assert (serving.done[0], serving.done[-1]) == ("closing", "finish")


def test_a_request_in_flight_is_answered_before_the_end() -> None:
    """Within the grace."""
    begun = threading.Event()

    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        begun.set()
        await asyncio.sleep(0.1)
        await hello(scope, receive, send)

    with _serving(slow, timeout_graceful_shutdown=2 * PATIENCE) as serving, serving.ask() as client:
        assert begun.wait(PATIENCE)

        serving.stop()
        assert _answer(client) == b"hello"


@pytest.mark.parametrize("stubborn", [False, True])
def test_a_request_that_never_ends_is_ended(stubborn: bool) -> None:
    """Also when it ignores that it is cancelled."""
    begun = threading.Event()

    async def endless(scope: Scope, receive: Receive, send: Send) -> None:
        begun.set()
        deadline = time.monotonic() + 2 * PATIENCE
        while time.monotonic() < deadline:
            try:
                await asyncio.sleep(2 * PATIENCE)
            except asyncio.CancelledError:
                if not stubborn:
                    raise

    with _serving(endless) as serving, serving.ask():
        assert begun.wait(PATIENCE)

        serving.stop()


def test_force_waits_for_nobody() -> None:
    """Whatever the grace is."""
    begun = threading.Event()

    async def endless(scope: Scope, receive: Receive, send: Send) -> None:
        begun.set()
        await asyncio.sleep(2 * PATIENCE)

    with _serving(endless, timeout_graceful_shutdown=2 * PATIENCE) as serving, serving.ask():
        assert begun.wait(PATIENCE)
        serving.server.stop()

        serving.stop(force=True)


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
@pytest.mark.parametrize("error", [SystemExit, KeyboardInterrupt])
def test_a_task_of_the_app_cannot_end_the_server(loop: str, error: type[BaseException]) -> None:
    """`sys.exit` in a background task stops the loop for a moment, not for good."""
    hit = threading.Event()

    async def leaves() -> None:
        hit.set()
        raise error

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        scope["state"]["task"] = asyncio.create_task(leaves())
        await hello(scope, receive, send)

    with _serving(app, loop=loop) as serving:
        for _ in range(2):
            with serving.ask() as client:
                assert _answer(client) == b"hello"
        assert hit.is_set()
        assert serving.thread.is_alive()


def test_a_blocked_loop_does_not_respond() -> None:
    """A free one does."""
    blocked, go_on = threading.Event(), threading.Event()

    async def blocks(scope: Scope, receive: Receive, send: Send) -> None:
        blocked.set()
        go_on.wait(PATIENCE)
        await hello(scope, receive, send)

    with _serving(blocks) as serving:
        assert serving.server.responds()
        with serving.ask() as client:
            assert blocked.wait(PATIENCE)
            assert not serving.server.responds()

            go_on.set()
            assert _answer(client) == b"hello"


@pytest.mark.parametrize("options", [{"log_config": "nowhere.json"}, {"ssl_certfile": "a.pem"}, {"http": "no.such:it"}])
def test_options_that_uvicorn_cannot_use_are_usage_errors(options: dict[str, str]) -> None:
    """Before anything is served."""
    with pytest.raises(UsageError, match="uvicorn cannot be set up"):
        configured(hello, Settings("", uvicorn=options), access_log=False)
