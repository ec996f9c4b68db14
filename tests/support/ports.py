"""Ports for servers that a test starts.

Those the system hands out (bind to 0) are also those it gives to clients and to every other test process, so that
one found free may be taken a moment later. These come from a block of each test process's own, below that range.
"""

from __future__ import annotations

import itertools
import os
import socket

FIRST, BLOCK, WORKERS = 10_000, 1_000, 22
"""22 blocks end below 32768, where Linux begins to hand out ports; macOS and Windows begin at 49152."""

_worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % WORKERS
_turn = itertools.count(os.getppid() * 7, 8)  # two runs at the same time begin at different places; spans stay apart


def free_port(span: int = 1) -> int:
    """A port that is free, and those behind it, `span` in all."""
    while True:
        first = FIRST + _worker * BLOCK + next(_turn) % (BLOCK - span)
        if all(is_free(first + n) for n in range(span)):
            return first


def is_free(port: int) -> bool:
    with socket.socket() as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            s.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
