"""Play random projects and edits until enough were seen, and tell what went wrong, shrunk."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from tests.random_reload.check import Fault, Session, session
from tests.random_reload.cold import Cold, Outcome
from tests.random_reload.edits import damage, heal, random_edit
from tests.random_reload.generator import make_world
from tests.random_reload.known import known
from tests.random_reload.minimal import has_circle
from tests.random_reload.world import Files, World


@dataclass
class Finding:
    """A sequence of project states of which the last one shows a fault."""

    seed: int
    states: list[Files]
    notes: list[str]
    fault: Fault


@dataclass
class Tally:
    edits: int = 0
    bad: int = 0
    projects: int = 0
    seconds: float = 0.0
    kinds: Counter[str] = field(default_factory=Counter)
    known: Counter[str] = field(default_factory=Counter)
    findings: list[Finding] = field(default_factory=list)


@dataclass(frozen=True)
class Options:
    per_project: int = 25
    """Edits of one project."""
    most_findings: int = 10
    features: frozenset[str] = frozenset()
    """Of `maker.FEATURES`."""


def play(seed: int, edits: int, cold: Cold, tally: Tally, options: Options) -> Finding | None:
    """One project with up to `edits` edits; ends early with the first fault."""
    with session(cold) as running:
        return _Game(Random(seed), running, seed, tally, options).play(edits)


class _Game:
    def __init__(self, rng: Random, running: Session, seed: int, tally: Tally, options: Options) -> None:
        self._rng, self._session, self._seed, self._tally, self._options = rng, running, seed, tally, options
        self._states: list[Files] = []
        self._notes: list[str] = []

    def play(self, edits: int) -> Finding | None:
        good, outcome = self._start()
        current = good
        if finding := self._step("start", current, outcome):
            return finding
        for _ in range(edits):
            what, current, outcome = self._next(good, current)
            if finding := self._step(what, current, outcome):
                return finding
            self._tally.edits += 1
            if outcome.error:
                self._tally.bad += 1
            else:
                good = current
        return None

    def _start(self) -> tuple[World, Outcome]:
        """A valid project, or now and then one that does not start."""
        while True:
            world = make_world(self._rng, self._rng.randint(2, 8), self._options.features)
            if "circles" not in self._options.features and has_circle(world.files()):
                continue
            outcome = self._session.try_out(world.files())
            if outcome.endless:
                continue
            if not outcome.error or ("failed starts" in self._options.features and self._rng.random() < 0.03):
                return world, outcome

    def _next(self, good: World, current: World) -> tuple[str, World, Outcome]:
        """An edit, of the last good state or of the broken one after it."""
        rng, features = self._rng, self._options.features
        while True:
            if current is not good and rng.random() < 0.5:
                what, world = ("put back", good)
            elif current is not good and rng.random() < 0.5:
                what, world = random_edit(rng, heal(rng, current), features)
                what = f"mend, {what}"
            elif rng.random() < 0.12:
                what, world = damage(rng, current, features)
            else:
                what, world = random_edit(rng, current, features)
            if "circles" not in self._options.features and has_circle(world.files()):
                continue
            outcome = self._session.try_out(world.files())
            if outcome.endless or (outcome.error and outcome.twice):
                continue  # the latter: see `known.TWICE`
            deliberate = any(module.damage for module in world.modules.values())
            by_chance = "circular import" not in outcome.error and rng.random() < 0.3
            if not outcome.error or deliberate or by_chance:
                return what, world, outcome

    def _step(self, what: str, world: World, outcome: Outcome) -> Finding | None:
        self._states.append(world.files())
        self._notes.append(what)
        fault = self._session.step(outcome)
        self._tally.kinds[what.split()[0]] += 1
        if fault and fault.kind.startswith("differs") and (name := known(fault.details)):
            self._tally.known[name] += 1
            return None
        return Finding(self._seed, self._states, self._notes, fault) if fault else None


def run(
    edits: int,
    seed: int,
    options: Options = Options(),
    *,
    tell: Callable[[str], object] = lambda line: None,
) -> Tally:
    """Projects with seeds from `seed` on, until `edits` edits were made or too many faults were found."""
    tally, began, told = Tally(), time.perf_counter(), 0.0
    with Cold() as cold:
        while tally.edits < edits and len(tally.findings) < options.most_findings:
            finding = play(seed + tally.projects, min(options.per_project, edits - tally.edits), cold, tally, options)
            tally.projects += 1
            tally.seconds = time.perf_counter() - began
            if finding:
                tally.findings.append(finding)
                tell(f"seed {finding.seed}, step {len(finding.states) - 1} ({finding.notes[-1]}): {finding.fault.kind}")
                for line in finding.fault.details[:4]:
                    tell(f"    {line[:300]}")
            if tally.seconds - told > 30:
                told = tally.seconds
                tell(summary(tally))
    return tally


def summary(tally: Tally) -> str:
    rate = tally.edits / max(tally.seconds, 0.001)
    python = ".".join(map(str, sys.version_info[:3]))
    return (
        f"{tally.edits} edits ({tally.bad} bad ones) in {tally.projects} projects, {len(tally.findings)} faults, "
        f"{rate:.0f} edits/s, Python {python}"
        + "".join(f"; {count} times {name}" for name, count in tally.known.items())
    )
