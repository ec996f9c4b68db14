"""Small apps with saves, in the format of `tests/reload_cases`, in this process: what people met who wrote apps.

Each was wrong once. Those that need a server, or the start of an app, are in `tests/reload_cases/cases`.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.reload_cases.run import Step, parse
from tests.support.project import Project

CASES = sorted(Path(__file__).with_name("cases").glob("*.case"))


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_case(path: Path, project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """After each save the pages are those of a fresh import; what is to be kept is; a bad save changes nothing."""
    case = parse(path)
    monkeypatch.chdir(project.root)
    start, *steps = case.steps
    project.load(start.files)
    assert steps
    for step in steps:
        carry_out(step, project, case.probes, case.keep)


def carry_out(step: Step, project: Project, probes: Sequence[str], keep: Sequence[str]) -> None:
    before = [project.get(path) for path in (*probes, *keep)]
    if step.kind == "break":
        project.bad_save(step.files)
        assert [project.get(path) for path in (*probes, *keep)] == before
        return
    project.save(step.files)
    found = [project.get(path) for path in probes]
    with project.restarted():
        fresh = [project.get(path) for path in probes]
    assert found == fresh
    assert [project.get(path) for path in keep] == before[len(probes) :]
