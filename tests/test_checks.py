"""Lint, format, types and import contracts: one `pytest` runs everything."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PYTHON_M = [sys.executable, "-m"]
CHECKS = {
    "lint": [*PYTHON_M, "ruff", "check", "--no-cache", "."],
    "format": [*PYTHON_M, "ruff", "format", "--no-cache", "--check", "."],
    "types": [*PYTHON_M, "mypy"],
    "contracts": [sys.executable, "-c", "from importlinter.cli import lint_imports_command as c; c()", "--no-cache"],
}


@pytest.mark.parametrize("name", CHECKS)
@pytest.mark.timeout(300)
def test_check(name: str) -> None:
    """The check passes on the whole tree."""
    done = subprocess.run(CHECKS[name], cwd=ROOT, capture_output=True, text=True, timeout=280)

    assert done.returncode == 0, done.stdout + done.stderr
