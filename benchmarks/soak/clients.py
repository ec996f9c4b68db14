"""The load: clients that keep their connection, that come anew, that upload, listen, and hang up."""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import websockets

PAUSE = 0.01
UPLOAD = 256 * 1024


@dataclass
class Tally:
    answers: Counter[str] = field(default_factory=Counter)
    troubles: list[str] = field(default_factory=list)
    mixed: list[float] = field(default_factory=list)
    """When an answer held values of two saves."""
    slowest: float = 0.0

    def trouble(self, kind: str, what: object) -> None:
        self.troubles.append(f"{time.strftime('%H:%M:%S')} {kind}: {what!r}"[:300])


class Crowd:
    """`start` them all, `stop` them all; what went wrong is in `tally`."""

    def __init__(self, port: int, seed: int) -> None:
        self.port, self.tally = port, Tally()
        self._random = random.Random(seed)
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        kinds: list[tuple[int, str, Callable[[], Awaitable[None]]]] = [
            (2, "page", lambda: self._kept("/")),
            (2, "pair", lambda: self._kept("/pair")),
            (2, "thread", lambda: self._kept("/thread")),
            (1, "new connection", self._anew),
            (1, "upload", self._upload),
            (2, "event stream", self._listen),
            (1, "hang up", self._hang_up),
            (2, "websocket", self._talk),
        ]
        for count, name, work in kinds:
            self._tasks += [asyncio.create_task(self._forever(name, work)) for _ in range(count)]

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _forever(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        while True:
            try:
                await work()
            except (OSError, EOFError, AssertionError, websockets.WebSocketException, TimeoutError) as error:
                self.tally.trouble(name, error)
                await asyncio.sleep(0.1)

    async def ask(self, link: Link, path: str, body: bytes | None = None) -> str:
        since = time.perf_counter()
        answer = await asyncio.wait_for(link.ask(path, body), 30)
        self.tally.slowest = max(self.tally.slowest, time.perf_counter() - since)
        return answer

    async def once(self, path: str) -> str:
        async with Link(self.port) as link:
            return await self.ask(link, path)

    async def _kept(self, path: str) -> None:
        async with Link(self.port) as link:
            for _ in range(self._random.randrange(1, 2000)):
                text = await self.ask(link, path)
                if path != "/" and len(set(text.split())) != 1:
                    self.tally.mixed.append(time.time())
                self.tally.answers[path] += 1
                await asyncio.sleep(PAUSE)

    async def _anew(self) -> None:
        await self.once("/item")
        self.tally.answers["/item"] += 1
        await asyncio.sleep(PAUSE)

    async def _upload(self) -> None:
        async with Link(self.port) as link:
            assert await self.ask(link, "/upload", b"x" * UPLOAD) == str(UPLOAD)
        self.tally.answers["/upload"] += 1
        await asyncio.sleep(0.1)

    async def _listen(self) -> None:
        """An event stream that lives through many reloads."""
        async with Link(self.port) as link:
            await link.begin("/events")
            for _ in range(self._random.randrange(5, 150)):
                line = await asyncio.wait_for(link.reader.readuntil(b"\n\n"), 30)
                assert b"data: " in line, line
                self.tally.answers["/events"] += 1

    async def _hang_up(self) -> None:
        """In the middle of the answer, or of the request."""
        async with Link(self.port) as link:
            if self._random.random() < 0.5:
                await link.begin("/events")
            else:
                link.writer.write(b"POST /upload HTTP/1.1\r\nhost: localhost\r\ncontent-length: 100000\r\n\r\nxx")
                await link.writer.drain()
            await asyncio.sleep(self._random.random() * 0.2)
            link.writer.transport.abort()
        self.tally.answers["hung up"] += 1

    async def _talk(self) -> None:
        async with websockets.connect(f"ws://127.0.0.1:{self.port}/ws", open_timeout=30) as ws:
            for _ in range(self._random.randrange(5, 300)):
                await ws.send('{"msg": "x"}')
                answer = await asyncio.wait_for(ws.recv(), 30)
                assert str(answer).startswith("echo "), answer
                self.tally.answers["/ws"] += 1
                await asyncio.sleep(0.1)


class Link:
    """One connection. Anything but 200 is an AssertionError."""

    def __init__(self, port: int) -> None:
        self.port = port

    async def __aenter__(self) -> Link:
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port)
        return self

    async def __aexit__(self, *_: object) -> None:
        self.writer.close()
        with contextlib.suppress(OSError):
            await self.writer.wait_closed()

    async def begin(self, path: str, body: bytes | None = None) -> bytes:
        """The head of the answer."""
        method, more = ("GET", "") if body is None else ("POST", f"content-length: {len(body)}\r\n")
        self.writer.write(f"{method} {path} HTTP/1.1\r\nhost: localhost\r\n{more}\r\n".encode() + (body or b""))
        head = await asyncio.wait_for(self.reader.readuntil(b"\r\n\r\n"), 30)
        assert head.startswith(b"HTTP/1.1 200"), head
        return head

    async def ask(self, path: str, body: bytes | None = None) -> str:
        head = (await self.begin(path, body)).lower()
        length = int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0])
        return (await self.reader.readexactly(length)).decode()
