"""What README says is so."""

from __future__ import annotations

import os
import re
import tomllib
from pathlib import Path
from typing import Any

import click
import pytest

from fh_dash import cli

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, flags=re.S)


def test_the_two_commands() -> None:
    """The first blocks are the demo and the tests, on one line each; .ci/run takes the latter from here."""
    demo, tests, *_ = blocks("sh")

    assert demo.strip().endswith("fh-dash docs/demo/app.py")
    assert re.fullmatch(r"python3 -m venv .*pip install -e '\.\[test\]' .*pytest -n \d --dist worksteal\n", tests)
    assert [line for line in README.splitlines() if "/pytest" in line] == [tests.strip()]
    assert os.access(ROOT / ".ci" / "run", os.X_OK)


def test_links_and_pictures() -> None:
    """Every file that README points to is there."""
    targets = re.findall(r"\]\((?!http)([^)]+)\)", README)

    assert targets
    assert [t for t in targets if not (ROOT / t).exists()] == []


def test_python(monkeypatch: pytest.MonkeyPatch) -> None:
    """The Python examples run."""
    for block in blocks("python"):
        names: dict[str, Any] = {"__name__": "readme"}
        exec(compile(block, "README.md", "exec"), names)

        assert names["load_model"].cache_info() == (0, 0, None, 0)


def test_flags() -> None:
    """Every flag in the text is one of ours or uvicorn's."""
    cli.dev.borrow()
    known = {flag for p in cli.dev.params for flag in (*p.opts, *p.secondary_opts)} | {"--help"}

    text = "\n".join(line for line in README.splitlines() if "/pytest" not in line)
    assert set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", text)) <= known


def test_settings() -> None:
    """The settings in the text are settings."""
    for block in blocks("toml"):
        table = tomllib.loads(block)["tool"]["fh-dash"]
        names = {o.name for o in cli.dash.params} | {(o.opts[0].removeprefix("--")) for o in cli.dash.params}

        assert {k for k, v in table.items() if not isinstance(v, dict)} <= names


def test_keys() -> None:
    """The keys in the table are bound in the dashboard."""
    from fh_dash.tui import bindings

    bound = {key for _, group in bindings.GROUPS for b in group for key in b.key.split(",")}
    told = re.findall(r"^\| (`.*?) \|", README, flags=re.M)
    names = {"?": "question_mark", "/": "slash", "Enter": "enter", "Esc": "escape"}
    keys = {names.get(k, k) for cell in told for k in re.findall(r"`([^`]+)`", cell)}

    assert keys <= bound | {"ctrl+p"}


def test_commands_have_help() -> None:
    """Every option of ours has a sentence of help."""
    for command in (cli.dash, cli.dev, cli.run):
        assert [p.name for p in command.own if isinstance(p, click.Option) and not p.help] == []
