"""Differences that are known and not mended: they end no sequence, and are counted apart. See docs/engine-faults.md."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from tests.random_reload.observe import FAILED_LATE

LATE = f"({FAILED_LATE})"
TWICE = "(a module is imported again after it failed)"
"""Bad saves of which that is true are not tried at all: what fails depends on what the first import has left."""
KNOWN: Mapping[str, str] = {
    "lambda lines": r"^\S+(\(\))? line: ",
    "imported twice": rf" {re.escape(TWICE)}$",
    "failed late": rf" {re.escape(LATE)}$",
}
"""What it is -> what each line of the details looks like then."""


def known(details: Sequence[str]) -> str:
    """Which known differences explain all of the details; empty when there is something else."""
    found = [next((name for name, pattern in KNOWN.items() if re.search(pattern, line)), "") for line in details]
    return ", ".join(sorted(set(found))) if all(found) else ""
