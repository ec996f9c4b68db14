"""The gate under load: no answer is lost, and none mixes two generations."""

from __future__ import annotations

import asyncio
import socket
import statistics
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from fh_dash.events import ReloadResult
from fh_dash.host.host import Host
from fh_dash.host.server import Server
from fh_dash.host.target import Target
from fh_dash.settings import Settings
from tests.support.engine import FakeEngine, FakePlan

CLIENTS = 50
RELOADS = 200
LIMIT = 10.0


class Pair:
    """Two values that agree, unless somebody looks while they are exchanged."""

    left = right = 0


async def in_a_coroutine(request: Request) -> PlainTextResponse:
    left = Pair.left
    await asyncio.sleep(0.001)
    return PlainTextResponse(f"{left} {Pair.right}")


def in_a_thread(request: Request) -> PlainTextResponse:
    left = Pair.left
    time.sleep(0.001)
    return PlainTextResponse(f"{left} {Pair.right}")


def _load(module: ModuleType) -> None:
    module.app = Starlette(routes=[Route("/a", in_a_coroutine), Route("/b", in_a_thread)])  # type: ignore[attr-defined]


def _swap(number: int, fresh_app: bool, module: ModuleType) -> FakePlan:
    def act() -> None:
        Pair.left = number
        time.sleep(0.0005)  # whoever got through would see half of it
        Pair.right = number
        if fresh_app:
            _load(module)

    return FakePlan(act)


@dataclass
class Tally:
    answers: int = 0
    mixed: list[bytes] = field(default_factory=list)
    bad: list[str] = field(default_factory=list)
    times: list[float] = field(default_factory=list)


async def _client(port: int, path: str, tally: Tally, stop: asyncio.Event) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        while not stop.is_set():
            began = time.perf_counter()
            writer.write(f"GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n".encode())
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
            body = await reader.readexactly(length)
            tally.times.append(time.perf_counter() - began)
            tally.answers += 1
            if not head.startswith(b"HTTP/1.1 200"):
                tally.bad.append(head.decode())
            elif len(set(body.split())) != 1:
                tally.mixed.append(body)
    except (OSError, asyncio.IncompleteReadError) as error:
        tally.bad.append(repr(error))
    finally:
        writer.close()


@contextmanager
def _serving() -> Iterator[tuple[Host, FakeEngine, int]]:
    target = Target("app", "app", False, Path("app.py"), "app.py", (), ())
    engine = FakeEngine(_load)
    host = Host(Settings("app.py"), target, engine, lambda event: None)
    config = uvicorn.Config(
        host.gate, lifespan="off", log_level="warning", timeout_graceful_shutdown=1, access_log=False
    )
    server = Server(config, ready=host.start, closing=host.closing, finish=host.finish)
    sock = socket.create_server(("127.0.0.1", 0))
    port = sock.getsockname()[1]
    thread = threading.Thread(target=server.run, args=([sock],))
    thread.start()
    try:
        assert host.settled.wait(LIMIT)
        yield host, engine, port
    finally:
        server.stop()
        thread.join(LIMIT)
        assert not thread.is_alive()


def test_reloads_under_load_are_not_noticed() -> None:
    """50 keep-alive clients, sync and async handlers, 200 reloads: nothing refused, reset, failed, mixed or forgotten."""
    tally, results = Tally(), list[ReloadResult]()

    async def clients(port: int, stop: asyncio.Event) -> None:
        await asyncio.gather(*(_client(port, f"/{'ab'[n % 2]}", tally, stop) for n in range(CLIENTS)))

    with _serving() as (host, engine, port):
        stop = asyncio.Event()
        loop = asyncio.new_event_loop()
        crowd = threading.Thread(target=lambda: loop.run_until_complete(clients(port, stop)))
        crowd.start()
        deadline = time.monotonic() + LIMIT
        for number in range(1, RELOADS + 1):
            results.append(host.apply(_swap(number, number % 10 == 0, engine.module)))
            if time.monotonic() > deadline:
                break
        loop.call_soon_threadsafe(stop.set)
        crowd.join(LIMIT)
        loop.close()

    waits = [result.phases.wait for result in results]
    print(f"{tally.answers} answers, {len(results)} reloads; ms at the gate: {statistics.median(waits):.1f}", end="")
    print(f" median, {max(waits):.1f} at most; longest answer {max(tally.times) * 1000:.0f} ms")
    assert [r.generation for r in results] == list(range(2, len(results) + 2))
    assert (tally.bad, tally.mixed) == ([], [])
    assert tally.answers > CLIENTS
    assert max(tally.times) < LIMIT
