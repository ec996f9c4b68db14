from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

import pytest

from fh_dash.errors import UsageError
from fh_dash.host.target import Target, resolve
from tests.support.running import write

APP = "from fasthtml.common import *\napp, rt = fast_app()\n"


def _resolve(cwd: Path, typed: str, **options: object) -> Target:
    return resolve(typed, cwd=cwd, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("files", "typed", "module", "path"),
    [
        # a script: its folder first, the working folder next
        ({"shopapp.py": APP}, "shopapp.py", "shopapp", ["."]),
        ({"web/shopapp.py": APP}, "web/shopapp.py", "shopapp", ["web", "."]),
        ({"my-shop.py": APP}, "my-shop.py", "my-shop", ["."]),
        # an attribute behind the colon
        ({"shopapp.py": APP}, "shopapp.py:app", "shopapp", ["."]),
        ({"pkg/web.py": APP, "pkg/__init__.py": ""}, "pkg.web:app", "pkg.web", ["."]),
        ({"pkg/__init__.py": APP}, "pkg", "pkg", ["."]),
        # a part of a package
        ({"pkg/__init__.py": "", "pkg/web.py": APP + "from .db import x"}, "pkg/web.py", "pkg.web", ["."]),
        ({"pkg/web.py": APP + "from .db import x", "pkg/db.py": ""}, "pkg/web.py", "pkg.web", ["."]),
        (
            {"pkg/in/web.py": APP + "from ..db import x", "pkg/db.py": ""},
            "pkg/in/web.py",
            "pkg.in.web",
            ["."],
        ),
        (
            {"pkg/__init__.py": "", "pkg/web.py": APP + "from pkg.db import x", "pkg/db.py": ""},
            "pkg/web.py",
            "pkg.web",
            ["."],
        ),
        ({"src/web.py": APP + "import src.db", "src/db.py": ""}, "src/web.py", "src.web", ["."]),
        ({"pkg/__init__.py": "", "pkg/web.py": APP}, "pkg/web.py", "pkg.web", ["."]),
        # an `__init__.py` beside a script makes no package of it
        (
            {"pkg/__init__.py": "", "pkg/web.py": APP + "import shopconfig", "pkg/shopconfig.py": ""},
            "pkg/web.py",
            "web",
            ["pkg", "."],
        ),
        ({"__init__.py": "", "shopapp.py": APP}, "shopapp.py", "shopapp", ["."]),
        # a folder, and nothing at all
        ({"pkg/main.py": APP}, "pkg/", "main", ["pkg", "."]),
        ({"main.py": "import os", "app.py": APP}, "", "app", ["."]),
        ({"main.py": APP, "app.py": APP}, "", "main", ["."]),
        ({"app/__init__.py": "", "app/main.py": APP + "from app.db import x", "app/db.py": ""}, "", "app.main", ["."]),
        ({"src/main.py": APP}, "", "main", ["src", "."]),
    ],
)
def test_what_is_imported_under_which_name(
    tmp_path: Path, files: dict[str, str], typed: str, module: str, path: list[str]
) -> None:
    """The module's name and the folders that come first in `sys.path`, as the entry's own imports need them."""
    write(tmp_path, files)

    target = _resolve(tmp_path, typed)

    assert target.module == module
    assert [str(p.relative_to(tmp_path)) for p in target.path] == path


@pytest.mark.parametrize(
    ("source", "options", "message"),
    [
        ("x = 1", {}, "no app in shop.py: give the file that makes it"),
        ("import os\nprint('hi')", {}, "no app in shop.py"),
        ("from fasthtml.common import *\nar = APIRouter()", {}, "no app in shop.py"),
        ("web, rt = fast_app()", {"app": "shop"}, "no shop in shop.py: web (fast_app) looks like one: --app web"),
        ("a = FastHTML()\nb = Starlette()", {"app": "c"}, "a (FastHTML) and b (Starlette) look like one"),
        ("app = 5", {}, "app in shop.py is no ASGI app but an int"),
        ("app = None", {}, "app in shop.py is no ASGI app but None"),
        (
            "def create_app():\n    return FastHTML()",
            {},
            "create_app() looks like it makes one: --factory --app",
        ),
        (
            "def app():\n    return FastHTML()",
            {"app": "app"},
            "is a function that makes the app: add --factory",
        ),
        ("if __name__ == '__main__':\n    app = FastHTML()", {}, "no app in shop.py"),
    ],
)
def test_a_source_without_the_app_is_refused(
    tmp_path: Path, source: str, options: dict[str, str], message: str
) -> None:
    """Before anything runs, with what looks like an app."""
    write(tmp_path, {"shop.py": source})

    with pytest.raises(UsageError) as caught:
        _resolve(tmp_path, "shop.py", **options)

    assert message in str(caught.value)


@pytest.mark.parametrize(
    "source",
    [
        APP,
        "web = make()",
        "from shopcore import app",
        "from shopcore import *",
        "try:\n    app = make()\nexcept ImportError:\n    pass",
        "async def app(scope, receive, send): pass",
        "def __getattr__(name): return 1",
        "app = FastHTML(",
    ],
)
def test_a_source_that_may_hold_an_app_is_let_through(tmp_path: Path, source: str) -> None:
    """What only the import can tell, the import tells; a syntax error too."""
    write(tmp_path, {"shop.py": source})

    assert _resolve(tmp_path, "shop.py").module == "shop"


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ("ap.py", "no such file: ap.py (there is app.py)"),
        ("nowhere/x.py", "no such file: nowhere/x.py (there is app.py)"),
        ("notes.txt", "notes.txt is not a Python file"),
        ("no_such_module", "no module no_such_module in "),
        ("app.py:", "after the colon comes the name of the app"),
        ("empty/", "no app in the folder empty/"),
    ],
)
def test_a_place_that_is_none(tmp_path: Path, typed: str, message: str) -> None:
    """Said with what could be meant."""
    write(tmp_path, {"app.py": APP, "notes.txt": "", "empty/x.txt": ""})

    with pytest.raises(UsageError) as caught:
        _resolve(tmp_path, typed)

    assert message in str(caught.value)


def test_nothing_to_find(tmp_path: Path) -> None:
    """Without a target and without an app in the usual places, the folder is named."""
    with pytest.raises(UsageError, match="no app found in"):
        _resolve(tmp_path, "")


def test_a_name_that_is_taken_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A script named like a module that already runs would never be imported."""
    other = ModuleType("shop_taken")
    other.__file__ = "/usr/lib/shop_taken.py"
    monkeypatch.setitem(sys.modules, "shop_taken", other)
    write(tmp_path, {"shop_taken.py": APP})

    with pytest.raises(UsageError, match="already loaded from /usr/lib"):
        _resolve(tmp_path, "shop_taken.py")


def test_the_roots(tmp_path: Path) -> None:
    """The script's folder; the working folder around it when it is a project; what is asked for instead of both."""
    write(tmp_path, {"src/shopapp.py": APP, "lib/x.py": ""})

    assert _resolve(tmp_path, "src/shopapp.py").roots == (tmp_path / "src",)

    write(tmp_path, {"pyproject.toml": ""})

    assert _resolve(tmp_path, "src/shopapp.py").roots == (tmp_path,)
    assert _resolve(tmp_path, "src/shopapp.py", reload_dirs=[Path("lib")]).roots == (tmp_path / "lib",)


def test_the_root_of_a_package_is_all_of_it(tmp_path: Path) -> None:
    """Also when the entry lies deep inside."""
    write(tmp_path, {"pkg/__init__.py": "", "pkg/web/__init__.py": "", "pkg/web/main.py": APP + "from ..db import x"})

    target = _resolve(tmp_path, "pkg/web/main.py")

    assert (target.module, target.roots) == ("pkg.web.main", (tmp_path / "pkg",))


def test_a_dotted_name_is_looked_for_in_the_app_dir(tmp_path: Path) -> None:
    """As with uvicorn's `--app-dir`, which also comes first in `sys.path`."""
    write(tmp_path, {"back/shopapp.py": APP})

    target = resolve("shopapp:app", app_dir="back", cwd=tmp_path)

    assert (target.file, target.path) == (tmp_path / "back" / "shopapp.py", (tmp_path / "back", tmp_path))
