"""What cannot work off the main thread is explained, wherever it fails."""

from __future__ import annotations

import asyncio
import logging
import signal
import threading
import types
from collections.abc import Callable
from pathlib import Path

import pytest

from fh_dash.events import ErrorReport, RequestFinished
from fh_dash.host.main_thread import WAY_OUT, WORKER, explained
from tests.support.running import Running, write

WAY = WAY_OUT.format(target="app.py")

# ------------------------------------------------------------------------------------------ by their errors

LIBRARY = """
import asyncio, signal, threading
from concurrent.futures import ThreadPoolExecutor


class Wordless(Exception):
    def __str__(self):
        return 1


def checks(word):
    if threading.current_thread() is not threading.main_thread():
        raise RuntimeError(word)


def asserts():
    assert threading.current_thread() is threading.main_thread()


def asks_and_fails_later():
    threading.main_thread()
    one = 1
    two = 2
    three = 3
    four = 4
    one / 0


def chains():
    try:
        checks("first")
    except RuntimeError as error:
        raise OSError("no signals") from error


def fails_meanwhile():
    try:
        checks("first")
    except RuntimeError:
        {}["missing"]


def groups():
    try:
        checks("first")
    except RuntimeError as error:
        raise ExceptionGroup("start-up", [ValueError("other"), error])


def add_signal_handler(make_loop):
    async def add():
        asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, print)
    run(add, make_loop)


def attach_child_watcher():
    async def attach():
        asyncio.SafeChildWatcher().attach_loop(asyncio.get_running_loop())
    run(attach, asyncio.new_event_loop)


def runs_a_loop_in_a_loop():
    async def outer():
        asyncio.Runner().run(None)
    run(outer, asyncio.new_event_loop)


def in_a_worker():
    with ThreadPoolExecutor(1) as pool:
        pool.submit(signal.signal, signal.SIGUSR1, print).result()


def run(work, make_loop):
    loop = make_loop()
    try:
        loop.run_until_complete(work())
    finally:
        loop.close()


def says(words):
    raise RuntimeError(words)


def raises(error):
    raise error
"""


def uvloop_loop() -> asyncio.AbstractEventLoop:
    uvloop = pytest.importorskip("uvloop")
    return uvloop.new_event_loop()  # type: ignore[no-any-return]


library = types.ModuleType("library")
exec(LIBRARY, vars(library))

ERRORS: dict[str, tuple[Callable[[], object], str]] = {
    "signal.signal": (lambda: signal.signal(signal.SIGUSR1, signal.SIG_DFL), WAY),
    "signal.set_wakeup_fd": (lambda: signal.set_wakeup_fd(-1), WAY),
    "add_signal_handler": (lambda: library.add_signal_handler(asyncio.new_event_loop), WAY),
    "add_signal_handler of uvloop": (lambda: library.add_signal_handler(uvloop_loop), WAY),
    "a child watcher": (lambda: library.attach_child_watcher(), WAY),
    "a library that says so": (lambda: library.says("Tk: main thread is not in main loop"), WAY),
    "a library in its own words": (lambda: library.checks("only at the top, please"), WAY),
    "an assertion": (lambda: library.asserts(), WAY),
    "the cause": (lambda: library.chains(), WAY),
    "the context": (lambda: library.fails_meanwhile(), WAY),
    "one of a group": (lambda: library.groups(), WAY),
    "on a worker": (lambda: library.in_a_worker(), WORKER),
    "something else": (lambda: library.says("on MainThread"), ""),
    "long after the question": (lambda: library.asks_and_fails_later(), ""),
    "a loop in a loop": (lambda: library.runs_a_loop_in_a_loop(), ""),
    "an error without words": (lambda: library.raises(library.Wordless()), ""),
}


def on_a_thread(work: Callable[[], object]) -> ErrorReport:
    """What is told of the error that `work` raises there."""
    found: list[ErrorReport] = []

    def body() -> None:
        try:
            work()
        except BaseException as error:
            found.append(explained(ErrorReport("import", type(error).__name__, "first\nsecond"), error, "app.py"))

    thread = threading.Thread(target=body)
    thread.start()
    thread.join()
    assert found, "it raised nothing"
    return found[0]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # child watchers
@pytest.mark.parametrize("name", ERRORS)
def test_the_way_out_is_the_second_line(name: str) -> None:
    """Of the message of an error that comes from code which needs the main thread, and of no other."""
    work, way = ERRORS[name]

    assert on_a_thread(work).message.splitlines() == ["first", *filter(None, [way]), "second"]


def test_on_the_main_thread_nothing_is_explained() -> None:
    """There the same error has another reason."""
    report = ErrorReport("import", "ValueError", "signal only works in main thread")

    assert explained(report, ValueError(report.message), "app.py") is report


# ------------------------------------------------------------------------------------------- where it fails

APP = """
import asyncio, signal
from contextlib import asynccontextmanager
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

AT = {at!r}


def fails(place):
    if place == AT:
        asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, print)


fails("import")


@asynccontextmanager
async def lifespan(app):
    fails("startup")
    yield


async def home(request):
    fails("request")
    return PlainTextResponse("one")


def plain(request):
    signal.signal(signal.SIGUSR1, print)


def careful(request):
    try:
        signal.signal(signal.SIGUSR1, print)
    except ValueError:
        return PlainTextResponse("one")


app = Starlette(lifespan=lifespan, routes=[Route("/", home), Route("/plain", plain), Route("/careful", careful)])
"""


@pytest.mark.parametrize("stage", ["import", "startup"])
def test_a_load_that_fails_is_explained(stage: str, tmp_path: Path) -> None:
    """In the error that the dashboard pins, with the project's line."""
    write(tmp_path, {"app.py": APP.format(at=stage)})
    with Running(tmp_path, uvicorn={"loop": "asyncio"}) as run:
        error = run.failed().error

        assert (error.stage, error.file, error.line) == (stage, str(tmp_path / "app.py"), 13)
        assert error.message.splitlines()[1] == WAY


def test_a_reload_and_a_handler_that_fail_are_explained(tmp_path: Path) -> None:
    """A handler that is no coroutine runs on a worker thread anywhere, so it is told that."""
    write(tmp_path, {"app.py": APP.format(at="")})
    with Running(tmp_path) as run:
        run.serving()
        broken = run.save({"app.py": APP.format(at="import")}).error
        assert broken is not None
        run.save({"app.py": APP.format(at="request")})
        run.get("/")
        run.get("/plain")
        run.wait_for(RequestFinished, lambda e: e.path == "/plain")
        errors = {e.path: e.error for e in run.events if isinstance(e, RequestFinished) and e.error}

    assert broken.message.splitlines()[1] == WAY
    assert {path: error.message.splitlines()[1] for path, error in errors.items()} == {"/": WAY, "/plain": WORKER}


def test_a_call_whose_error_is_caught_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Once, with its line; afterwards `signal.signal` is Python's own."""
    before = signal.signal, signal.set_wakeup_fd
    write(tmp_path, {"app.py": APP.format(at="")})
    with caplog.at_level(logging.WARNING, "fh_dash"), Running(tmp_path) as run:
        run.serving()
        assert [run.get("/careful") for _ in range(2)] == [(200, "one")] * 2

    place = f"app.py:{APP[: APP.index('    except ValueError')].count(chr(10))}"
    assert [r.getMessage() for r in caplog.records if r.name == "fh_dash"] == [
        f"{place}: signal.signal needs the main thread. {WORKER}"
    ]
    assert (signal.signal, signal.set_wakeup_fd) == before
