"""When each module was imported in the last start, on the clock of `Program.tick`, while another one goes on."""

from __future__ import annotations

from fh_dash.engine.circles import Arrival
from fh_dash.engine.program import Program


class LastStart:
    """The clocks as they stood when a walk began; modules that run move their own on."""

    def __init__(self, program: Program) -> None:
        self._records = program.records
        self._starts, self._ends = dict(program.starts), dict(program.ends)

    def start(self, module: str) -> int:
        """When the import of a module began; 0 for one that was not there."""
        return self._starts.get(module, 0)

    def end(self, module: str) -> int:
        """When the import of a module had ended; 0 for one that was not there."""
        return self._ends.get(module, 0)

    def was_under_way(self, module: str, name: str) -> bool:
        """Whether a module was in the middle of its import when that of another one began."""
        return self._starts.get(module, 0) < self._starts.get(name, 0) < self._ends.get(module, 0)

    def stood_at(self, module: str, name: str) -> int | None:
        """Number of the top-level statement at which a module stood when another one was come to; None when it was not.

        Of a module that has not run since.
        """
        outer, began = self._starts.get(module, 0), self._starts.get(name, 0)
        for step in self._records[module].trace if outer <= began else ():
            if isinstance(step, Arrival):
                there = outer < self._starts.get(step.module, 0) <= began <= self._ends.get(step.module, 0)
                if there or step.module.startswith(f"{name}."):  # the packages around it are imported first
                    return step.unit
        return None
