"""A short run of the random tester, and tests of the tester itself."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from fh_dash.engine.engine import Engine
from fh_dash.engine.plan import Plan
from fh_dash.engine.transaction import Transaction
from tests.random_reload.check import check
from tests.random_reload.cold import Cold
from tests.random_reload.maker import FEATURES
from tests.random_reload.minimal import has_circle, overruns
from tests.random_reload.run import Finding, Options, run
from tests.random_reload.shrink import as_case, shrink
from tests.random_reload.world import Files
from tests.reload_cases.run import parse

PLAIN = {
    "app.py": "import conf\n\n\ndef f():\n    return conf.N\n\n\nEXTRA = 5\n",
    "conf.py": "N = 1\nM = 2\n",
    "more.py": "",
}


@pytest.fixture(scope="module")
def cold() -> Iterator[Cold]:
    with Cold() as cold:
        yield cold


@pytest.mark.parametrize("seed", [1, 1001, 2001])
def test_random_edits_come_out_as_after_a_restart(seed: int, cold: Cold) -> None:
    """Random projects under random edits, good and bad, look like a cold start after every save."""
    tally = run(60, seed, Options(per_project=20, most_findings=1, features=frozenset(FEATURES)))
    for finding in tally.findings:
        pytest.fail(f"seed {finding.seed}\n{as_case(*shrink(finding, cold, seconds=20))}", pytrace=False)
    assert tally.edits == 60


FOUND = sorted(Path(__file__).with_name("random_reload").joinpath("found").glob("*.case"))


@pytest.mark.parametrize("path", FOUND, ids=lambda path: path.stem)
def test_what_was_found(path: Path, cold: Cold) -> None:
    """Examples in which the engine once was wrong, as they were shrunk; the probes are those of the tester."""
    states: list[Files] = []
    for step in parse(path).steps:
        files = {**(states[-1] if states else {}), **step.files}
        states.append({name: text for name, text in files.items() if text is not None})
    assert len(states) > 1
    assert check(states, cold) is None


def test_a_stale_value_is_found(cold: Cold, monkeypatch: pytest.MonkeyPatch) -> None:
    """An engine that does nothing on a save differs from a cold start in what was edited."""
    monkeypatch.setattr(Engine, "plan", lambda *args, **named: Plan(empty=True))
    found = check([PLAIN, {**PLAIN, "conf.py": "N = 7\nM = 2\n"}], cold)
    assert found is not None
    step, fault = found
    assert (step, fault.kind) == (1, "differs")
    assert "app.f(): 7 (cold start) / 1 (reload)" in fault.details


def test_a_module_that_runs_for_nothing_is_found(cold: Cold, monkeypatch: pytest.MonkeyPatch) -> None:
    """An engine that runs everything on each save is told of modules that nothing connects with the change."""
    original = Engine.plan
    monkeypatch.setattr(Engine, "plan", lambda self, changed: original(self, changed, force=True))
    found = check([PLAIN, {**PLAIN, "app.py": PLAIN["app.py"] + "X = 1\n"}], cold)
    assert found is not None
    assert found[1].kind == "ran needlessly"
    assert found[1].details == ["conf.py ran, nothing it imports has changed"]


def test_a_bad_save_that_leaves_something_behind_is_found(cold: Cold, monkeypatch: pytest.MonkeyPatch) -> None:
    """An engine that does not put back what ran before the failure is told what is not as before."""
    monkeypatch.setattr(Transaction, "rollback", lambda self: None)
    found = check([PLAIN, {**PLAIN, "conf.py": "N = 7\n", "app.py": PLAIN["app.py"] + "1 / 0\n"}], cold)
    assert found is not None
    assert found[1].kind == "bad save changed something"
    assert any("conf.N" in line for line in found[1].details)


def test_an_example_is_shrunk_to_what_matters(cold: Cold, monkeypatch: pytest.MonkeyPatch) -> None:
    """Steps, files and statements that have nothing to do with the fault are left out of the example."""
    monkeypatch.setattr(Engine, "plan", lambda *args, **named: Plan(empty=True))
    states = [PLAIN, PLAIN, {**PLAIN, "more.py": "X = 1\n"}, {**PLAIN, "conf.py": "N = 7\nM = 2\n"}]
    found = check(states, cold)
    assert found is not None
    small, fault = shrink(Finding(0, states, [], found[1]), cold, seconds=20)
    assert small == [
        {"app.py": "import conf\n", "conf.py": ""},
        {"app.py": "import conf\n", "conf.py": "N = 7\n"},
    ]
    assert "=== save\n-- conf.py --\nN = 7\n=== then: differs" in as_case(small, fault)


def test_what_need_not_run_is_judged_by_the_files_alone() -> None:
    """A module need not run unless an import leads from it to a change, or from a changed one that registers to it."""
    files = {"app.py": "import a, b\n", "a.py": "T = []\n", "b.py": "X = 1\n", "c.py": "import a\na.T.append(1)\n"}
    assert overruns(files, {**files, "b.py": "X = 2\n"}, Counter({"b.py": 1, "app.py": 1, "a.py": 1})) == [
        "a.py ran, nothing it imports has changed"
    ]
    assert overruns(files, {**files, "c.py": "import a\na.T.append(2)\n"}, Counter({"c.py": 1, "a.py": 1})) == []
    assert overruns(files, {**files, "b.py": "# only a comment\nX = 1\n"}, Counter({"b.py": 1})) != []


def test_circles_of_imports_are_seen() -> None:
    """Imports inside functions make no circle while modules are loaded."""
    assert has_circle({"a.py": "import b\n", "b.py": "from a import X\n"})
    assert not has_circle({"a.py": "import b\n", "b.py": "def f():\n    from a import X\n"})


def test_no_project_is_left_behind(cold: Cold) -> None:
    """After a sequence its modules are not loaded any more."""
    before = dict(sys.modules)
    assert check([PLAIN], cold) is None
    assert sys.modules.keys() == before.keys()
