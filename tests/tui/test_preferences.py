from __future__ import annotations

from pathlib import Path

from fh_dash.tui import preferences


def test_the_project_goes_before_the_person(tmp_path: Path) -> None:
    """Theme, limit and keys of pyproject.toml, over those of the user's file."""
    home, project = tmp_path / "home", tmp_path / "project" / "deep"
    (home / "fh-dash").mkdir(parents=True)
    project.mkdir(parents=True)
    (home / "fh-dash" / "config.toml").write_text(
        '[dashboard]\ntheme = "nord"\nslow = 50\n[keys]\nreload = "f5"\nquit = "x"\n'
    )
    (tmp_path / "project" / "pyproject.toml").write_text(
        '[tool.fh-dash.dashboard]\ntheme = "fh-light"\n[tool.fh-dash.keys]\nreload = ["f6", "r"]\n'
    )
    chosen = preferences.load(project, {"XDG_CONFIG_HOME": str(home)})

    assert (chosen.theme, chosen.slow, chosen.problems) == ("fh-light", 50.0, ())
    assert chosen.keymap == {"reload": "f6,r", "quit": "x"}


def test_mistakes_are_named_and_do_no_harm(tmp_path: Path) -> None:
    """The dashboard starts, and says what it did not understand."""
    (tmp_path / "pyproject.toml").write_text('[tool.fh-dash.dashboard]\nslow = "x"\n[tool.fh-dash.keys]\nfly = "f"\n')
    chosen = preferences.load(tmp_path, {"XDG_CONFIG_HOME": str(tmp_path)})

    assert chosen.slow == preferences.SLOW
    assert chosen.problems == ("no action is called fly", "slow takes milliseconds")
    (tmp_path / "pyproject.toml").write_text("no toml")

    assert "pyproject.toml" in preferences.load(tmp_path, {"XDG_CONFIG_HOME": str(tmp_path)}).problems[0]


def test_the_layout_of_last_time(tmp_path: Path) -> None:
    """What was remembered comes back; nothing and nonsense are empty."""
    environ = {"XDG_STATE_HOME": str(tmp_path)}

    assert preferences.remembered(environ) == {}
    preferences.remember({"theme": "fh-light", "zoomed": True}, environ)
    assert preferences.remembered(environ) == {"theme": "fh-light", "zoomed": True}
    (tmp_path / "fh-dash" / "layout.json").write_text("[1]")
    assert preferences.remembered(environ) == {}
