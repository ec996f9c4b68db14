"""Run a sequence of project states through the engine, and find the first step at which something is not right."""

from __future__ import annotations

import ast
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.random_reload.cold import Cold, Outcome
from tests.random_reload.known import LATE, TWICE
from tests.random_reload.live import ENTRY, Live
from tests.random_reload.minimal import imported_names, overruns
from tests.random_reload.observe import FAILED_LATE, SOURCE, Account, differences
from tests.random_reload.snapshot import Snapshot
from tests.random_reload.world import Files


@dataclass(frozen=True)
class Fault:
    """Something that the engine did wrong."""

    kind: str
    """`differs`, `refused` (a good save), `accepted` (a bad one), `bad save changed something`, `ran needlessly`,
    `crashed`."""
    details: list[str] = field(default_factory=list)
    reports: list[str] = field(default_factory=list)
    """What the engine says it did."""


class Session:
    """One project under the engine, compared with cold starts step by step."""

    def __init__(self, live: Live, cold: Cold) -> None:
        self._live, self._cold = live, cold
        self._account: Account | None = None
        """Of the state that serves now; None while nothing does."""
        self._serving: Files = {}
        self._dirty: list[Path] = []
        self._begun = self._failed_start = self._failed_late = False

    def try_out(self, files: Files) -> Outcome:
        """Write the files, for a look at what a cold start makes of them."""
        self._dirty += [path for path in self._live.write(files) if path not in self._dirty]
        return self._cold.start(self._live.root, ENTRY)

    def step(self, outcome: Outcome) -> Fault | None:
        """Tell the engine of what was written since the last time, and compare with `outcome`."""
        paths, self._dirty = self._dirty, []
        try:
            if self._account is None:
                return self._first(paths, outcome)
            if outcome.error:
                return self._bad(paths, outcome)
            return self._good(paths, outcome)
        except Exception as error:
            import traceback

            return Fault("crashed", traceback.format_exception(error)[-6:])

    def _first(self, paths: list[Path], outcome: Outcome) -> Fault | None:
        live = self._live
        error = live.reload(paths) if self._begun else live.load()
        self._begun = True
        if outcome.error:
            self._failed_start = True
            return None if error else Fault("accepted", [outcome.error], live.reports)
        if error:
            return Fault("refused", [error], live.reports)
        fault = self._compare(outcome)
        if fault and self._failed_start:
            return Fault("differs after a failed start", fault.details, fault.reports)
        return fault

    def _good(self, paths: list[Path], outcome: Outcome) -> Fault | None:
        live = self._live
        before, loaded = self._serving, live.loaded()
        snapshot = Snapshot(str(live.root)) if self._may_refuse(outcome) else None
        error = live.reload(paths)
        if error:
            return self._unchanged(snapshot, error) if snapshot else Fault("refused", [error], live.reports)
        if fault := self._compare(outcome):
            return fault
        executed = Counter({path: times for path, times in live.executed.items() if path in loaded})
        if needless := overruns(before, live.files, executed):
            return Fault("ran needlessly", needless, live.reports)
        return None

    def _compare(self, outcome: Outcome) -> Fault | None:
        self._serving = dict(self._live.files)
        found = self._account = self._look(outcome.account)
        wrong = differences(outcome.account, found)
        self._failed_late |= FAILED_LATE in outcome.account
        if self._failed_late:
            wrong = [f"{line} {LATE}" for line in wrong]
        elif outcome.twice:
            wrong = [f"{line} {TWICE}" for line in wrong]
        return Fault("differs", wrong, self._live.reports) if wrong else None

    def _look(self, other: Account) -> Account:
        """An account of the modules in another one; those that functions imported may be there as well."""
        found = self._live.account(_modules(other))
        lazy = {part for path, text in self._serving.items() for part in imported_names(path, text)}
        found["more modules"] = " ".join(name for name in found["more modules"].split() if name not in lazy)
        return found

    def _may_refuse(self, outcome: Outcome) -> bool:
        """Whether a module that is loaded here was not to be loaded in the cold start.

        If it was imported inside a function, and is broken now, that function raises after a cold start; to refuse
        the save is better.
        """
        there = set(map(_module_name, self._live.loaded())) & set(map(_module_name, self._live.files))
        return not there <= set(_modules(outcome.account))

    def _bad(self, paths: list[Path], outcome: Outcome) -> Fault | None:
        snapshot = Snapshot(str(self._live.root))
        error = self._live.reload(paths)
        if not error:
            return Fault("accepted", [outcome.error], self._live.reports)
        return self._unchanged(snapshot, error)

    def _unchanged(self, snapshot: Snapshot, error: str) -> Fault | None:
        assert self._account is not None
        refused = self._live.files
        self._live.write(self._serving)  # probes may import, inside of functions, what is on the disk
        now = self._look(self._account)
        self._live.write(refused)
        changes = snapshot.changes()
        changes += [line.replace("(cold start)", "(before)") for line in self._since(now)]
        if self._failed_late:
            return None  # the probes themselves have changed something
        return Fault("bad save changed something", [error, *changes], self._live.reports) if changes else None

    def _since(self, now: Account) -> list[str]:
        before = {place: text for place, text in (self._account or {}).items() if not place.endswith(SOURCE)}
        return differences(before, {place: text for place, text in now.items() if not place.endswith(SOURCE)})


def _module_name(path: str) -> str:
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def _modules(account: Account) -> list[str]:
    return account["sys.modules"].split()


@contextmanager
def session(cold: Cold) -> Iterator[Session]:
    root = Path(tempfile.mkdtemp(prefix="fh-random-")).resolve()
    with Live(root) as live:
        yield Session(live, cold)


def check(states: Sequence[Files], cold: Cold) -> tuple[int, Fault] | None:
    """The first step that goes wrong, or None."""
    with session(cold) as running:
        for number, files in enumerate(states):
            outcome = running.try_out(files)
            if outcome.endless:
                return None
            if fault := running.step(outcome):
                return number, fault
    return None


def is_layout_only(before: Files, after: Files) -> bool:
    """Whether two states have equal syntax trees in equal files."""
    try:
        return before.keys() == after.keys() and all(
            before[path] == after[path] or ast.dump(ast.parse(before[path])) == ast.dump(ast.parse(after[path]))
            for path in before
        )
    except SyntaxError:
        return False
