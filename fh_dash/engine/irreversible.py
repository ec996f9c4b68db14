"""State that shows that it was changed, and cannot be taken back: databases, what cached functions keep."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping
from typing import Any


class Irreversible(MutableMapping[str, Any]):
    """A mapping that is compared before and after; setting its items does nothing."""

    def state(self) -> Mapping[str, Any]:
        """What tells one state from another, by its keys; values are compared by identity."""
        raise NotImplementedError

    def __getitem__(self, name: str) -> Any:
        return self.state()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.state())

    def __len__(self) -> int:
        return len(self.state())

    def __setitem__(self, name: str, value: Any) -> None:
        """Whoever owns it has to run again instead."""

    def __delitem__(self, name: str) -> None:
        """Likewise."""
