from __future__ import annotations

import http.client
import json
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from fh_dash.errors import PortTakenError, UsageError
from fh_dash.events import ReloadResult, RequestFinished, ServerStopped
from fh_dash.runtime import Runtime
from fh_dash.settings import Settings
from tests.support.running import PATIENCE, Running, write

APP = """
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

WORD = "one"

async def home(request):
    return PlainTextResponse(WORD)

app = Starlette(routes=[Route("/", home)])
"""


def test_a_save_is_on_the_page(tmp_path: Path) -> None:
    """The app is served, an edit is served without a restart, and the result says what ran again."""
    write(tmp_path, {"app.py": APP})
    with Running(tmp_path) as run:
        assert run.get() == (200, "one")

        result = run.save({"app.py": APP.replace("one", "two")})

        assert run.get() == (200, "two")
    assert (result.ok, result.generation) == (True, 2)
    assert [(m.name, m.outcome) for m in result.modules] == [("app", "re-run")]
    assert result.phases.total > 0


def test_requests_wait_while_the_app_is_imported(tmp_path: Path) -> None:
    """From `bind` on nobody is refused: a request during a slow import is answered after it."""
    write(tmp_path, {"app.py": "import time; time.sleep(0.3)\n" + APP})
    with Running(tmp_path) as run:
        assert run.get() == (200, "one")
        assert run.serving().target == "app:app"


def test_an_app_that_fails_to_import_is_named_and_mended_by_a_save(tmp_path: Path) -> None:
    """Until then each request gets a 503 with the error as text; the next good save starts the app."""
    write(tmp_path, {"app.py": APP + '\nraise ValueError("<b>no</b>")'})
    with Running(tmp_path) as run:
        error = run.failed().error
        status, page = run.get(headers={"accept": "text/html"})

        assert (error.stage, error.type, error.line) == ("import", "ValueError", 13)
        assert status == 503
        assert "ValueError: &lt;b&gt;no&lt;/b&gt;" in page
        assert "app.py, line 13" in page

        write(tmp_path, {"app.py": APP})
        run.serving()

        assert run.get() == (200, "one")


@pytest.mark.parametrize("bad", ["raise SystemExit(3)", "raise KeyboardInterrupt", "(", "1 / 0", "del app"])
def test_a_bad_save_changes_nothing(tmp_path: Path, bad: str) -> None:
    """Whatever a save raises, and also when the app is gone, the last good generation serves on."""
    write(tmp_path, {"app.py": APP})
    with Running(tmp_path) as run:
        run.serving()

        result = run.save({"app.py": APP.replace("one", "two") + f"\n{bad}\n"})

        assert not result.ok
        assert result.generation == 1
        assert run.get() == (200, "one")

        assert run.save({"app.py": APP.replace("one", "three")}).ok
        assert run.get() == (200, "three")


def test_taking_a_bad_edit_back_clears_the_error(tmp_path: Path) -> None:
    """Nothing has to run again then, but whoever shows the error must hear that it is over."""
    write(tmp_path, {"app.py": APP})
    with Running(tmp_path) as run:
        run.serving()
        assert not run.save({"app.py": APP + "("}).ok

        result = run.save({"app.py": APP})

        assert (result.ok, result.generation, result.modules) == (True, 1, ())


LIFESPAN = """
from contextlib import asynccontextmanager
from pathlib import Path
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

LOG = Path(__file__).with_name("log.txt")

def note(text):
    with LOG.open("a") as file:
        file.write(text + " ")

@asynccontextmanager
async def lifespan(app):
    note("up-NAME")
    yield {"word": "NAME"}
    note("down-NAME")

async def home(request):
    return PlainTextResponse(request.state.word)

app = Starlette(routes=[Route("/", home)], lifespan=lifespan)
"""


def test_each_new_app_object_has_its_lifespan(tmp_path: Path) -> None:
    """Start-up before the swap with its state, the old app's shutdown after it, the last one's at the end."""
    write(tmp_path, {"app.py": LIFESPAN.replace("NAME", "a"), "log.txt": ""})
    with Running(tmp_path) as run:
        assert run.get() == (200, "a")
        run.save({"app.py": LIFESPAN.replace("NAME", "b")})

        assert run.get() == (200, "b")

        run.stop()

    assert (tmp_path / "log.txt").read_text().split() == ["up-a", "up-b", "down-a", "down-b"]


@pytest.mark.parametrize(
    ("trouble", "message", "wait"),
    [
        ('raise RuntimeError("no database")', "no database", PATIENCE),
        ("import asyncio; await asyncio.sleep(60)", "did not finish within", 2.0),
    ],
)
def test_a_startup_that_fails_or_hangs_leaves_the_old_app(
    tmp_path: Path, trouble: str, message: str, wait: float
) -> None:
    """The reload is rolled back, the old app serves on, and its shutdown has not run."""
    write(tmp_path, {"app.py": LIFESPAN.replace("NAME", "a"), "log.txt": ""})
    with Running(tmp_path, startup_wait=wait) as run:
        run.serving()
        run.serving()

        result = run.save({"app.py": LIFESPAN.replace('note("up-NAME")', trouble).replace("NAME", "b")})

        assert result.error is not None
        assert (result.error.stage, result.generation) == ("startup", 1)
        assert message in result.error.message
        assert run.get() == (200, "a")
        assert (tmp_path / "log.txt").read_text().split() == ["up-a"]


def test_an_edit_beside_the_app_object_runs_no_lifespan(tmp_path: Path) -> None:
    """The same app object goes on; routes that another module puts on it are exchanged."""
    routes = "from core import app\nfrom starlette.responses import PlainTextResponse\n"
    routes += 'async def home(request): return PlainTextResponse("one")\napp.add_route("/", home)\n'
    files = {"core.py": LIFESPAN.replace("NAME", "a"), "app.py": "from core import app\nimport pages\n", "log.txt": ""}
    write(tmp_path, {**files, "pages.py": routes.replace('"/"', '"/page"')})
    with Running(tmp_path) as run:
        run.serving()

        assert run.save({"pages.py": routes.replace('"/"', '"/page"').replace("one", "two")}).ok
        assert run.get("/page") == (200, "two")
        assert (tmp_path / "log.txt").read_text().split() == ["up-a"]


def test_a_factory_is_called_again(tmp_path: Path) -> None:
    """With a factory each reload makes a new app."""
    factory = APP.replace("app = Starl", "def make():\n    return Starl")
    write(tmp_path, {"app.py": factory})
    with Running(tmp_path, app="make", factory=True) as run:
        assert run.get() == (200, "one")
        run.save({"app.py": factory.replace("one", "two")})

        assert run.get() == (200, "two")


def test_the_app_sees_its_own_argv_and_path(tmp_path: Path) -> None:
    """`sys.argv` is the entry alone; the script's folder comes first in `sys.path`, the working folder next."""
    seen = "import sys, json\nSEEN = json.dumps([sys.argv, sys.path[:2]])\nWORD = SEEN\n"
    write(tmp_path, {"web/app.py": APP.replace('WORD = "one"', seen)})
    with Running(tmp_path, "web/app.py") as run:
        argv, path = json.loads(run.get()[1])

    assert argv == ["web/app.py"]
    assert path == [str(tmp_path / "web"), str(tmp_path)]


def test_reload_by_hand_runs_everything_again(tmp_path: Path) -> None:
    """Without any change, and also when nothing is watched."""
    write(tmp_path, {"app.py": APP})
    with Running(tmp_path, reload="no") as run:
        run.serving()
        run.runtime.reload()

        result = run.wait_for(ReloadResult)

    assert (result.forced, result.ok, result.generation) == (True, True, 2)


def test_a_reload_asked_for_before_anything_is_watched(tmp_path: Path) -> None:
    """It is not forgotten."""
    write(tmp_path, {"app.py": APP})
    with Running(tmp_path, reload="no", start_reloader=False) as run:
        run.serving()
        run.runtime.reload()
        run.reloader.start()

        assert run.wait_for(ReloadResult).forced


def test_an_asset_is_no_reload(tmp_path: Path) -> None:
    """A style sheet is handed to the browsers, not to the engine."""
    write(tmp_path, {"app.py": APP, "style.css": "p {}"})
    seen: list[set[str]] = []
    told = threading.Event()

    class Hub:
        def assets(self, paths: list[Path]) -> None:
            seen.append({path.name for path in paths})
            told.set()

        def __getattr__(self, name: str) -> object:
            return lambda *arguments: None

    with Running(tmp_path) as run:
        run.serving()
        assert run.runtime._parts.reloader.watching.wait(PATIENCE)
        run.runtime.live = Hub()  # type: ignore[assignment]
        write(tmp_path, {"style.css": "p {color: red}"})

        assert told.wait(PATIENCE)
    assert seen == [{"style.css"}]
    assert not [e for e in run.events if isinstance(e, ReloadResult)]


def test_what_has_nothing_to_do_with_a_bad_save_does_not_mend_it(tmp_path: Path) -> None:
    """A style sheet saved beside the error is shown, and the error stays until the module itself is mended."""
    write(tmp_path, {"app.py": APP, "style.css": "p {}"})
    calls: list[str] = []
    told = threading.Event()

    class Hub:
        def assets(self, paths: list[Path]) -> None:
            told.set()

        def __getattr__(self, name: str) -> object:
            return lambda *arguments: calls.append(name)

    with Running(tmp_path) as run:
        run.serving()
        assert not run.save({"app.py": APP + "\n1 / 0\n"}).ok
        run.runtime.live = Hub()  # type: ignore[assignment]
        write(tmp_path, {"style.css": "p {color: red}"})
        assert told.wait(PATIENCE)

        assert "mended" not in calls
        assert [e.ok for e in run.events if isinstance(e, ReloadResult)] == [False]
        assert run.save({"app.py": APP.replace("one", "two")}).ok
        assert run.get() == (200, "two")


def test_a_fault_of_ours_is_shown_and_the_next_save_works(tmp_path: Path) -> None:
    """The reload thread outlives an engine that raises."""
    write(tmp_path, {"app.py": APP})
    with Running(tmp_path) as run:
        run.serving()
        engine = run.runtime._parts.engine
        plan, engine.plan = engine.plan, lambda *a, **k: 1 / 0  # type: ignore[method-assign, assignment]
        result = run.save({"app.py": APP.replace("one", "two")})

        assert result.error is not None
        assert result.error.type == "ZeroDivisionError"

        engine.plan = plan  # type: ignore[method-assign]
        run.save({"app.py": APP.replace("one", "three")})

        assert run.get() == (200, "three")


# ----------------------------------------------------------------------------------------- what hangs


def test_code_that_hangs_is_shown_and_can_be_interrupted(tmp_path: Path) -> None:
    """It is seen where it stands; after the interrupt the old generation serves on."""
    write(tmp_path, {"app.py": APP})
    with Running(tmp_path) as run:
        run.serving()
        write(tmp_path, {"app.py": APP.replace("one", "two") + "\nwhile True:\n    pass\n"})
        deadline = time.monotonic() + PATIENCE
        while (place := run.runtime.hanging()) is None or place[1] < 12:
            assert time.monotonic() < deadline

        assert place[0] == str(tmp_path / "app.py")
        assert run.runtime.interrupt()

        result = run.wait_for(ReloadResult)

        assert result.error is not None
        assert result.error.type == "Interrupted"
        assert run.get() == (200, "one")


def test_a_blocked_loop_is_shown(tmp_path: Path) -> None:
    """With the line of the project's code that holds it."""
    write(tmp_path, {"app.py": APP.replace("    return Plain", "    while request.url.query: pass\n    return Plain")})
    with Running(tmp_path) as run:
        run.serving()
        client = threading.Thread(target=run.get, args=("/?hang",))
        client.start()
        deadline = time.monotonic() + PATIENCE
        while (place := run.runtime.hanging()) is None:
            assert time.monotonic() < deadline
        while not run.runtime.interrupt():
            assert time.monotonic() < deadline
        client.join(PATIENCE)

        assert place == (str(tmp_path / "app.py"), 9)


def test_what_a_cache_holds_and_who_imports_whom(tmp_path: Path) -> None:
    """Asked for by the dashboard: arguments, types and sizes of values; the importers of each module."""
    models = (
        "from fh_utils import no_reload_cache\n@no_reload_cache\ndef load(name, *, top=1):\n    return [name] * top\n"
    )
    write(tmp_path, {"models.py": models, "app.py": f"import models\nmodels.load('a', top=3)\n{APP}"})
    with Running(tmp_path) as run:
        run.serving()
        (value,) = run.runtime.cache_values("models:load")

        assert (value.arguments, value.type, value.whole) == ("'a', top=3", "list", True)
        assert value.size > 50
        assert run.runtime.cache_values("no:such") == ()
        assert run.runtime.importers()["models"] == ("app",)


def test_a_handler_that_blocks_the_loop_can_be_interrupted(tmp_path: Path) -> None:
    """The request fails, the server goes on."""
    write(tmp_path, {"app.py": APP.replace("    return Plain", "    while request.url.query: pass\n    return Plain")})
    with Running(tmp_path) as run:
        run.serving()
        answers: list[tuple[int, str]] = []
        client = threading.Thread(target=lambda: answers.append(run.get("/?hang")))
        client.start()
        deadline = time.monotonic() + PATIENCE
        while not run.runtime.interrupt():
            assert time.monotonic() < deadline
        client.join(PATIENCE)

        assert answers[0][0] == 500
        assert run.get() == (200, "one")


@pytest.mark.parametrize("source", ["while True:\n    pass\n", "import asyncio\nwhile True: asyncio.Event()\n"])
def test_stopping_while_the_import_hangs(tmp_path: Path, source: str) -> None:
    """Both threads end at once."""
    write(tmp_path, {"app.py": source + APP})
    with Running(tmp_path) as run:
        deadline = time.monotonic() + PATIENCE
        while run.runtime.hanging() is None:
            assert time.monotonic() < deadline

        run.stop()


def test_stopping_does_not_wait_for_streams(tmp_path: Path) -> None:
    """An open event stream is ended after the bounded wait, and the app's shutdown runs."""
    stream = LIFESPAN.replace("NAME", "a").replace(
        "async def home(request):\n    return PlainTextResponse(request.state.word)",
        "import asyncio\nfrom starlette.responses import StreamingResponse\n"
        "async def events():\n    while True:\n        yield 'data: x\\n\\n'\n        await asyncio.sleep(30)\n"
        "async def home(request):\n    return StreamingResponse(events(), media_type='text/event-stream')",
    )
    write(tmp_path, {"app.py": stream, "log.txt": ""})
    with Running(tmp_path, uvicorn={"timeout_graceful_shutdown": 0.2}) as run:
        run.serving()
        client = socket.create_connection(("127.0.0.1", run.port))
        client.sendall(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n")
        assert client.recv(1000).startswith(b"HTTP/1.1 200")

        run.stop()
        client.close()

    assert (tmp_path / "log.txt").read_text().split() == ["up-a", "down-a"]


def test_an_open_stream_does_not_delay_a_reload(tmp_path: Path) -> None:
    """It lives on, and the gate does not wait for it."""
    stream = APP.replace(
        "return PlainTextResponse(WORD)",
        "return StreamingResponse(events(), media_type='text/event-stream') if request.url.query else "
        "PlainTextResponse(WORD)",
    )
    stream = (
        "import asyncio\nfrom starlette.responses import StreamingResponse\n"
        "async def events():\n    await asyncio.sleep(30)\n    yield 'data: x\\n\\n'\n" + stream
    )
    write(tmp_path, {"app.py": stream})
    with Running(tmp_path, uvicorn={"timeout_graceful_shutdown": 0.2}) as run:
        run.serving()
        with socket.create_connection(("127.0.0.1", run.port)) as client:
            client.sendall(b"GET /?stream HTTP/1.1\r\nhost: localhost\r\n\r\n")
            assert client.recv(1000).startswith(b"HTTP/1.1 200")

            result = run.save({"app.py": stream.replace('"one"', '"two"')})

            assert result.phases.wait == 0
            assert run.get() == (200, "two")


# ------------------------------------------------------------------------------------------- requests


def test_requests_are_recorded(tmp_path: Path) -> None:
    """Method, path, status, size, handler, generation, and the exception that left the app."""
    write(tmp_path, {"app.py": APP + "\ndef boom(request):\n    1 / 0\napp.add_route('/boom', boom)\n"})
    with Running(tmp_path) as run:
        run.get("/?q=1", headers={"HX-Request": "true"})
        run.get("/boom")
        good = run.wait_for(RequestFinished, lambda event: event.path == "/")
        bad = run.wait_for(RequestFinished, lambda event: event.path == "/boom")

    assert (good.method, good.status, good.size, good.query) == ("GET", 200, 3, "q=1")
    assert (good.handler, good.generation, good.htmx, good.error) == ("app.home", 1, True, None)
    assert good.id < bad.id
    assert (bad.status, bad.handler) == (500, "app.boom")
    assert bad.error is not None
    assert (bad.error.stage, bad.error.type) == ("request", "ZeroDivisionError")


# ------------------------------------------------------------------------------------------ bad input


def test_a_taken_port_is_an_error_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It names the next free one, and the project's code has not run."""
    monkeypatch.chdir(tmp_path)
    write(tmp_path, {"app.py": "raise SystemExit\napp = object()"})
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(PortTakenError) as caught:
            Runtime(Settings("app.py", port=port), lambda event: None).bind()

    assert caught.value.free is not None
    assert f"--port {caught.value.free}" in str(caught.value)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"port": 70000}, "out of range"),
        ({"host": "no such host"}, "no such host"),
        ({"host": "192.0.2.1"}, "no address"),
        ({"uvicorn": {"ssl_certfile": "none.pem"}}, "uvicorn cannot be set up"),
        ({"uvicorn": {"fd": 999}}, "no socket"),
    ],
)
def test_what_cannot_be_bound_is_a_usage_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: dict[str, object], message: str
) -> None:
    """Said before anything starts."""
    monkeypatch.chdir(tmp_path)
    write(tmp_path, {"app.py": APP})

    with pytest.raises(UsageError, match=message):
        Runtime(Settings("app.py", **{"port": 0, **options}), lambda event: None).bind()  # type: ignore[arg-type]


def test_stop_closes_the_port(tmp_path: Path) -> None:
    """Afterwards it is free, and the last event says that the server ended."""
    write(tmp_path, {"app.py": APP})
    with Running(tmp_path) as run:
        run.serving()
        run.stop()

        with pytest.raises(ConnectionRefusedError):
            run.get()
    assert isinstance(run.events[-1], ServerStopped)
    assert run.events[-1].error is None


def test_a_unix_socket_is_served(tmp_path: Path) -> None:
    """With uvicorn's `uds`."""
    write(tmp_path, {"app.py": APP})
    place = tmp_path / "s"
    with Running(tmp_path, uvicorn={"uds": str(place)}) as run:
        run.serving()
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(place))
            client.sendall(b"GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")
            answer = client.makefile("rb").read()

    assert answer.endswith(b"one")
    assert not place.exists()


# --------------------------------------------------------------------------------- processes of their own

HEADLESS = """
import sys, threading
from fh_dash.runtime import Runtime
from fh_dash.settings import Settings
settings = Settings("app.py", port=int(sys.argv[1]), reload=sys.argv[2])
runtime = Runtime(settings, lambda event: print(type(event).__name__, flush=True))
runtime.bind()
reloader = threading.Thread(target=runtime.run_reloader, daemon=True)
reloader.start()
try:
    runtime.run_server()
except KeyboardInterrupt:
    print("interrupted", flush=True)
runtime.stop()
reloader.join(5)
if runtime.restart_requested:
    runtime.reexec({"AGAIN": "yes"})
"""


class Process:
    """The runtime headless in a process of its own; its output is the names of its events, line by line."""

    def __init__(self, folder: Path, mode: str = "fast") -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        command = [sys.executable, "-c", HEADLESS, str(self.port), mode]
        self.process = subprocess.Popen(
            command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
        )

    def read_until(self, word: str) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if line.strip() == word:
                return
        raise AssertionError(f"{word} never came: {self.process.stderr.read() if self.process.stderr else ''}")

    def get(self, path: str = "/") -> str:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            connection.request("GET", path)
            return connection.getresponse().read().decode()
        finally:
            connection.close()

    def __enter__(self) -> Process:
        try:
            self.read_until("Serving")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.communicate()

    def end(self) -> tuple[int, str]:
        """Exit status and what was written to stderr."""
        _, errors = self.process.communicate(timeout=PATIENCE)
        return self.process.returncode, errors


@pytest.mark.parametrize(
    ("number", "status", "said"),
    [(signal.SIGINT, 0, "interrupted"), (signal.SIGTERM, -signal.SIGTERM, "")],
)
def test_a_signal_ends_it_in_order(tmp_path: Path, number: int, status: int, said: str) -> None:
    """The app's shutdown runs, then the signal does what it always does; there is no traceback."""
    write(tmp_path, {"app.py": LIFESPAN.replace("NAME", "a"), "log.txt": ""})
    with Process(tmp_path) as process:
        process.process.send_signal(number)
        if said:
            process.read_until(said)
        code, errors = process.end()

        assert (code, "Traceback" in errors) == (status, False)
        assert (tmp_path / "log.txt").read_text().split() == ["up-a", "down-a"]


def test_a_second_ctrl_c_forces(tmp_path: Path) -> None:
    """Although a handler blocks the loop."""
    write(tmp_path, {"app.py": APP.replace("    return Plain", "    while request.url.query: pass\n    return Plain")})
    with Process(tmp_path) as process:
        with socket.create_connection(("127.0.0.1", process.port)) as client:
            client.sendall(b"GET /?hang HTTP/1.1\r\nhost: localhost\r\n\r\n")
            deadline = time.monotonic() + PATIENCE
            while process.process.poll() is None:
                assert time.monotonic() < deadline
                process.process.send_signal(signal.SIGINT)
                time.sleep(0.2)  # as a person would press it again
            process.end()

        assert process.process.returncode in (0, -signal.SIGINT)


def test_ctrl_c_ends_an_import_that_hangs(tmp_path: Path) -> None:
    """On the main thread the signal is raised in the project's code itself."""
    write(tmp_path, {"app.py": APP})
    with Process(tmp_path) as process:
        write(tmp_path, {"app.py": APP + "\nimport time\nprint('HANGING', flush=True)\ntime.sleep(1000)\n"})
        process.read_until("HANGING")
        process.process.send_signal(signal.SIGINT)

        code, errors = process.end()

        assert (code, "Traceback" in errors) == (0, False)


PID = APP.replace('WORD = "one"', "import os\nWORD = f'one {os.getpid()} {os.environ.get(\"AGAIN\")}'")


def test_a_full_reload_refuses_nobody(tmp_path: Path) -> None:
    """A client that connects anew all the time gets an answer each time while a fresh process takes over.

    The process keeps its id, and has the variables that it was given on top.
    """
    write(tmp_path, {"app.py": PID})
    with Process(tmp_path, "full") as process:
        answers: list[str] = []
        troubles: list[Exception] = []
        done = threading.Event()

        def hammer() -> None:
            while not done.is_set():
                try:
                    answers.append(process.get())
                except Exception as error:
                    troubles.append(error)

        clients = [threading.Thread(target=hammer) for _ in range(4)]
        for client in clients:
            client.start()
        try:
            write(tmp_path, {"app.py": PID.replace("one", "two")})
            process.read_until("Serving")
            assert process.get() == f"two {process.process.pid} yes"
        finally:
            done.set()
            for client in clients:
                client.join()

        assert troubles == []
        assert {answer.split()[0] for answer in answers} == {"one", "two"}


def test_a_full_reload_into_a_broken_app_is_shown_not_looped(tmp_path: Path) -> None:
    """A file that compiles but does not import: the fresh process says so, and the next save mends it."""
    write(tmp_path, {"app.py": PID})
    with Process(tmp_path, "full") as process:
        write(tmp_path, {"app.py": "1 / 0\n" + PID})
        process.read_until("LoadFailed")
        assert "ZeroDivisionError" in process.get()

        write(tmp_path, {"app.py": PID.replace("one", "two")})
        process.read_until("Serving")
        assert process.get().startswith("two")


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="no SIGHUP here")
def test_sighup_is_a_full_reload(tmp_path: Path) -> None:
    """With a terminal that is still there, or none at all."""
    write(tmp_path, {"app.py": PID})
    with Process(tmp_path) as process:
        process.process.send_signal(signal.SIGHUP)
        process.read_until("Serving")
        assert process.get().endswith("yes")


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="no SIGHUP here")
def test_ctrl_c_wins_over_a_full_reload(tmp_path: Path) -> None:
    """A process that was asked for a fresh one, and then to end, ends."""
    waits = "import asyncio\n    while not LOG.with_name('go').exists(): await asyncio.sleep(0.01)\n"
    app = LIFESPAN.replace('    note("down-NAME")', f"    {waits}")
    write(tmp_path, {"app.py": app, "log.txt": ""})
    with Process(tmp_path) as process:
        process.process.send_signal(signal.SIGHUP)
        process.process.send_signal(signal.SIGINT)
        write(tmp_path, {"go": ""})
        code, errors = process.end()

        assert (code, "Traceback" in errors) == (0, False)


def test_stop_before_the_threads_begin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both return at once then, whatever their order."""
    monkeypatch.chdir(tmp_path)
    for name in ("path", "argv", "meta_path"):
        monkeypatch.setattr(sys, name, list(getattr(sys, name)))
    write(tmp_path, {"app.py": APP})
    runtime = Runtime(Settings("app.py", port=0), lambda event: None)
    runtime.bind()
    runtime.stop()
    runtime.run_reloader()
    runtime.run_server()
