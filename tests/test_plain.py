"""Headless: who runs on which thread, what is printed where, and how it ends."""

from __future__ import annotations

import io
import json
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import Any, NoReturn

import pytest

from fh_dash.errors import UsageError
from fh_dash.events import ErrorReport, Event, ReloadResult, ServerStopped, Serving
from fh_dash.plain import Printer, as_json, run_headless
from fh_dash.settings import Settings

ERROR = ErrorReport("startup", "OSError", "gone")


class FakeRuntime:
    """Posts what it is told to, remembers its threads, and serves until `serve` returns."""

    serve: Callable[[FakeRuntime], object] = staticmethod(lambda runtime: None)
    refuse: UsageError | None = None

    def __init__(self, settings: Settings, post: Callable[[Event], object]) -> None:
        self.post = post
        self.threads: dict[str, threading.Thread] = {}
        self.stopped = threading.Event()
        self.restart_requested = False
        self.requests = True
        self.restarted = False

    def bind(self) -> str:
        if self.refuse is not None:
            raise self.refuse
        return "http://127.0.0.1:1"

    def run_server(self) -> None:
        self.threads["server"] = threading.current_thread()
        self.serve(self)

    def run_reloader(self) -> None:
        self.threads["reloader"] = threading.current_thread()
        self.stopped.wait(10)

    def stop(self) -> None:
        self.stopped.set()

    def reexec(self) -> NoReturn:
        self.restarted = True
        raise SystemExit(77)


def headless(
    serve: Callable[[FakeRuntime], object], settings: Settings | None = None, refuse: UsageError | None = None
) -> tuple[int, FakeRuntime]:
    made: list[FakeRuntime] = []

    def make(settings: Settings, post: Callable[[Event], object]) -> FakeRuntime:
        runtime = FakeRuntime(settings, post)
        runtime.serve, runtime.refuse = serve, refuse  # type: ignore[assignment]
        made.append(runtime)
        return runtime

    return run_headless(settings or Settings("app.py"), make), made[0]


def test_threads() -> None:
    """The server has the main thread, the reloader a thread of its own that ends with it."""
    started = threading.Event()

    def serve(runtime: FakeRuntime) -> None:
        while "reloader" not in runtime.threads:
            started.wait(0.01)

    status, runtime = headless(serve)

    assert status == 0
    assert runtime.threads["server"] is threading.main_thread()
    assert runtime.threads["reloader"].name == "fh-dash-reload"
    assert not runtime.threads["reloader"].is_alive()


@pytest.mark.parametrize("json", [False, True])
def test_request_events_are_for_scripts(json: bool) -> None:
    """People get uvicorn's access log instead of request events."""
    assert headless(lambda runtime: None, Settings("app.py", json=json))[1].requests is json


def test_no_reloader_without_reload() -> None:
    """With --reload no nothing is watched."""
    assert "reloader" not in headless(lambda runtime: None, Settings("app.py", reload="no"))[1].threads


def test_lines(capsys: pytest.CaptureFixture[str]) -> None:
    """Events become lines on stdout, all of them before it returns."""
    headless(lambda runtime: [runtime.post(Serving(1, 1.0, float(n), "app:app")) for n in range(500)])
    printed = capsys.readouterr().out.splitlines()

    assert len(printed) == 500
    assert printed[7] == "serving app:app · 7 ms"


def test_status_of_a_failed_server() -> None:
    """A server that ended by itself with an error gives status 1; Ctrl-C gives 0."""

    def interrupted(runtime: FakeRuntime) -> None:
        raise KeyboardInterrupt

    assert headless(lambda runtime: runtime.post(ServerStopped(1.0, ERROR)))[0] == 1
    assert headless(lambda runtime: runtime.post(ServerStopped(1.0)))[0] == 0
    assert headless(interrupted)[0] == 0


def test_usage_error_comes_before_anything(capsys: pytest.CaptureFixture[str]) -> None:
    """What cannot be served raises, and no thread is started."""
    with pytest.raises(UsageError, match="no such file"):
        headless(lambda runtime: pytest.fail("served"), refuse=UsageError("no such file"))


def test_restart() -> None:
    """When a restart was asked for, the process is replaced after everything has ended."""

    def serve(runtime: FakeRuntime) -> None:
        runtime.restart_requested = True

    with pytest.raises(SystemExit) as ended:
        headless(serve)

    assert ended.value.code == 77


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP"])
def test_end_is_passed_on(name: str) -> None:
    """After a signal that ends it the process cleans up and dies of it, as its parent expects."""
    code = (
        "import os, signal\nfrom tests.test_plain import headless\n"
        f"def serve(runtime):\n    os.kill(os.getpid(), signal.{name})\n    assert runtime.stopped.wait(10)\n"
        "    print('cleaned up', flush=True)\nheadless(serve)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)

    assert (done.returncode, done.stdout, done.stderr) == (-signal.Signals[name], "cleaned up\n", "")


def test_handlers_are_put_back() -> None:
    """Signal handlers are afterwards what they were."""
    before = signal.getsignal(signal.SIGTERM)
    headless(lambda runtime: None)

    assert signal.getsignal(signal.SIGTERM) is before


class TestJson:
    def test_objects(self) -> None:
        """Each event is an object with its name and its fields."""
        [line] = as_json(ReloadResult(3, 1.0, ("app.py",), error=ERROR))

        assert json.loads(line)["event"] == "ReloadResult"
        assert json.loads(line)["error"]["message"] == "gone"
        assert json.loads(line)["generation"] == 3

    def test_stdout_is_json_alone(self) -> None:
        """What the app and its children print goes to stderr."""
        code = (
            "import os, sys\nfrom tests.test_plain import headless\nfrom fh_dash.events import Serving\n"
            "from fh_dash.settings import Settings\n"
            "def serve(runtime):\n"
            "    print('print')\n    os.write(1, b'write\\n')\n    os.system('echo child')\n"
            "    runtime.post(Serving(1, 1.0, 2.0, 'app:app'))\n"
            "headless(serve, Settings('app.py', json=True))\nprint('after')\n"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
        first, after = done.stdout.splitlines()

        assert json.loads(first) == {
            "event": "Serving",
            "generation": 1,
            "time": 1.0,
            "milliseconds": 2.0,
            "target": "app:app",
        }
        assert after == "after"
        assert {"print", "write", "child"} == set(done.stderr.split())


def test_reader_gone() -> None:
    """When nobody reads the output any more, serving goes on."""

    class Broken(io.StringIO):
        def writelines(self, lines: Any) -> None:
            list(lines)
            raise BrokenPipeError

    printer = Printer(Broken(), as_json)
    printer.start()
    for n in range(3):
        printer.inbox.put(Serving(n, 1.0, 1.0, "app"))
    printer.inbox.put(ServerStopped(1.0, ERROR))
    printer.close()

    assert printer.failed


def test_slow_reader_delays_nobody() -> None:
    """Posting returns at once while the output is stuck."""
    release = threading.Event()

    class Stuck(io.StringIO):
        def writelines(self, lines: Any) -> None:
            release.wait(10)
            super().writelines(lines)

    out = Stuck()
    printer = Printer(out, as_json)
    printer.start()
    for n in range(100):
        printer.inbox.put(Serving(n, 1.0, 1.0, "app"))
    assert out.getvalue() == ""
    release.set()
    printer.close()

    assert len(out.getvalue().splitlines()) == 100
