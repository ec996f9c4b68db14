"""How much memory this process holds."""

from __future__ import annotations

import os


def resident() -> int | None:
    """Bytes, or None where the system does not tell (it is then not shown)."""
    try:
        with open("/proc/self/statm", "rb") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return None
