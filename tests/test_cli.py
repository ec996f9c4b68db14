"""Arguments become Settings; what is wrong with them is one line on stderr and exit status 2."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fh_dash import __version__, cli
from fh_dash.errors import PortTakenError, UsageError
from fh_dash.settings import Settings

COMMANDS = {"fh-dash": cli.dash, "dev": cli.utils, "run": cli.utils}


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[Settings]:
    """The Settings that the commands would serve with, in a folder with an app.py."""
    found: list[Settings] = []
    monkeypatch.chdir(tmp_path)
    (tmp_path / "app.py").write_text("from fasthtml.common import *\napp, rt = fast_app()\n")
    for command in (cli.dash, cli.dev, cli.run):
        monkeypatch.setattr(command, "serve", lambda settings: found.append(settings) or 0)
    return found


def start(*args: str) -> int:
    """Run `fh-dash …`, `dev …` or `run …` in this process."""
    if args[0] == "fh-dash":
        return cli.main(cli.dash, "fh-dash", list(args[1:]))
    return cli.main(cli.utils, "fh_utils", list(args))


def test_defaults(served: list[Settings]) -> None:
    """Without options: loopback, 5001, fast reload; pages follow in the dashboard only."""
    for name in COMMANDS:
        assert start(name, "app.py") == 0

    assert served == [
        Settings("app.py", live=True),
        Settings("app.py"),
        Settings("app.py"),
    ]


def test_options_of_ours(served: list[Settings], tmp_path: Path) -> None:
    """Every option of ours arrives, before or after the target."""
    (tmp_path / "src").mkdir()
    args = "--app create --factory --host 0.0.0.0 --port 0 --reload full --live --gate-wait 2.5 --json app.py"
    assert (
        start(
            "dev",
            *args.split(),
            "--reload-dir",
            "src",
            "--reload-include",
            "*.json",
            "--reload-exclude",
            "a*",
        )
        == 0
    )

    assert served == [
        Settings(
            "app.py",
            app="create",
            factory=True,
            host="0.0.0.0",
            port=0,
            reload="full",
            live=True,
            reload_dirs=(Path("src"),),
            reload_includes=("*.json",),
            reload_excludes=("a*",),
            gate_wait=2.5,
            json=True,
        )
    ]


def test_options_of_uvicorn(served: list[Settings]) -> None:
    """uvicorn's options that are given arrive by the names of its Config, converted as there; no others."""
    args = "--log-level debug --ws none --no-access-log --header a:b --header x-y:1:2 --timeout-keep-alive 7"
    assert start("dev", "app.py", *args.split()) == 0

    assert dict(served[0].uvicorn) == {
        "log_level": "debug",
        "ws": "none",
        "access_log": False,
        "headers": [("a", "b"), ("x-y", "1:2")],
        "timeout_keep_alive": 7,
    }


def test_all_options_of_uvicorn_are_known_to_its_config() -> None:
    """What is passed on can be passed to uvicorn.Config."""
    import inspect

    import uvicorn

    cli.dev.borrow()
    names = {str(o.name) for o in cli.dev.borrowed} - {"app_dir"}

    assert names <= inspect.signature(uvicorn.Config).parameters.keys()
    assert {"ssl_keyfile", "root_path", "uds", "reload_delay"} <= names


def test_app_dir(served: list[Settings], monkeypatch: pytest.MonkeyPatch) -> None:
    """--app-dir is looked in for modules, as uvicorn does."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    assert start("dev", "app.py", "--app-dir", "/somewhere") == 0

    assert sys.path[0] == "/somewhere"
    assert served[0].uvicorn == {}


def test_reload_without_a_value(served: list[Settings]) -> None:
    """`--reload` alone, as uvicorn has it, is fast reload."""
    assert start("dev", "app.py", "--reload") == 0
    assert served[0].reload == "fast"


def test_workers_are_for_production(served: list[Settings]) -> None:
    """`run` takes uvicorn's --workers."""
    assert start("run", "app.py", "--workers", "3") == 0
    assert dict(served[0].uvicorn) == {"workers": 3}


class TestPrecedence:
    """Flags, then the environment, then pyproject.toml."""

    def project(self, text: str) -> None:
        Path("pyproject.toml").write_text(text)

    def test_environment(self, served: list[Settings], monkeypatch: pytest.MonkeyPatch) -> None:
        """FH_DASH_… for every option, PORT for the port, UVICORN_… for those of uvicorn."""
        for name, value in {
            "PORT": "8001",
            "FH_DASH_LIVE": "1",
            "FH_DASH_RELOAD_INCLUDE": "*.json *.md",
            "UVICORN_LOG_LEVEL": "warning",
            "FH_DASH_WS": "none",
        }.items():
            monkeypatch.setenv(name, value)
        start("dev", "app.py")

        wanted = Settings("app.py", port=8001, live=True, reload_includes=("*.json", "*.md"))
        assert replace(served[0], uvicorn={}) == wanted
        assert dict(served[0].uvicorn) == {"log_level": "warning", "ws": "none"}

    def test_table(self, served: list[Settings]) -> None:
        """[tool.fh-dash] has the names of the flags, with - or _; settings of other commands are no mistake."""
        self.project(
            '[tool.fh-dash]\nport = 8002\nlive = true\nreload-include = ["*.json"]\nlog_level = "error"\n'
            'workers = 2\nallowed_hosts = ["shop.test"]\n'
            '[tool.fh-dash.keys]\nreload = "f5"\n[tool.fh-dash.dashboard]\ntheme = "x"\n'
        )
        start("dev", "app.py")

        assert served[0].port == 8002
        assert served[0].live
        assert served[0].reload_includes == ("*.json",)
        assert served[0].allowed_hosts == ("shop.test",)
        assert dict(served[0].uvicorn) == {"log_level": "error"}

    def test_order(self, served: list[Settings], monkeypatch: pytest.MonkeyPatch) -> None:
        """A flag wins over a variable, a variable over the file, FH_DASH_PORT over PORT."""
        self.project('[tool.fh-dash]\nport = 1000\nhost = "::1"\nreload = "no"\n')
        monkeypatch.setenv("PORT", "2000")
        monkeypatch.setenv("FH_DASH_PORT", "3000")
        monkeypatch.setenv("FH_DASH_HOST", "localhost")
        start("dev", "app.py", "--host", "0.0.0.0")

        assert (served[0].host, served[0].port, served[0].reload) == ("0.0.0.0", 3000, "no")

    def test_nearest_file(self, served: list[Settings], tmp_path: Path) -> None:
        """The pyproject.toml nearest to the target counts; its paths are relative to it."""
        self.project("[tool.fh-dash]\nport = 1\n")
        (tmp_path / "shop" / "src").mkdir(parents=True)
        (tmp_path / "shop" / "app.py").touch()
        (tmp_path / "shop" / "pyproject.toml").write_text('[tool.fh-dash]\nport = 2\nreload-dir = ["src"]\n')
        start("dev", "shop/app.py")

        assert served[0].port == 2
        assert served[0].reload_dirs == (tmp_path / "shop" / "src",)

    def test_target(self, served: list[Settings], tmp_path: Path) -> None:
        """The file can name the target for commands without one."""
        self.project('[tool.fh-dash]\ntarget = "app.py"\n')
        start("dev")

        assert served[0].target == str(tmp_path / "app.py")


BAD = {
    "unknown option": (["dev", "app.py", "--prot", "1"], "fh_utils dev: No such option"),
    "port out of range": (["dev", "app.py", "--port", "70000"], "70000 is not in the range 0<=x<=65535"),
    "port no number": (["fh-dash", "app.py", "--port", "x"], "fh-dash: Invalid value for '--port'"),
    "no such mode": (["dev", "app.py", "--reload", "slow"], "'slow' is not one of 'fast', 'full', 'no'"),
    "two targets": (["dev", "app.py", "other.py"], "other.py"),
    "header": (["dev", "app.py", "--header", "abc"], "'abc' is not Name:Value"),
    "workers": (["dev", "app.py", "--workers", "2"], "`fh_utils run` takes --workers"),
    "reload in run": (["run", "app.py", "--reload"], "`fh_utils dev` does"),
    "watched folder": (["dev", "app.py", "--reload-dir", "nowhere"], "'nowhere' does not exist"),
    "log config": (["dev", "app.py", "--log-config", "nowhere"], "'nowhere' does not exist"),
    "no such command": (["devv", "app.py"], "devv"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_arguments(name: str, served: list[Settings], capsys: pytest.CaptureFixture[str]) -> None:
    """Bad arguments: status 2, one line on stderr, nothing served."""
    args, message = BAD[name]

    assert start(*args) == 2
    out, err = capsys.readouterr()
    assert message in err
    assert (out, err.count("\n"), served) == ("", 1, [])


BAD_TABLES = {
    "unknown key": ("[tool.fh-dash]\nprot = 1\n", "[tool.fh-dash] has no setting 'prot'"),
    "wrong type": ("[tool.fh-dash]\nport = 'x'\n", "[tool.fh-dash])"),
    "no table": ("[tool]\nfh-dash = 1\n", "must be a table"),
    "no TOML": ("[tool\n", "pyproject.toml: "),
    "no UTF-8": ("# \udce9\n", "pyproject.toml: "),
}


@pytest.mark.parametrize("name", BAD_TABLES)
def test_bad_table(name: str, served: list[Settings], capsys: pytest.CaptureFixture[str]) -> None:
    """A bad pyproject.toml is named, with what is wrong in it."""
    text, message = BAD_TABLES[name]
    Path("pyproject.toml").write_text(text, encoding="utf-8", errors="surrogateescape")

    assert start("dev", "app.py") == 2
    err = capsys.readouterr().err
    assert message in err
    assert "pyproject.toml" in err
    assert err.count("\n") == 1


def test_bad_variable_is_named(
    served: list[Settings], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of a bad value from the environment the variable is told."""
    monkeypatch.setenv("PORT", "many")

    assert start("dev", "app.py") == 2
    assert "(environment variable PORT)" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (UsageError("no such file: a\x1b[31m.py"), "fh_utils: no such file: a␛[31m.py\n"),
        (PortTakenError("127.0.0.1", 5001, 5002), "port 5002 is free: --port 5002\n"),
    ],
)
def test_errors_of_the_runtime(
    error: Exception, line: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What the runtime refuses is one line without control characters, status 2."""

    def refuse(settings: Settings) -> int:
        raise error

    monkeypatch.setattr(cli.dev, "serve", refuse)

    assert start("dev", "app.py") == 2
    assert capsys.readouterr().err.endswith(line)


def test_interrupt_before_anything_is_served(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C during the start ends quietly."""

    def interrupted(settings: Settings) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(cli.dev, "serve", interrupted)

    assert start("dev", "app.py") == 130


def test_old_distribution(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """With fh_utils 0.5 installed beside ours every command says so and how to mend it."""
    (tmp_path / "fh_utils-0.5.0.dist-info").mkdir()
    (tmp_path / "fh_utils-0.5.0.dist-info" / "METADATA").write_text("Name: fh_utils\nVersion: 0.5.0\n")
    monkeypatch.syspath_prepend(tmp_path)

    assert start("dev", "app.py") == 2
    err = capsys.readouterr().err
    assert "fh_utils 0.5.0 is installed" in err
    assert "pip uninstall fh_utils" in err


@pytest.mark.parametrize("args", [["fh-dash", "--version"], ["--version"]])
def test_version(args: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """--version tells our version."""
    assert start(*args) == 0
    assert capsys.readouterr().out == f"fh-dash {__version__}\n"


@pytest.mark.parametrize("args", [["fh-dash", "--help"], ["dev", "-h"], ["run", "--help"], ["--help"], []])
def test_help(args: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """--help shows options and where they come from; `fh_utils` alone its commands."""
    assert (start(*args) if args else cli.main(cli.utils, "fh_utils", [])) == 0
    out = capsys.readouterr().out

    assert out.startswith("Usage: ")
    if args and args[0] != "--help":
        assert "--port PORT" in out
        assert "Options of uvicorn:\n" in out
        assert "--ssl-keyfile" in out
        assert "FH_DASH_PORT=8000" in out
    if args and args[0] in ("fh-dash", "dev"):
        assert "--reload [fast|full|no]" in out
        assert "--workers" not in out


def test_dashboard_needs_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where stdin or stdout is no terminal, or a dumb one, fh-dash prints plain lines."""
    calls: list[str] = []
    monkeypatch.setattr(cli, "serve_headless", lambda settings: calls.append("plain") or 0)

    assert cli.serve_dashboard(Settings("app.py")) == 0
    assert calls == ["plain"]


def test_light_start() -> None:
    """Parsing our own options imports neither uvicorn nor textual: the dashboard paints sooner."""
    code = (
        "import sys\nfrom fh_dash import cli\n"
        "cli.dash.serve = lambda settings: print(sorted({'uvicorn', 'textual'} & sys.modules.keys())) or 0\n"
        "sys.exit(cli.main(cli.dash, 'fh-dash', ['app.py', '--port', '5002']))"
    )
    environ: Any = {k: v for k, v in os.environ.items() if not k.startswith("FH_DASH")}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environ, timeout=60)

    assert (done.stdout, done.stderr) == ("[]\n", "")
