from __future__ import annotations

from pathlib import Path

import pytest

from fh_dash.watch.filters import Filters, outermost


@pytest.mark.parametrize(
    ("includes", "excludes", "path", "expected"),
    [
        ((), (), "app.py", True),
        ((), (), "pkg/deep/mod.py", True),
        ((), (), "data.json", False),
        (("*.json",), (), "data.json", True),
        ((), (), ".hidden.py", False),
        ((), (), "~app.py", False),
        ((), ("gen_*.py",), "gen_one.py", False),
        ((), ("*.py",), "app.py", False),
        ((".env",), (), ".env", True),
        ((".*",), (), ".hidden.py", True),
        ((), ("built",), "built/app.py", False),
        ((), ("built",), "rebuilt/app.py", True),
    ],
)
def test_include_and_exclude_mean_what_they_mean_to_uvicorn(
    tmp_path: Path, includes: tuple[str, ...], excludes: tuple[str, ...], path: str, expected: bool
) -> None:
    """Python files count unless a pattern or folder excludes them; other files count when included."""
    (tmp_path / "built").mkdir()

    assert expected is Filters(includes, excludes, cwd=tmp_path).included(tmp_path / path)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("app.py", "python"),
        ("static/style.css", "asset"),
        ("templates/page.jinja2", "asset"),
        ("todos.db", "other"),
        ("todos.db-wal", None),
        ("app.pyc", None),
        ("app.py~", None),
        (".app.py.swp", None),
        ("4913", None),
        ("server.log", None),
        (".env", "other"),
        (".env.local", "other"),
        (".envrc", None),
        (".netrc", None),
    ],
)
def test_changed_files_are_sorted_into_kinds(tmp_path: Path, path: str, expected: str | None) -> None:
    """Python, what a page shows, other data, and the litter that nobody hears of."""
    assert expected == Filters(cwd=tmp_path).kind(tmp_path / path)


def test_an_excluded_file_with_settings_is_left_alone(tmp_path: Path) -> None:
    """`.env` is data like any other, until a pattern excludes it."""
    assert Filters((), [".env"], cwd=tmp_path).kind(tmp_path / ".env") is None
    assert Filters((), [".env"], cwd=tmp_path).kind(tmp_path / ".env.local") == "other"


def test_an_included_log_file_is_no_noise(tmp_path: Path) -> None:
    """What the person asks for by pattern is reported, litter or not."""
    assert Filters(["*.log"], cwd=tmp_path).kind(tmp_path / "a.log") == "other"


@pytest.mark.parametrize("name", [".git", ".venv", "node_modules", "__pycache__", "x.egg-info"])
def test_heavy_folders_are_pruned_by_name(tmp_path: Path, name: str) -> None:
    """Version control, environments and caches are never entered."""
    assert Filters(cwd=tmp_path).prunes(str(tmp_path / name))


def test_an_environment_is_known_by_its_marker(tmp_path: Path) -> None:
    """A virtual environment is pruned whatever its name is."""
    (tmp_path / "env3").mkdir()
    (tmp_path / "env3" / "pyvenv.cfg").touch()

    assert Filters(cwd=tmp_path).prunes(str(tmp_path / "env3"))


def test_an_included_folder_is_offered_as_a_root(tmp_path: Path) -> None:
    """A pattern that names a folder stands for the folder, as in uvicorn."""
    (tmp_path / "templates").mkdir()

    assert (tmp_path / "templates",) == Filters(["templates"], cwd=tmp_path).folders


def test_nested_roots_collapse(tmp_path: Path) -> None:
    """A root inside another one is not watched twice."""
    inner = tmp_path / "a" / "b"

    assert (tmp_path, Path("/other")) == outermost([inner, tmp_path, Path("/other"), tmp_path])
