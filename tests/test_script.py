"""What `serve()` makes of its arguments."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from fh_dash import plain, script
from fh_dash.errors import UsageError
from fh_dash.settings import Settings


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Settings of dev runs, keywords of uvicorn runs."""
    import uvicorn

    found: list[Any] = []
    monkeypatch.setattr(plain, "run_headless", lambda settings, make: found.append(settings) or 0)
    monkeypatch.setattr(uvicorn, "run", lambda app, **options: found.append((app, options)))
    monkeypatch.setitem(sys.modules, "fh_dash.runtime", type(sys)("fh_dash.runtime"))
    sys.modules["fh_dash.runtime"].Runtime = object  # type: ignore[attr-defined]
    return found


def serve(target: str = "/srv/app.py", app: str = "app", **options: Any) -> None:
    script.serve_script(target, app, **{"host": "127.0.0.1", "port": None, "reload": True, "procs": None} | options)


def test_file_and_module(served: list[Any]) -> None:
    """A script is served as a file, a module by its name; the app keeps the script's arguments."""
    serve()
    serve("pkg.main", "application", reload="full", live=True)

    assert served == [
        Settings("/srv/app.py", app="app", arguments=tuple(sys.argv)),
        Settings("pkg.main:application", reload="full", live=True, arguments=tuple(sys.argv)),
    ]


def test_options(served: list[Any]) -> None:
    """Reload patterns may be one or several; further options are uvicorn's."""
    serve(reload_includes="*.md", reload_excludes=["a", "b"], reload_dirs="src", log_level="error", factory=True)

    assert served == [
        Settings(
            "/srv/app.py",
            app="app",
            factory=True,
            reload_dirs=(Path("src"),),
            reload_includes=("*.md",),
            reload_excludes=("a", "b"),
            uvicorn={"log_level": "error"},
            arguments=tuple(sys.argv),
        )
    ]


def test_without_reload(served: list[Any]) -> None:
    """reload=False is plain uvicorn on the module of the script."""
    serve(reload=False, live=True, log_level="error")

    assert served == [("app:app", {"host": "127.0.0.1", "port": 5001, "log_level": "error"})]


def test_port(served: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """The port is the argument, else PORT, else 5001, plus the number of the process among several."""
    serve()
    monkeypatch.setenv("PORT", "8000")
    serve()
    serve(port=9000)
    monkeypatch.setenv("FH_PROCNUM", "2")
    serve(procs=3)

    assert [s.port for s in served] == [5001, 8000, 9000, 8002]


def test_unknown_option(served: list[Any]) -> None:
    """An option that uvicorn does not have is a TypeError, as in any call."""
    with pytest.raises(TypeError, match=r"serve\(\) got an unexpected keyword argument 'prot'"):
        serve(prot=1)


@pytest.mark.parametrize("reload", ["slow", 7, []])
def test_bad_reload(reload: object, served: list[Any], capsys: pytest.CaptureFixture[str]) -> None:
    """A reload mode that does not exist: one line, status 2."""
    with pytest.raises(SystemExit) as ended:
        serve(reload=reload)

    assert ended.value.code == 2
    assert capsys.readouterr().err == f"serve: reload={reload!r}: use True, False, 'fast', 'full' or 'no'\n"


def test_bad_port(served: list[Any], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """A PORT that is no number: one line, status 2."""
    monkeypatch.setenv("PORT", "x")
    with pytest.raises(SystemExit):
        serve()

    assert capsys.readouterr().err == "serve: environment variable PORT: 'x' is not a number\n"


def test_refused(monkeypatch: pytest.MonkeyPatch, served: list[Any], capsys: pytest.CaptureFixture[str]) -> None:
    """What the runtime refuses: one line, status 2."""

    def refuse(settings: Settings, make: object) -> int:
        raise UsageError("port 5001 is taken")

    monkeypatch.setattr(plain, "run_headless", refuse)
    with pytest.raises(SystemExit) as ended:
        serve()

    assert (ended.value.code, capsys.readouterr().err) == (2, "serve: port 5001 is taken\n")


def test_several_processes(tmp_path: Path) -> None:
    """procs runs the script again so many times, numbered, and waits for all."""
    app = tmp_path / "app.py"
    app.write_text(
        "import os, sys\nfrom fh_dash import script\n"
        "script._serve_dev = lambda target, app, mode, options: os.write(1, b'%d\\n' % options['port']) and 0\n"
        "script.serve_script(__file__, 'app', port=7000, reload=True, procs=2)\n"
    )
    done = subprocess.run([sys.executable, str(app)], capture_output=True, text=True, timeout=60, check=True)

    assert sorted(done.stdout.split()) == ["7000", "7001"]
