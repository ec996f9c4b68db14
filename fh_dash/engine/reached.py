"""One import-time use of a name, seen across modules."""

from __future__ import annotations

from dataclasses import dataclass

from fh_dash.engine.analysis import STAR
from fh_dash.engine.names import Node
from fh_dash.engine.uses import Use


@dataclass(frozen=True, slots=True)
class Reached:
    """One import-time use of a name, and where the name comes from."""

    node: Node
    use: Use
    behaves: bool
    """What the used object does counts, not only which object it is."""
    reads: bool = False
    """It calls a method of a project's object that only reads it."""
    builds: bool = False
    """What it adds to a container depends on what is there already."""
    shown: bool = False
    """It is given to a method of a project's object, which may look at it."""
    settings: frozenset[str] = frozenset()
    """Attributes of the object on which depends what it adds."""

    @property
    def mutates(self) -> bool:
        return self.use.mutates and not self.reads

    @property
    def looks_inside(self) -> bool:
        return self.use.looks_inside or self.reads

    @property
    def reason(self) -> str:
        """Why who uses it has to run again."""
        (module, name), line = self.node, self.use.line
        return f"uses {module if name == STAR else f'{name} of {module}'} at import time, line {line}"
