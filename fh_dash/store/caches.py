"""The functions whose values outlive reloads."""

from __future__ import annotations

from collections.abc import Iterable

from fh_dash.events import CacheState


class Caches:
    def __init__(self) -> None:
        self.states: tuple[CacheState, ...] = ()

    def update(self, states: Iterable[CacheState]) -> bool:
        """Whether anything differs from what was known."""
        new = tuple(states)
        if new == self.states:
            return False
        self.states = new
        return True

    @property
    def saved(self) -> float:
        """Seconds that did not have to be computed again."""
        return sum(state.seconds_saved for state in self.states)

    @property
    def stale(self) -> int:
        return sum(state.stale for state in self.states)

    def named(self, key: str) -> CacheState | None:
        return next((state for state in self.states if state.key == key), None)
