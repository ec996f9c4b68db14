"""What the process holds, sampled, and the verdict: flat or growing."""

from __future__ import annotations

import os
import statistics
from dataclasses import dataclass
from pathlib import Path

ROOM = {"rss_mb": 0.10, "threads": 0.0, "fds": 0.0, "tasks": 0.0, "objects": 0.03}
"""By which share the median of the last quarter may lie above that of the second (the first is for warming up) …"""
SLACK = {"rss_mb": 4.0, "threads": 2.0, "fds": 6.0, "tasks": 6.0, "objects": 3000.0}
"""… and so much besides: connections come and go."""


@dataclass(frozen=True)
class Sample:
    minute: float
    rss_mb: float
    threads: int
    fds: int
    tasks: int
    objects: int

    @classmethod
    def take(cls, pid: int, minute: float, tasks: int, objects: int) -> Sample:
        """Of a process (Linux)."""
        status = Path(f"/proc/{pid}/status").read_text().splitlines()
        values = {line.partition(":")[0]: line.partition(":")[2].split() for line in status}
        rss, threads = int(values["VmRSS"][0]) / 1024, int(values["Threads"][0])
        return cls(minute, rss, threads, len(os.listdir(f"/proc/{pid}/fd")), tasks, objects)


@dataclass(frozen=True)
class Trend:
    what: str
    early: float
    late: float

    @property
    def flat(self) -> bool:
        return self.late <= self.early * (1 + ROOM[self.what]) + SLACK[self.what]

    def __str__(self) -> str:
        verdict = "flat" if self.flat else "GROWS"
        return f"{self.what:8} second quarter {self.early:10.1f}   last quarter {self.late:10.1f}   {verdict}"


def trends(samples: list[Sample]) -> list[Trend]:
    quarter = max(len(samples) // 4, 1)
    second, last = samples[quarter : 2 * quarter] or samples, samples[-quarter:]

    def middle(rows: list[Sample], what: str) -> float:
        return float(statistics.median(getattr(row, what) for row in rows))

    return [Trend(what, middle(second, what), middle(last, what)) for what in ROOM]
