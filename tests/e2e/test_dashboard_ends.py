"""`fh-dash` ends in bounded time, in order, whatever the app's handlers do at that moment."""

from __future__ import annotations

import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.support.command import DASH, eventually, write
from tests.support.ports import free_port, is_free
from tests.support.pseudo import PseudoTerminal, terminal

APP = """
import asyncio, threading, time
from pathlib import Path
import anyio.to_thread

HERE = Path(__file__).parent


async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        if (HERE / "slow").exists():
            await asyncio.sleep(1)
        (HERE / "down").touch()
        await send({"type": "lifespan.shutdown.complete"})
        return
    kind = b"text/event-stream" if scope["path"] == "/events" else b"text/plain"
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", kind)]})
    await send({"type": "http.response.body", "body": b"begun", "more_body": True})
    await PATHS[scope["path"]](send)


async def sleeps(send):  # as Starlette runs a sync handler
    await anyio.to_thread.run_sync(time.sleep, 1000)


async def waits(send):
    await anyio.to_thread.run_sync(threading.Event().wait)


async def executor(send):
    await asyncio.to_thread(time.sleep, 1000)


async def stubborn(send):
    while True:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            pass


async def events(send):
    while True:
        await send({"type": "http.response.body", "body": b"data: 1\\n\\n", "more_body": True})
        await asyncio.sleep(0.05)


async def spins(send):
    while True:
        pass


async def blocks(send):
    time.sleep(1000)


PATHS = {f"/{f.__name__}": f for f in (sleeps, waits, executor, stubborn, events, spins, blocks)}
"""
OPEN = ("/sleeps", "/waits", "/stubborn", "/events")
SOON = ("--timeout-graceful-shutdown", "0")


class Dashboard:
    def __init__(self, folder: Path, screen: PseudoTerminal, port: int) -> None:
        self.folder, self.screen, self.port = folder, screen, port
        self.before = screen.modes()

    def ended(self, *, down: bool = True, restored: bool = True) -> int:
        """The exit status; the app's shutdown ran, the port is free, the terminal as before, nothing was printed."""
        status = self.screen.ended()
        assert (self.folder / "down").exists() == down
        assert is_free(self.port)
        if restored:
            assert self.screen.modes() == self.before
            self.leaves_the_screen()
        assert b"Traceback" not in self.screen.raw
        return status

    def leaves_the_screen(self) -> None:
        raw = self.screen.raw
        eventually("the screen left", lambda: raw.rfind(b"\x1b[?1049l") > raw.rfind(b"\x1b[?1049h"))


@contextmanager
def dashboard(folder: Path, *paths: str) -> Iterator[Dashboard]:
    """A dashboard over the app, with a request at each of the paths that has begun to be answered."""
    write(folder, {"app.py": APP})
    port = free_port()
    home = {"HOME": str(folder), "XDG_CONFIG_HOME": str(folder / "c"), "XDG_STATE_HOME": str(folder / "s")}
    with terminal(*DASH, "app.py", "--port", str(port), *SOON, cwd=folder, env=home) as screen, ExitStack() as stack:
        found = Dashboard(folder, screen, port)
        screen.shows("serving")
        for path in paths:
            client = stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=10))
            client.sendall(f"GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n".encode())
            received = b""
            while b"begun" not in received:
                received += (part := client.recv(1000))
                assert part, received
        yield found


def sends(number: signal.Signals) -> Callable[[PseudoTerminal], None]:
    return lambda screen: screen.process.send_signal(number)


WAYS: dict[str, tuple[Callable[[PseudoTerminal], None], int]] = {
    "q": (lambda screen: screen.send("q"), 0),
    "SIGINT": (sends(signal.SIGINT), 130),
    "SIGTERM": (sends(signal.SIGTERM), 143),
    "SIGHUP": (sends(signal.SIGHUP), 129),
    "closed terminal": (PseudoTerminal.hang_up, 129),
}


@pytest.mark.parametrize("way", WAYS)
def test_handlers_that_do_not_end(way: str, tmp_path: Path) -> None:
    """Two that block in threads, one that ignores its cancellation, and an open event stream, at the same time."""
    end, status = WAYS[way]
    with dashboard(tmp_path, *OPEN) as found:
        end(found.screen)

        assert found.ended(restored=way != "closed terminal") == status


def test_a_second_signal_hurries(tmp_path: Path) -> None:
    """The app's shutdown still runs; the status is that of the signal."""
    with dashboard(tmp_path, *OPEN) as found:
        (tmp_path / "slow").touch()
        sends(signal.SIGINT)(found.screen)
        found.leaves_the_screen()
        sends(signal.SIGINT)(found.screen)

        assert found.ended() == 130


def test_a_thread_that_python_would_wait_for(tmp_path: Path) -> None:
    """What an executor runs holds the end of the interpreter for three seconds only."""
    with dashboard(tmp_path, "/executor") as found:
        sends(signal.SIGTERM)(found.screen)

        assert found.ended() == 143


def test_a_handler_that_blocks_the_server_is_interrupted(tmp_path: Path) -> None:
    """In Python code that can be: then all ends in order."""
    with dashboard(tmp_path, "/spins") as found:
        found.screen.send("q")

        assert found.ended() == 0


def test_a_handler_that_blocks_the_server_for_good_is_named(tmp_path: Path) -> None:
    """In a call that nobody can interrupt: the third signal ends it at once."""
    with dashboard(tmp_path, "/blocks") as found:
        found.screen.send("q")
        found.leaves_the_screen()
        while found.screen.process.poll() is None:
            sends(signal.SIGTERM)(found.screen)
            threading.Event().wait(0.1)  # as a person would press it again

        assert found.ended(down=False) in (143, 1)
