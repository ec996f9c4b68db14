"""What modules draw numbers from while they are imported: `itertools.count`, and generators of random numbers."""

from __future__ import annotations

import itertools
import random
from typing import Any

from fh_dash.engine.irreversible import Irreversible

SOURCES = (itertools.count, random.Random)


class Draws(Irreversible):
    """How far it has come. Nobody can turn it back: whoever made it has to run again, and all who draw from it."""

    def __init__(self, source: Any) -> None:
        self.source = source

    def state(self) -> dict[str, Any]:
        if isinstance(self.source, random.Random):
            return {str(hash(self.source.getstate())): None}
        return {repr(self.source): None}
