"""Reload equals restart: the cases of `reload_cases/`, saved in place and by renaming, against `fh_utils dev`.

Those of the large families are saved in one style each, in turn; with RELOAD_CASES=all in both.
"""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.reload_cases import run as runner
from tests.reload_cases.nursery import Nursery
from tests.support.ports import free_port

CASES = Path(__file__).with_name("reload_cases") / "cases"
PYTHON = shlex.quote(sys.executable)
SERVER = f"{PYTHON} -m fh_utils dev {{entry}} --port {{port}} --no-access-log"

STYLES = ("inplace", "rename")
FAMILIES = ("app_", "break_", "cls_", "def_", "imp_", "keep_", "reg_", "src_")


def styles(number: int, name: str) -> tuple[str, ...]:
    in_turn = name.startswith(FAMILIES) and os.environ.get("RELOAD_CASES") != "all"
    return (STYLES[number % 2],) if in_turn else STYLES


@pytest.fixture(scope="session")
def cold() -> Iterator[runner.Cold]:
    nursery = Nursery(sys.executable)
    yield nursery
    nursery.close()


def parameters() -> list[object]:
    return [
        pytest.param(path, style, id=f"{path.stem}-{style}")
        for number, path in enumerate(sorted(CASES.glob("*.case")))
        for style in styles(number, path.stem)
    ]


@pytest.mark.parametrize(("path", "style"), parameters())
def test_case(path: Path, style: str, cold: runner.Cold) -> None:
    """After each save every answer is what a fresh interpreter gives; after a bad one nothing has changed."""
    case, port = runner.parse(path), free_port()
    outcome = runner.run(case, SERVER, cold, patience=4.0, how=style, verbose=True, pause=0.02, settle=0, port=port)

    assert outcome.ok, outcome.why
    assert outcome.refused == 0, f"{outcome.refused} polls got no answer"


def test_all_cases_are_there() -> None:
    assert len(list(CASES.glob("*.case"))) >= 300
