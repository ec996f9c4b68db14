"""Who wants to know of the imports of the project's modules while they run."""

from __future__ import annotations

from fh_dash.engine.journal import Journal, NoJournal


class Follower:
    """Who wants to know of the imports of the project's modules while they run; this one does nothing."""

    journal: Journal = NoJournal()
    """Where the state goes of what a module changes that is loaded for the first time."""

    def __init__(self) -> None:
        self.arrived: dict[str, None] = {}
        """Modules that a cold start has come to by now, in that order."""

    def arrive(self, name: str) -> None:
        """An import statement names a module that is loaded."""

    def loading(self, name: str) -> None:
        """A module is about to run for the first time."""

    def loaded(self, name: str) -> None:
        """A module has run for the first time."""

    def hides(self, name: str) -> frozenset[str]:
        """The names that a module in the middle of its import does not have yet."""
        return frozenset()

    def lacks(self, name: str) -> frozenset[str]:
        """The submodules of a package that a cold start has not loaded yet."""
        return frozenset()


NOBODY = Follower()
