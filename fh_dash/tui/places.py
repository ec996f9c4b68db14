"""Files as people name them."""

from __future__ import annotations

import os
import sys


def short(file: str) -> str:
    """A library's file as it is imported, be its environment in the working directory or not; relative to that where
    `file` lies below it; with `~` for the home folder elsewhere."""
    if not os.path.isabs(file):
        return file
    for base, prefix in (*_libraries(), (os.getcwd(), ""), (os.path.expanduser("~"), "~" + os.sep)):
        if file.startswith(base.rstrip(os.sep) + os.sep):
            return prefix + file[len(base.rstrip(os.sep)) + 1 :]
    return file


def _libraries() -> list[tuple[str, str]]:
    installed = [base for base in sys.path if os.path.basename(base) in ("site-packages", "dist-packages")]
    return [(base, "") for base in (*installed, os.path.dirname(os.__file__))]


def place(file: str | None, line: int | None = None) -> str:
    """`shop/app.py:41`; empty without a file."""
    if not file:
        return ""
    return f"{short(file)}:{line}" if line else short(file)
