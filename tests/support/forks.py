"""A process that forks a child for each question: lines of JSON, one question and one answer each."""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from typing import Any


class Forks:
    """The client. `command` starts a program that calls `serve`."""

    def __init__(self, command: Sequence[str], **options: Any) -> None:
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, **options)

    def ask(self, question: object) -> Any:
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(question).encode() + b"\n")
        process.stdin.flush()
        return json.loads(process.stdout.readline())

    def close(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(10)
        self._process.stdout.close()


def serve(answer: Callable[..., Any], failed: Callable[[int], Any]) -> None:
    """Until standard input is closed: `answer(*question)` in a child, or `failed(status)` when that ends without one.

    What the children print goes to standard error.
    """
    out = os.dup(1)
    os.dup2(2, 1)
    gc.freeze()
    for line in sys.stdin.buffer:
        child = os.fork()
        if not child:
            gc.disable()
            _write(out, answer(*json.loads(line)))
            os._exit(0)
        _, status = os.waitpid(child, 0)
        if status:
            _write(out, failed(status))


def _write(descriptor: int, reply: Any) -> None:
    data = json.dumps(reply).encode() + b"\n"
    while data:
        data = data[os.write(descriptor, data) :]
