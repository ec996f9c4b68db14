from __future__ import annotations

import subprocess
import sys
import time

STUCK = """
import sys, threading, time
from fh_dash.host.leave import leave_soon
if sys.argv[1] == "stuck":
    threading.Thread(target=time.sleep, args=(60,)).start()
print("done", end="")
sys.exit(leave_soon(3, 0.3))
"""


def _run(how: str) -> tuple[int, bytes, float]:
    began = time.monotonic()
    done = subprocess.run([sys.executable, "-c", STUCK, how], stdout=subprocess.PIPE, timeout=55)
    return done.returncode, done.stdout, time.monotonic() - began


def test_a_thread_that_never_ends_does_not_hold_the_process() -> None:
    """Its status and output are what they should be."""
    status, output, took = _run("stuck")

    assert (status, output) == (3, b"done")
    assert took < 50  # the thread sleeps for 60


def test_otherwise_the_interpreter_exits_as_always() -> None:
    """At once."""
    assert _run("free")[:2] == (3, b"done")
