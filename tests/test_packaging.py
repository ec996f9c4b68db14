"""The wheel, built from the source distribution, installed in an environment where nothing else is, and used."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

from tests.support.command import fetch, serving, write

ROOT = Path(__file__).parents[1]
ENVIRON = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "PIP_TARGET", "VIRTUAL_ENV"))}


def run(*command: object, cwd: Path) -> str:
    done = subprocess.run(list(map(str, command)), cwd=cwd, env=ENVIRON, capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, ROOT, cwd=folder)
    [found] = folder.glob("*.whl")
    return found


def test_contents(wheel: Path) -> None:
    """Package, facade, type marker, style sheet, browser client and licence are in it; tests and demo are not."""
    names = set(zipfile.ZipFile(wheel).namelist())
    tops = {name.partition("/")[0] for name in names}

    assert tops == {"fh_dash", "fh_utils.py", wheel.name.removesuffix("-py3-none-any.whl") + ".dist-info"}
    assert {"fh_dash/py.typed", "fh_dash/tui/dash.tcss", "fh_dash/live/client/main.js"} <= names
    assert any(name.endswith("/licenses/LICENSE") for name in names)


@pytest.mark.timeout(300)
def test_clean_environment(wheel: Path, tmp_path: Path) -> None:
    """Installed with its dependencies alone, both commands run and serve an app."""
    environment = tmp_path / "env"
    venv.create(environment, with_pip=True)
    programs = environment / ("Scripts" if os.name == "nt" else "bin")
    run(programs / "python", "-m", "pip", "install", "--quiet", wheel, cwd=tmp_path)
    app = tmp_path / "project" / "app.py"
    write(
        app.parent, {"app.py": "from fasthtml.common import *\napp, rt = fast_app()\n@rt('/')\ndef i(): return P(1)\n"}
    )

    for command in ("fh-dash", "fh_utils"):
        assert run(programs / command, "--version", cwd=app.parent).startswith("fh-dash ")
    for command in (["fh-dash"], ["fh_utils", "dev"], ["fh_utils", "run"]):
        program = (str(programs / command[0]), *command[1:])
        with serving("app.py", command=program, cwd=app.parent, text="<p>1</p>", env={"PYTHONPATH": ""}) as server:
            place = "import fh_dash, fh_utils; print(fh_dash.__file__, fh_utils.__file__)"
            assert run(programs / "python", "-c", place, cwd=app.parent).count(str(environment)) == 2
            assert fetch(server.port)[0] == 200
            assert server.end() == 0
