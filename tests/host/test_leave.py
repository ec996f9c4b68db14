from __future__ import annotations

import signal
import subprocess
import sys
import time

import pytest

STUCK = """
import asyncio, atexit, sys, threading, time
from fh_dash.host.leave import leave_soon
async def executor(): asyncio.get_running_loop().run_in_executor(None, time.sleep, 60)
if sys.argv[1] == "thread":
    threading.Thread(target=time.sleep, args=(60,)).start()
if sys.argv[1] == "executor":
    loop = asyncio.new_event_loop()
    loop.run_until_complete(executor())
patience = float(sys.argv[2])
status = leave_soon(3, patience)
time.sleep(0 if patience > 1 else 2 * patience)  # whatever a script does after it served
print("done", end="", flush=True)
atexit.register(print, " at exit", end="")
sys.exit(status)
"""


def _run(how: str, patience: float = 0.3) -> tuple[int, bytes, float]:
    began = time.monotonic()
    command = [sys.executable, "-c", STUCK, how, str(patience)]
    done = subprocess.run(command, stdout=subprocess.PIPE, timeout=55)
    return done.returncode, done.stdout, time.monotonic() - began


@pytest.mark.parametrize("how", ["thread", "executor"])
def test_a_thread_that_never_ends_does_not_hold_the_process(how: str) -> None:
    """Its status and output are what they should be; what the main thread still does is not cut short."""
    status, output, took = _run(how)

    assert (status, output) == (3, b"done")
    assert took < 50  # the thread sleeps for 60


def test_otherwise_the_interpreter_exits_as_always() -> None:
    """At once, with all that is registered for it."""
    assert _run("free")[:2] == (3, b"done at exit")


TELLS = """
def tell():
    while signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        time.sleep(0.01)
    os.write(1, b"waits")
import os, signal, threading, time
threading.Thread(target=tell, daemon=True).start()
"""


def test_ctrl_c_ends_that_wait() -> None:
    """Without the traceback that Python shows of its own."""
    command = [sys.executable, "-c", TELLS + STUCK, "thread", "40"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.read(9) == b"donewaits"
        process.send_signal(signal.SIGINT)

        assert process.wait(30) == -signal.SIGINT
        assert process.stderr.read() == b""
