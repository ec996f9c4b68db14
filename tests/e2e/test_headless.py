"""`fh_utils dev`, `fh_utils run` and `serve()` as a person uses them: real processes, real saves."""

from __future__ import annotations

import json
import os
import re
import signal
import sys
from pathlib import Path

import pytest

from tests.support.command import DEV, RUN, eventually, fetch, running, serving, write
from tests.support.ports import is_free

APP = """\
import os, sys

from fasthtml.common import *

app, rt = fast_app()


@rt("/")
def index():
    return P("one")


@rt("/process")
def process():
    return f"{os.getpid()} {sys.argv} {sys.path[0]}"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path, {"app.py": APP})
    return tmp_path


def save(folder: Path, old: str, new: str, name: str = "app.py") -> None:
    file = folder / name
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


def test_save_to_fresh_page(folder: Path) -> None:
    """A save is on the page without a new process, and told in one line with its reason."""
    with serving("app.py", cwd=folder, text="one") as server:
        before = server.get("/process")
        save(folder, "one", "two")
        server.answers("two")
        server.says("app (modified)")

        assert server.get("/process") == before
        assert "reload 2 · " in server.log


def test_broken_save_changes_nothing(folder: Path) -> None:
    """After a bad save the app serves on, the error is shown with place and excerpt, and a good save heals."""
    with serving("app.py", cwd=folder, text="one") as server:
        save(folder, 'return P("one")', 'return P("two"')
        server.says("goes on serving")

        server.says("app.py:10 SyntaxError: '(' was never closed")
        server.says('> 10 |     return P("two"')
        assert "one" in server.get()
        save(folder, 'return P("two"', 'return P("three")')
        server.answers("three")


def test_app_that_fails_at_start(folder: Path) -> None:
    """An app that cannot be imported does not end the command: the error is shown, the next good save starts it."""
    save(folder, "app, rt", "import nothing_like_this\napp, rt")
    with serving("app.py", cwd=folder) as server:
        server.says("the next good save starts the app")
        server.says("app.py:5 ModuleNotFoundError: No module named 'nothing_like_this'")
        save(folder, "import nothing_like_this\n", "")
        server.answers("one")


def test_interrupt(folder: Path) -> None:
    """Ctrl-C ends it with status 0, without a traceback, and the port is free."""
    with serving("app.py", cwd=folder, text="one") as server:
        assert server.end(signal.SIGINT) == 0
        assert "Traceback" not in server.log
        assert is_free(server.port)


def test_terminate(folder: Path) -> None:
    """SIGTERM ends it in order; the status is that of the signal."""
    with serving("app.py", cwd=folder, text="one") as server:
        assert server.end(signal.SIGTERM) == -signal.SIGTERM
        assert "Traceback" not in server.log
        assert is_free(server.port)


def test_hangup_is_a_full_reload(folder: Path) -> None:
    """SIGHUP gives a fresh interpreter in the same process, on the same port, with the same command line."""
    (folder / "app.py").write_text(APP + "\nSTART = str(os.urandom(8))\n@rt('/start')\ndef start(): return START\n")
    with serving("app.py", cwd=folder, text="one") as server:
        before, process = server.get("/start"), server.get("/process")
        server.process.send_signal(signal.SIGHUP)
        eventually("a fresh process", lambda: fetch(server.port, "/start") not in ((200, before), (0, "")))

        assert server.get("/start") != before
        assert server.get("/process") == process
        save(folder, "one", "two")
        server.answers("two")
        assert server.end() == 0


def test_full_mode(folder: Path) -> None:
    """With --reload full each edit starts the app afresh."""
    (folder / "app.py").write_text(APP + "\nSTART = str(os.urandom(8))\n@rt('/start')\ndef start(): return START\n")
    (folder / "other.py").write_text("")
    with serving("app.py", "--reload", "full", cwd=folder, text="one") as server:
        before = server.get("/start")
        save(folder, "one", "two")
        server.answers("two")

        assert server.get("/start") != before


def test_what_the_app_sees(folder: Path) -> None:
    """The app has its own sys.argv, and its folder first in sys.path."""
    with serving("app.py", "--log-level", "warning", cwd=folder, text="one") as server:
        _, argv, first = server.get("/process").split(" ", 2)

        assert argv == "['app.py']"
        assert first == str(folder)


def test_options_of_uvicorn(folder: Path) -> None:
    """uvicorn's options have uvicorn's effect."""
    args = ["--header", "x-case: yes", "--no-server-header", "--no-access-log"]
    with serving("app.py", *args, cwd=folder, text="one") as server:
        import urllib.request

        with urllib.request.urlopen(f"http://127.0.0.1:{server.port}/") as answer:
            headers = answer.headers

        assert headers["x-case"].strip() == "yes"
        assert headers["server"] is None
        assert "GET /" not in server.log


def test_access_log(folder: Path) -> None:
    """Requests are logged in uvicorn's format, with the time that the answer took."""
    with serving("app.py", cwd=folder, text="one") as server:
        server.get("/process")
        server.says('"GET /process HTTP/1.1" 200 OK ')
        line = next(line for line in server.log.splitlines() if "GET /process" in line)
        assert re.fullmatch(r'INFO:     127\.0\.0\.1:\d+ - "GET /process HTTP/1\.1" 200 OK \d+\.\d ms', line)


def test_json(folder: Path) -> None:
    """With --json stdout holds one JSON object per event, whatever the app prints."""
    (folder / "app.py").write_text(APP + "\nprint('noise')\n")
    with serving("app.py", "--json", cwd=folder, text="one") as server:
        save(folder, "one", "two")
        server.answers("two")
        eventually("the reload", lambda: any('"ReloadResult"' in line for line in server.out))
        events = [json.loads(line) for line in list(server.out)]

        names = [event["event"] for event in events]
        assert {"Listening", "Serving", "ReloadResult", "RequestFinished"} <= set(names)
        reload = next(event for event in events if event["event"] == "ReloadResult")
        assert reload["modules"][0]["reason"] == "modified"
        eventually("what the app prints, on stderr", lambda: any("noise" in line for line in server.err))


def test_live(folder: Path) -> None:
    """--live adds the client to pages, and to nothing else; without it pages are untouched."""
    with serving("app.py", "--live", cwd=folder, text="one") as server:
        page = server.get()
        assert "data-fh-live" in page
        script = page.partition('src="')[2].partition('"')[0]
        assert '"use strict"' in server.get(script)
        assert script not in server.log
        assert "data-fh-live" not in fetch(server.port, "/", "GET", None, **{"hx-request": "true"})[1]
        assert "data-fh-live" not in server.get("/process")
    with serving("app.py", cwd=folder, text="one") as server:
        assert "data-fh-live" not in server.get()


def test_two_commands_with_a_port(folder: Path) -> None:
    """The second command on a port is refused before it starts anything, and told a free one."""
    with (
        serving("app.py", cwd=folder, text="one") as server,
        running(*DEV, "app.py", "--port", str(server.port), cwd=folder) as second,
    ):
        assert second.process.wait(15) == 2
        second.says(f"port {server.port} on 127.0.0.1 is already in use; port ")
        assert "Traceback" not in second.log


# ---------------------------------------------------------------------------------------------- shapes

PACKAGE = {
    "shop/__init__.py": "",
    "shop/main.py": (
        "from fasthtml.common import *\nfrom .items import router\napp, rt = fast_app()\nrouter.to_app(app)\n"
        "@rt('/')\ndef index(): return P('home')\n"
    ),
    "shop/items.py": (
        "from fasthtml.common import *\nfrom shop.prices import PRICE\nrouter = APIRouter(prefix='/items')\n"
        "@router('/list')\ndef items(): return P(f'items {PRICE}')\n"
    ),
    "shop/prices.py": "PRICE = 1\n",
}
CORE = {
    "main.py": "from core import app\nimport pages\n",
    "core.py": "from fasthtml.common import *\napp, rt = fast_app()\n",
    "pages.py": (
        "from core import *\nfrom prices import PRICE\n"
        "@rt('/')\ndef index(): return P('home')\n@rt('/items/list')\ndef items(): return P(f'items {PRICE}')\n"
    ),
    "prices.py": "PRICE = 1\n",
}
SHAPES = {
    "package by file": (PACKAGE, "shop/main.py", "shop/prices.py"),
    "package by name": (PACKAGE, "shop.main:app", "shop/prices.py"),
    "rt in a core module": (CORE, "main.py", "prices.py"),
    "found": (CORE, "", "prices.py"),
}


@pytest.mark.parametrize("name", SHAPES)
def test_shape(name: str, tmp_path: Path) -> None:
    """Packages with routers and apps spread over modules are served, and follow edits of a constant."""
    files, target, edited = SHAPES[name]
    write(tmp_path, files)
    with serving(*filter(None, [target]), cwd=tmp_path, text="home") as server:
        assert "items 1" in server.get("/items/list")
        write(tmp_path, {edited: "PRICE = 2\n"})
        server.answers("items 2", "/items/list")
        assert "home" in server.get()


# ------------------------------------------------------------------------------------------- bad input

BAD = {
    "no such file": ("nothing.py", [], "no such file: nothing.py"),
    "not Python": ("notes.txt", [], "notes.txt is not a Python file"),
    "no app": ("none.py", [], "no app in none.py"),
    "app by another name": ("app.py", ["--app", "application"], "app (fast_app) looks like one: --app app"),
    "no ASGI app": ("number.py", [], "app in number.py is no ASGI app but an int"),
    "factory": ("factory.py", ["--app", "create_app"], "add --factory"),
    "no such module": ("nothing.main:app", [], "no module nothing.main"),
    "port": ("app.py", ["--port", "123456"], "123456 is not in the range"),
    "unknown option": ("app.py", ["--colour"], "No such option"),
    "host": ("app.py", ["--host", "192.0.2.1"], "192.0.2.1"),
}
FILES = {
    "app.py": APP,
    "notes.txt": "",
    "none.py": "x = 1\n",
    "number.py": "app = 3\n",
    "factory.py": "from fasthtml.common import *\ndef create_app():\n    app, rt = fast_app()\n    return app\n",
}


@pytest.mark.parametrize("command", [DEV, RUN], ids=["dev", "run"])
@pytest.mark.parametrize("name", BAD)
def test_bad_input(name: str, command: tuple[str, ...], tmp_path: Path) -> None:
    """What cannot be served: one clear line on stderr, status 2, no traceback, at once."""
    write(tmp_path, FILES)
    target, args, message = BAD[name]
    port = [] if "--port" in args else ["--port", "0"]
    with running(*command, target, *args, *port, cwd=tmp_path) as refused:
        assert refused.process.wait(20) == 2
        refused.says(message)

        assert (refused.out, len(refused.err)) == ([], 1)


# ------------------------------------------------------------------------------------------------- run


def test_production(folder: Path) -> None:
    """`run` is uvicorn alone: no reload, no client, an app that cannot tell the difference."""
    (folder / "app.py").write_text(
        APP + "\nOURS = [m for m in sys.modules if m == 'fh_dash.runtime']\n"
        "@rt('/ours')\ndef ours(): return str(OURS)\n"
    )
    with serving("app.py", cwd=folder, command=RUN, text="one") as server:
        assert server.get("/ours") == "[]"
        assert "data-fh-live" not in server.get()
        assert server.get("/process").split(" ", 2)[1:] == ["['app.py']", str(folder)]
        server.says("Uvicorn running on")
        assert server.end(signal.SIGINT) == 0


def test_production_workers(folder: Path) -> None:
    """`run --workers 2` serves from two processes."""
    with serving("app.py", "--workers", "2", cwd=folder, command=RUN, text="one") as server:
        server.says("Started parent process")
        assert server.get("/process").split()[0] != str(server.process.pid)
        server.end(signal.SIGINT)
        assert "Traceback" not in server.log


# ----------------------------------------------------------------------------------------------- serve

SCRIPTS = {
    "bare": "serve()\n",
    "guarded": "if __name__ == '__main__':\n    serve()\n",
    "with reload_includes": "serve(reload_includes=['*.json'], log_level='info')\n",
}


@pytest.mark.parametrize("name", SCRIPTS)
def test_serve(name: str, folder: Path) -> None:
    """`python app.py` with our serve() in the place of FastHTML's serves with hot reload."""
    text = APP.replace("import *", "import *\nfrom fh_utils import serve") + "\n\n" + SCRIPTS[name]
    (folder / "app.py").write_text(text)
    with serving(cwd=folder, command=(sys.executable, "app.py", "--flag"), text="one") as server:
        process = server.get("/process")
        save(folder, "one", "two")
        server.answers("two")

        assert server.get("/process") == process
        assert "--flag" in process
        assert server.end() == 0
        assert is_free(server.port)


def test_serve_without_reload(folder: Path) -> None:
    """serve(reload=False) is plain uvicorn."""
    text = APP.replace("import *", "import *\nfrom fh_utils import serve") + "\n\nserve(reload=False)\n"
    (folder / "app.py").write_text(text)
    with serving(cwd=folder, command=(sys.executable, "app.py"), text="one") as server:
        server.says("Uvicorn running on")
        assert server.end() == 0


def test_serve_in_an_app_that_dev_serves(folder: Path) -> None:
    """An app that ends in serve(), ours or FastHTML's, is served once by `fh_utils dev`."""
    (folder / "app.py").write_text(APP + "\nserve()\nimport fh_utils\nfh_utils.serve()\n")
    with serving("app.py", cwd=folder, text="one") as server:
        save(folder, "one", "two")
        server.answers("two")


# ------------------------------------------------------------------------------------------- decorators


def test_kept_state(folder: Path) -> None:
    """What no_reload_cache computed once survives edits of its own module; with `run` it is lru_cache."""
    (folder / "app.py").write_text(
        APP.replace("import *", "import *\nfrom fh_utils import no_reload_cache")
        + "\n\n@no_reload_cache\ndef load():\n    return os.urandom(8).hex()\n\n\n"
        "@rt('/load')\ndef get_load():\n    return load() + type(load).__name__\n"
    )
    with serving("app.py", cwd=folder, text="one") as server:
        loaded = server.get("/load")
        save(folder, "one", "two")
        server.answers("two")

        assert server.get("/load") == loaded
    with serving("app.py", cwd=folder, command=RUN, text="two") as server:
        assert server.get("/load").endswith("_lru_cache_wrapper")


def test_several_processes(folder: Path) -> None:
    """serve(procs=2) serves on two consecutive ports."""
    text = APP.replace("import *", "import *\nfrom fh_utils import serve") + "\n\nserve(procs=2)\n"
    (folder / "app.py").write_text(text)
    with serving(cwd=folder, command=(sys.executable, "app.py"), text="one", span=2) as server:
        eventually("the second port", lambda: fetch(server.port + 1)[0] == 200)
        os.killpg(server.process.pid, signal.SIGINT)

        assert server.process.wait(15) == 0
