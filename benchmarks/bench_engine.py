"""How long the engine takes for one edit, by the size of the project and of the heap.

    python benchmarks/bench_engine.py [--json FILE]

Each row is a fresh process: it builds a project, loads it, then saves one function body again and again. Printed are
median and 95th percentile, in milliseconds, of planning plus execution; for the long run also the 20 reloads around the
10th against the last 20, and the growth of the resident memory. No server and no watcher are involved.
"""

from __future__ import annotations

import argparse
import gc
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SCENARIOS: dict[str, dict[str, int]] = {
    "10 modules": {"modules": 10},
    "200 modules": {"modules": 200},
    "2,000 modules": {"modules": 2000},
    "1 class": {"modules": 10, "classes": 1},
    "50 classes": {"modules": 10, "classes": 50},
    "2M live objects": {"modules": 10, "objects": 2_000_000},
    "2M live objects, 50 classes": {"modules": 10, "objects": 2_000_000, "classes": 50},
    "1,000 reloads": {"modules": 10, "classes": 5, "reloads": 1000},
}


def build(root: Path, modules: int, classes: int) -> Path:
    """A tree of modules in packages of 20: each uses one helper of its predecessor inside a function."""
    names = []
    for number in range(modules):
        package = root / f"part{number // 20}"
        package.mkdir(exist_ok=True)
        (package / "__init__.py").touch()
        name = f"part{number // 20}.mod{number}"
        uses = f"from {names[-1]} import helper as before\n" if names else "def before(): return 0\n"
        (package / f"mod{number}.py").write_text(
            f"{uses}STATE = [{number}]\ndef helper():\n    return before() + {number}\ndef other(x=1):\n    return x\n"
        )
        names.append(name)
    imports = "".join(f"import {name}\n" for name in names)
    (root / "app.py").write_text(f"{imports}import edited\ndef answer():\n    return edited.work()\n")
    return root / "edited.py"


def text(version: int, classes: int) -> str:
    parts = [f"class C{n}:\n    kind = {n}\n    def go(self):\n        return {version}\n" for n in range(classes)]
    return "".join(parts) + f"def work():\n    return {version}\n"


def resident() -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    return 0


def measure(modules: int, classes: int = 0, objects: int = 0, reloads: int = 60) -> dict[str, float]:
    root = Path(tempfile.mkdtemp(prefix="bench-"))
    edited = build(root, modules, classes)
    edited.write_text(text(0, classes))
    sys.path.insert(0, str(root))
    from fh_dash.engine import Engine

    engine = Engine([root], "app")
    engine.install()
    first = engine.execute(engine.plan_load())
    if first.error:
        raise first.error
    first.commit()
    heap = [(n,) for n in range(objects // 2)], [[] for n in range(objects // 2)]
    times, memory = [], []
    for version in range(1, reloads + 1):
        edited.write_text(text(version, classes))
        began = time.perf_counter()
        transaction = engine.execute(engine.plan([edited]))
        if transaction.error:
            raise transaction.error
        transaction.commit()
        times.append((time.perf_counter() - began) * 1000)
        if sys.modules["app"].answer() != version:
            raise AssertionError(f"stale after reload {version}")
        if version % 10 == 0:
            gc.collect() if not objects else None
            memory.append(resident())
    del heap
    ordered = sorted(times[5:])
    return {
        "median": statistics.median(ordered),
        "p95": ordered[int(0.95 * len(ordered))],
        "early": statistics.median(times[5:25]),
        "late": statistics.median(times[-20:]),
        "growth_mb": (memory[-1] - memory[0]) / 1e6,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--one", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(measure(**json.loads(options.one))))
        return
    rows = {}
    print(f"{'scenario':<30}{'median':>9}{'p95':>9}{'10th':>9}{'last':>9}{'RSS growth':>13}")
    for name, scenario in SCENARIOS.items():
        command = [sys.executable, __file__, "--one", json.dumps(scenario)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        row = rows[name] = json.loads(done.stdout)
        print(
            f"{name:<30}{row['median']:>6.1f} ms{row['p95']:>6.1f} ms{row['early']:>6.1f} ms{row['late']:>6.1f} ms"
            f"{row['growth_mb']:>10.1f} MB",
            flush=True,
        )
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1))


if __name__ == "__main__":
    main()
