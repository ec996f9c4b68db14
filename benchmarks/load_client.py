"""Sends requests, in a process of its own, and prints what came of them as JSON.

    python -m benchmarks.load_client 5001 --seconds 10 --rate 2000

Without `--rate` each connection asks again as soon as it was answered. One thread, plain sockets and epoll (or what
the system has): about 15 us per request, so that the client is not what is measured.
"""

from __future__ import annotations

import argparse
import json
import selectors
import socket
import time
from collections import deque

REQUEST = b"GET %s HTTP/1.1\r\nhost: localhost\r\naccept: text/html\r\nuser-agent: bench\r\n\r\n"


class Load:
    def __init__(self, port: int, connections: int, path: str) -> None:
        self.request = REQUEST % path.encode()
        self.selector = selectors.DefaultSelector()
        self.times: list[float] = []
        self.began: dict[socket.socket, float] = {}
        self.buffers: dict[socket.socket, bytes] = {}
        self.idle = deque(self._open(port) for _ in range(connections))
        """All take turns: a server closes those that say nothing for long."""
        self.starved = 0
        """Requests that waited since no connection was free."""

    def _open(self, port: int) -> socket.socket:
        sock = socket.create_connection(("127.0.0.1", port))
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.selector.register(sock, selectors.EVENT_READ)
        return sock

    def ask(self, sock: socket.socket) -> None:
        self.began[sock] = time.perf_counter()
        sock.sendall(self.request)

    def answers(self, timeout: float) -> list[socket.socket]:
        """The connections that got their whole answer."""
        done = []
        for key, _ in self.selector.select(timeout):
            sock = key.fileobj
            assert isinstance(sock, socket.socket)
            got = sock.recv(65_536)
            assert got, "the server closed a connection"
            data = self.buffers.pop(sock, b"") + got
            if whole(data):
                self.times.append(time.perf_counter() - self.began[sock])
                done.append(sock)
            else:
                self.buffers[sock] = data
        return done

    def at_most(self, seconds: float) -> None:
        """All connections ask without a pause."""
        end = time.perf_counter() + seconds
        for sock in self.idle:
            self.ask(sock)
        while time.perf_counter() < end:
            for sock in self.answers(1.0):
                self.ask(sock)

    def at(self, rate: float, seconds: float) -> None:
        """`rate` requests per second, whatever the answers take."""
        start = time.perf_counter()
        asked, wanted = 0, round(rate * seconds)
        while asked < wanted or len(self.times) < asked:
            now = time.perf_counter() - start
            due = min(wanted, int(now * rate)) - asked
            self.starved += max(0, due - len(self.idle))
            for _ in range(min(due, len(self.idle))):
                self.ask(self.idle.popleft())
                asked += 1
            if now > seconds + 10:
                break
            self.idle += self.answers(0.001)


def whole(data: bytes) -> bool:
    head, found, body = data.partition(b"\r\n\r\n")
    if not found:
        return False
    assert head.startswith(b"HTTP/1.1 200"), head
    return len(body) >= int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("port", type=int)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--rate", type=float, default=0.0)
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--path", default="/")
    options = parser.parse_args()
    load = Load(options.port, options.connections, options.path)
    start = time.perf_counter()
    if options.rate:
        load.at(options.rate, options.seconds)
    else:
        load.at_most(options.seconds)
    times = sorted(load.times)
    result = {
        "answers": len(times),
        "seconds": time.perf_counter() - start,
        "p50_ms": times[len(times) // 2] * 1000,
        "p99_ms": times[int(len(times) * 0.99)] * 1000,
        "max_ms": times[-1] * 1000,
        "starved": load.starved,
    }
    print(json.dumps(result), flush=True)


if __name__ == "__main__":
    main()
