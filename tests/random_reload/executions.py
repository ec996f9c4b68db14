"""How often the code of each file of a project is executed: nobody who is tested is asked."""

from __future__ import annotations

import sys
from collections import Counter
from types import CodeType
from typing import Any


class Executions:
    """Counts by an audit hook, for files under `root`, by their paths from there."""

    def __init__(self) -> None:
        self.root = ""
        self.counts: Counter[str] = Counter()
        sys.addaudithook(self._hook)

    def _hook(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event == "exec" and self.root and isinstance(arguments[0], CodeType):
            name = arguments[0].co_filename
            if name.startswith(self.root):
                self.counts[name[len(self.root) + 1 :]] += 1


_executions: list[Executions] = []


def executions() -> Executions:
    """The one of this process: an audit hook cannot be taken out."""
    if not _executions:
        _executions.append(Executions())
    return _executions[0]
