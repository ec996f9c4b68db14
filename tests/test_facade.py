"""`fh_utils`, the names that apps use: nothing outside dev mode, and light."""

from __future__ import annotations

import asyncio
import functools
import inspect
import runpy
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import fh_utils
from fh_dash.engine.keep import registry
from fh_dash.memo import CachedFunction


def double(x: int) -> int:
    return 2 * x


class TestDecorators:
    def test_outside_dev_mode(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """no_reload is the identity and no_reload_cache is lru_cache(maxsize=None)."""
        monkeypatch.setattr(registry, "active", False)  # a runtime of another test in this process sets it for good
        assert fh_utils.no_reload(double) is double
        cached = fh_utils.no_reload_cache(double)

        assert type(cached) is type(functools.lru_cache(maxsize=None)(double))
        assert cached.cache_parameters() == {"maxsize": None, "typed": False}

    def test_coroutine_function(self) -> None:
        """Of a coroutine function the awaited result is cached, a partial of one included."""

        async def load(name: str) -> object:
            return object()

        async def same(cached: Any) -> bool:
            return await cached() is await cached()

        for func in (functools.partial(load, "a"), functools.partial(load, name="b")):
            cached = fh_utils.no_reload_cache(func)
            assert inspect.iscoroutinefunction(cached)
            assert asyncio.run(same(cached))

    def test_in_dev_mode(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """While the registry is active it gets what is decorated."""
        monkeypatch.setattr(registry, "active", True)

        assert isinstance(fh_utils.no_reload_cache(double), CachedFunction)
        assert fh_utils.no_reload(double) is double


HEAVY = ("textual", "IPython", "uvicorn", "rich", "click", "watchfiles", "fasthtml", "starlette", "asyncio", "inspect")


@pytest.mark.parametrize("code", ["import fh_utils", "import fh_utils\n@fh_utils.no_reload_cache\ndef f(): pass"])
def test_light_import(code: str) -> None:
    """Importing the facade, or decorating with it outside dev mode, imports nothing of ours but itself."""
    code = f"import sys\nbefore = set(sys.modules)\n{code}\nprint(*sorted(set(sys.modules) - before))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    new = done.stdout.split()

    assert "fh_utils" in new
    assert not [name for name in new if name.startswith("fh_dash") or name.partition(".")[0] in HEAVY]


class Served(list[tuple[str, dict[str, Any]]]):
    """What serve_script was called with."""

    def __call__(self, target: str, app: str, **options: Any) -> None:
        self.append((target, {"app": app, **options}))


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Served]:
    import fh_dash.script

    found = Served()
    monkeypatch.setattr(fh_dash.script, "serve_script", found)
    for name in ("fh_dash.runtime", "fh_dash.production"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.syspath_prepend(tmp_path)
    yield found
    for name in ("fh_case", "fh_case_helper"):
        sys.modules.pop(name, None)


SERVE = "from fh_utils import serve\n"


class TestServe:
    @pytest.mark.parametrize("call", ["serve()\n", "if __name__ == '__main__':\n    serve()\n"])
    def test_script(self, call: str, served: Served, tmp_path: Path) -> None:
        """At the end of a script, guarded or not, it serves the script's file."""
        script = tmp_path / "fh_case.py"
        script.write_text(SERVE + call)
        runpy.run_path(str(script), run_name="__main__")

        assert served == [
            (
                str(script),
                {"app": "app", "host": "127.0.0.1", "port": None, "reload": True, "procs": None, "live": False},
            )
        ]

    def test_imported(self, served: Served, tmp_path: Path) -> None:
        """In a module that is imported it does nothing."""
        (tmp_path / "fh_case.py").write_text(SERVE + "serve()\n")
        runpy.run_path(str(tmp_path / "fh_case.py"), run_name="fh_case")
        __import__("fh_case")
        script = tmp_path / "script.py"
        script.write_text("import fh_case\n")
        runpy.run_path(str(script), run_name="__main__")

        assert served == []

    def test_module_run_with_m(self, served: Served, tmp_path: Path) -> None:
        """Under `python -m` the dotted name is served, so that relative imports work."""
        (tmp_path / "fh_case.py").write_text(SERVE + "serve(port=1)\n")
        runpy.run_module("fh_case", run_name="__main__", alter_sys=True)

        assert served[0][0] == "fh_case"
        assert served[0][1]["port"] == 1

    def test_function_that_the_script_calls(self, served: Served, tmp_path: Path) -> None:
        """Called in a function of a module that the script calls, it serves that module, as FastHTML does."""
        (tmp_path / "fh_case_helper.py").write_text(SERVE + "def main():\n    serve()\n")
        script = tmp_path / "fh_case.py"
        script.write_text("import fh_case_helper\nfh_case_helper.main()\n")
        runpy.run_path(str(script), run_name="__main__")

        assert served[0][0] == "fh_case_helper"

    def test_all_parameters_of_fasthtml(self, served: Served) -> None:
        """Every parameter of FastHTML's serve is taken, and uvicorn's."""
        from fasthtml.core import serve

        named = {n for n, p in inspect.signature(serve).parameters.items() if p.kind is p.POSITIONAL_OR_KEYWORD}
        ours = inspect.signature(fh_utils.serve).parameters
        assert named - {"reload_includes", "reload_excludes"} <= ours.keys()
        assert list(ours)[:5] == list(inspect.signature(serve).parameters)[:5]

        fh_utils.serve("shop", "application", "::1", 8000, False, reload_includes="*.md", log_level="error")
        assert served == [
            (
                "shop",
                {
                    "app": "application",
                    "host": "::1",
                    "port": 8000,
                    "reload": False,
                    "procs": None,
                    "live": False,
                    "reload_includes": "*.md",
                    "log_level": "error",
                },
            )
        ]

    def test_while_serving(self, served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
        """When this process serves already it does nothing, whatever it is told."""
        monkeypatch.setitem(sys.modules, "fh_dash.runtime", sys)
        fh_utils.serve("shop")

        assert served == []


def test_main() -> None:
    """The module can be run: `python -m fh_utils`."""
    done = subprocess.run(
        [sys.executable, "-m", "fh_utils", "--version"], capture_output=True, text=True, timeout=60, check=True
    )

    assert done.stdout.startswith("fh-dash ")
