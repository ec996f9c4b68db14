"""`python -m tests.random_reload --edits 20000 --seed 1`"""

from __future__ import annotations

import argparse
import sys

from tests.random_reload.cold import Cold
from tests.random_reload.maker import FEATURES
from tests.random_reload.run import Options, run, summary
from tests.random_reload.shrink import as_case, shrink


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.random_reload", description="Random tests of the reload engine."
    )
    parser.add_argument("--edits", type=int, default=20000, help="how many edits to make in all")
    parser.add_argument("--seed", type=int, default=1, help="of the first project; the next ones count up")
    parser.add_argument("--per-project", type=int, default=25, help="edits of one project")
    parser.add_argument("--most", type=int, default=10, help="stop after so many faults")
    parser.add_argument("--no-shrink", action="store_true", help="do not make the examples small")
    parser.add_argument("--seconds", type=float, default=60, help="to spend on shrinking one example")
    parser.add_argument(
        "--only", nargs="*", choices=list(FEATURES), help="features that programs may have (default: all)"
    )
    options = parser.parse_args()
    features = frozenset(FEATURES if options.only is None else options.only)
    tally = run(options.edits, options.seed, Options(options.per_project, options.most, features), tell=_tell)
    if not options.no_shrink:
        with Cold() as cold:
            for finding in tally.findings:
                states, fault = shrink(finding, cold, seconds=options.seconds)
                _tell(f"\n##### seed {finding.seed}: {fault.kind}\n{as_case(states, fault)}")
    _tell(summary(tally))
    return 1 if tally.findings else 0


def _tell(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
