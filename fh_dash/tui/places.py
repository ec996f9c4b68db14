"""Files as people name them."""

from __future__ import annotations

import os


def short(file: str) -> str:
    """Relative to the working directory where `file` lies below it, with `~` for the home folder elsewhere."""
    if not os.path.isabs(file):
        return file
    for base, prefix in ((os.getcwd(), ""), (os.path.expanduser("~"), "~" + os.sep)):
        if file.startswith(base.rstrip(os.sep) + os.sep):
            return prefix + file[len(base.rstrip(os.sep)) + 1 :]
    return file


def place(file: str | None, line: int | None = None) -> str:
    """`shop/app.py:41`; empty without a file."""
    if not file:
        return ""
    return f"{short(file)}:{line}" if line else short(file)
