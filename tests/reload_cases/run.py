#!/usr/bin/env python3
"""Hold a dev server's hot reload against a cold start, case by case.

A case is a small web app plus a list of edits (see README.md for the format). For each edit the
runner writes the files while the server is running, polls the probes, and compares every response
with what a fresh interpreter answers for the same files. Nothing but the standard library is used.

    python run.py --server 'fh_utils dev {entry} --port {port}' cases/
    python run.py --server 'uvicorn {module}:{app} --reload --port {port}' --json out.json cases/

Placeholders in --server: {entry} file, {module} dotted name of it, {app} attribute, {port}.
Exit status: 0 when every case passes, 1 otherwise, 2 for bad arguments.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import http.client
import json
import os
import re
import shlex
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).resolve().parent
SECTION = re.compile(r"^=== *(start|save|break)(?: +(.*))?$")
FILE = re.compile(r"^-- (\S+)(?: \((deleted)\))? --$")

Answer = tuple[int, str]  # HTTP status and body
HOST = "localhost"  # the Host header: pages may print it


@dataclass
class Step:
    kind: str  # start, save: must equal a cold start; break: must go on answering as before
    files: dict[str, str | None] = field(default_factory=dict)  # None: delete
    note: str = ""


@dataclass
class Case:
    name: str
    title: str = ""
    entry: str = "app.py"
    app: str = "app"
    probes: list[str] = field(default_factory=list)  # must equal a cold start after each save
    keep: list[str] = field(default_factory=list)  # must equal their own answer before the save
    args: str = ""  # more arguments for the server under test
    steps: list[Step] = field(default_factory=list)

    @property
    def asked(self) -> list[str]:
        return [*self.probes, *self.keep]


def parse(path: Path) -> Case:
    """Read one case file."""
    case, step, current, lines = Case(path.stem), None, None, []

    def flush() -> None:
        if step is not None and current is not None:
            step.files[current] = "".join(lines)

    for number, line in enumerate(path.read_text().splitlines(keepends=True), 1):
        bare = line.rstrip("\n")
        if found := SECTION.match(bare):
            flush()
            step, current, lines = Step(found[1], note=found[2] or ""), None, []
            case.steps.append(step)
        elif step is not None and (found := FILE.match(bare)):
            flush()
            current, lines = found[1], []
            if found[2]:
                step.files[current], current = None, None
        elif step is None:
            if bare and not bare.startswith("#"):
                key, _, value = bare.partition(":")
                value = value.strip()
                if key in ("probe", "keep"):
                    getattr(case, "probes" if key == "probe" else "keep").extend(value.split())
                elif key in ("title", "entry", "app", "args"):
                    setattr(case, key, value)
                else:
                    raise SystemExit(f"{path}:{number}: unknown key {key!r}")
        elif current is not None:
            lines.append(line)
        elif bare.strip():
            raise SystemExit(f"{path}:{number}: text outside a file: {bare!r}")
    flush()
    if not case.steps or case.steps[0].kind != "start" or not case.probes:
        raise SystemExit(f"{path}: a case needs a probe and begins with === start")
    return case


def write(root: Path, files: dict[str, str | None], how: str) -> None:
    """Save files as an editor would: 'inplace' truncates and writes, 'rename' replaces."""
    for name, text in files.items():
        path = root / name
        if text is None:
            path.unlink()
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        if how == "rename" and path.exists():
            temporary = path.with_name(f".{path.name}.swp~")
            temporary.write_text(text)
            os.replace(temporary, path)
        else:
            path.write_text(text)


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def get(port: int, path: str, timeout: float = 5.0) -> Answer | None:
    """One request on a new connection; None when it was refused, reset or timed out."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        connection.request("GET", path, headers={"host": HOST, "accept": "text/html"})
        response = connection.getresponse()
        return response.status, clean(response.read().decode("utf-8", "replace"))
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()


def clean(body: str) -> str:
    """Drop what a live-reload tool injects into a page."""
    return re.sub(r"<script[^>]*data-fh-live[^>]*>.*?</script>", "", body, flags=re.S)


class Cold:
    """What a fresh interpreter answers, cached by the files' content."""

    def __init__(self, python: str) -> None:
        self.python, self.seen = python, {}

    def ask(self, root: Path, case: Case) -> dict[str, Answer]:
        digest = hashlib.sha256(repr((case.entry, case.app, case.args, case.probes, case.keep)).encode())
        for path in sorted(p for p in root.rglob("*") if p.is_file() and ".git" not in p.parts):
            if "__pycache__" in path.parts or path.name.startswith(".sesskey"):
                continue
            digest.update(str(path.relative_to(root)).encode() + b"\0" + path.read_bytes())
        key = digest.hexdigest()
        if key not in self.seen:
            copy = Path(tempfile.mkdtemp(prefix="cold-"))
            try:
                shutil.copytree(root, copy, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__", ".git"))
                name = case.app + ("()" if "--factory" in case.args else "")
                answers = self.start(copy, case, name)
                self.seen[key] = {p: (s, clean(b)) for p, (s, b) in answers.items()}
            finally:
                shutil.rmtree(copy, ignore_errors=True)
        return self.seen[key]

    def start(self, folder: Path, case: Case, name: str) -> dict[str, Answer]:
        """The answers of the app NAME in a process of its own."""
        command = [self.python, str(HERE / "cold.py"), str(folder), case.entry, name, *case.asked]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)
        if done.returncode:
            raise RuntimeError(f"a cold start fails:\n{done.stderr[-1500:]}")
        return json.loads(done.stdout.splitlines()[-1])


class Server:
    """The dev server under test, in a session of its own so that all of it can be stopped."""

    def __init__(self, template: str, case: Case, root: Path, port: int) -> None:
        self.port = port
        module = case.entry.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        command = template.format(entry=case.entry, module=module, app=case.app, port=self.port)
        self.log = open(root.parent / "server.log", "w+")  # noqa: SIM115 - closed by stop
        env = {**os.environ, "PYTHONDONTWRITEBYTECODE": "", "PYTHONUNBUFFERED": "1"}
        self.process = subprocess.Popen(
            [*shlex.split(command), *shlex.split(case.args)],
            cwd=root,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=self.log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def alive(self) -> bool:
        return self.process.poll() is None

    @contextlib.contextmanager
    def asleep(self, really: bool) -> Iterator[None]:
        """It must not wake up between two files of one save, which on a busy machine may be far apart."""
        if not really or not self.alive():
            yield
            return
        os.killpg(self.process.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.killpg(self.process.pid, signal.SIGCONT)

    def tail(self) -> str:
        self.log.flush()
        self.log.seek(0)
        return self.log.read()[-1500:]

    def stop(self) -> None:
        for sig, patience in ((signal.SIGINT, 3), (signal.SIGKILL, 5)):
            if self.alive():
                try:
                    os.killpg(self.process.pid, sig)
                    self.process.wait(patience)
                except (ProcessLookupError, subprocess.TimeoutExpired):
                    pass
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.log.close()


@dataclass
class Outcome:
    name: str
    ok: bool
    why: str = ""
    latencies: list[float] = field(default_factory=list)  # seconds, save to last probe fresh
    refused: int = 0  # polls that got no answer after a save


def run(
    case: Case,
    template: str,
    cold: Cold,
    patience: float,
    how: str,
    verbose: bool,
    pause: float = 0.005,
    settle: float = 0.7,
    port: int | None = None,
) -> Outcome:
    """Play one case against a server started for it.

    `pause`: seconds between two polls after a save; `settle`: from the first answer until its watcher is relied on.
    """
    base = Path(tempfile.mkdtemp(prefix=f"case-{case.name}-"))
    trial = Trial(case, template, cold, patience, how, base / "project")
    trial.pause, trial.settle, trial.port = pause, settle, port
    outcome = trial.outcome
    try:
        trial.start()
        for number, step in enumerate(case.steps[1:], 1):
            trial.play(f"edit {number}" + (f" ({step.note})" if step.note else ""), step)
    except (AssertionError, RuntimeError) as error:
        outcome.ok, outcome.why = False, str(error)
        if verbose and trial.server is not None:
            outcome.why += f"\n--- server log\n{trial.server.tail()}"
    finally:
        if trial.server is not None:
            trial.server.stop()
        shutil.rmtree(base, ignore_errors=True)
    return outcome


class Trial:
    def __init__(self, case: Case, template: str, cold: Cold, patience: float, how: str, root: Path) -> None:
        self.case, self.template, self.cold, self.patience, self.how, self.root = (
            case,
            template,
            cold,
            patience,
            how,
            root,
        )
        self.pause, self.settle = 0.005, 0.7
        self.port: int | None = None  # any that is free
        self.outcome = Outcome(case.name, ok=True)
        self.server: Server | None = None

    def get(self, probe: str) -> Answer | None:
        assert self.server is not None
        return get(self.server.port, probe)

    def expect(self, label: str, wanted: dict[str, Answer], named: str) -> None:
        for probe, answer in wanted.items():
            if (seen := self.get(probe)) != answer:
                raise AssertionError(f"{label}: {probe}: {seen!r}, {named} {answer!r}")

    def start(self) -> None:
        self.root.mkdir()
        write(self.root, self.case.steps[0].files, "inplace")
        wanted = self.cold.ask(self.root, self.case)
        self.server = Server(self.template, self.case, self.root, self.port or free_port())
        deadline = time.monotonic() + 60
        while self.get(self.case.probes[0]) is None:
            if not self.server.alive() or time.monotonic() > deadline:
                raise AssertionError("the server did not start")
            time.sleep(0.05)
        self.expect("start", {p: wanted[p] for p in self.case.probes}, "cold start")
        time.sleep(self.settle)

    def play(self, label: str, step: Step) -> None:
        kept = {p: self.get(p) for p in self.case.keep}
        if bad := [p for p, a in kept.items() if a is None or a[0] != 200]:
            raise AssertionError(f"before {label}: {bad[0]} (keep) answers {kept[bad[0]]!r}")
        before = {p: self.get(p) for p in self.case.probes}
        with self.server.asleep(len(step.files) > 1):
            write(self.root, step.files, self.how)
        if step.kind == "break":
            self._stays(label, before)
        else:
            self._becomes_fresh(label, before)
        self.expect(f"{label}: state lost", kept, "before")

    def _stays(self, label: str, before: dict[str, Answer]) -> None:
        time.sleep(1.2)
        self.expect(label, before, "before")
        if not self.server.alive():
            raise AssertionError(f"{label}: the server died")

    def _becomes_fresh(self, label: str, before: dict[str, Answer]) -> None:
        saved = time.monotonic()
        history: list[tuple[float, str, Answer | None]] = []
        answer = self._poll(saved, history)
        last = {probe: seen for _, probe, seen in history}
        if missing := [p for p in self.case.probes if last[p] != answer[p]]:
            probe = missing[0]
            raise AssertionError(f"{label}: {probe}: {last[probe]!r}, cold start {answer[probe]!r}")
        visible = any(before[p] != answer[p] for p in self.case.probes)
        if visible:
            self.outcome.latencies.append(max(fresh_since(history, p, answer[p]) for p in self.case.probes))
        time.sleep(0.3 if visible else 0.6)  # it stays fresh; what changes nothing reloads, too
        self.expect(f"{label}: later", {p: answer[p] for p in self.case.probes}, "cold start")

    def _poll(self, saved: float, history: list[tuple[float, str, Answer | None]]) -> dict[str, Answer]:
        """Ask until all probes are fresh or patience ends; the answers of a cold start."""
        wanted = cold_in_background(self.cold, self.root, self.case)
        while True:
            now = time.monotonic()
            for probe in self.case.probes:
                seen = self.get(probe)
                self.outcome.refused += seen is None
                history.append((time.monotonic() - saved, probe, seen))
            if (answer := wanted()) is not None:
                last = {probe: seen for _, probe, seen in history}
                if all(last[p] == answer[p] for p in self.case.probes) or now - saved > self.patience:
                    return answer
            time.sleep(self.pause)


def fresh_since(history: list[tuple[float, str, Answer | None]], probe: str, answer: Answer) -> float:
    """When the probe began to give only the answer."""
    polls = [(t, seen) for t, p, seen in history if p == probe]
    stale = [i for i, (_, seen) in enumerate(polls) if seen != answer]
    return polls[stale[-1] + 1 if stale else 0][0]


def cold_in_background(cold: Cold, root: Path, case: Case):
    """Start the cold start beside the polling; the returned call gives None until it is there."""
    box: dict = {}

    def work() -> None:
        try:
            box["answer"] = cold.ask(root, case)
        except Exception as error:  # shown by the caller
            box["error"] = error

    threading.Thread(target=work, daemon=True).start()

    def poll():
        if "error" in box:
            raise RuntimeError(box["error"])
        return box.get("answer")

    return poll


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cases", nargs="+", type=Path, help="case files or folders of them")
    parser.add_argument("--server", required=True, help="command of the dev server under test")
    parser.add_argument("--python", default=sys.executable, help="interpreter for the cold start")
    parser.add_argument("--only", default="", help="run the cases whose name contains this")
    parser.add_argument("--patience", type=float, default=4.0, help="seconds until an answer counts as stale")
    parser.add_argument("--save", choices=("inplace", "rename"), default="inplace")
    parser.add_argument("--json", type=Path, help="write the outcomes here")
    parser.add_argument("-v", "--verbose", action="store_true", help="show the server's log of a failed case")
    options = parser.parse_args()
    paths = [p for c in options.cases for p in (sorted(c.glob("*.case")) if c.is_dir() else [c])]
    cases = [parse(p) for p in paths if options.only in p.stem]
    if not cases:
        parser.error("no cases")
    cold, outcomes = Cold(options.python), []
    for case in cases:
        outcome = run(case, options.server, cold, options.patience, options.save, options.verbose)
        outcomes.append(outcome)
        speed = f" {1000 * statistics.median(outcome.latencies):6.0f} ms" if outcome.latencies else ""
        print(f"{'pass' if outcome.ok else 'FAIL'}  {case.name:<34}{speed}  {outcome.why[:600]}", flush=True)
    good = sum(o.ok for o in outcomes)
    latencies = sorted(t for o in outcomes for t in o.latencies)
    print(f"\n{good} passed, {len(outcomes) - good} failed")
    if latencies:
        p95 = latencies[min(len(latencies) - 1, int(0.95 * len(latencies)))]
        print(
            f"save to fresh answer: median {1000 * statistics.median(latencies):.0f} ms, "
            f"p95 {1000 * p95:.0f} ms, unanswered polls {sum(o.refused for o in outcomes)}"
        )
    if options.json:
        options.json.write_text(json.dumps([vars(o) for o in outcomes], indent=1))
    return 0 if good == len(outcomes) else 1


if __name__ == "__main__":
    sys.exit(main())
