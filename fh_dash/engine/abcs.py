"""Virtual subclasses: what `SomeABC.register(cls)` recorded, as a container, and the caches made from it."""

from __future__ import annotations

import _abc  # type: ignore[import-not-found]
import abc
import collections.abc
from collections.abc import Iterable
from typing import Any


class Registry:
    """The registry of one abstract base class; two of the same class are one container."""

    def __init__(self, cls: abc.ABCMeta) -> None:
        self.cls = cls

    def classes(self) -> list[type]:
        found = [reference() for reference in _abc._get_dump(self.cls)[0]]
        return [cls for cls in found if cls is not None]

    def replace(self, classes: Iterable[type]) -> None:
        _abc._reset_registry(self.cls)
        for cls in classes:
            _abc._abc_register(self.cls, cls)
        _abc._reset_caches(self.cls)

    def change(self, *, remove: Iterable[Any], add: Iterable[Any]) -> None:
        gone = {id(cls) for cls in remove}
        self.replace([cls for cls in self.classes() if id(cls) not in gone] + list(add))


def reset_caches(classes: Iterable[type]) -> None:
    """Forget who was found to be a subclass: a class whose contents changed may have become one, or be one no more."""
    library = [c for c in vars(collections.abc).values() if isinstance(c, abc.ABCMeta)]
    for cls in (*library, *classes):
        if isinstance(cls, abc.ABCMeta) and "_abc_impl" in vars(cls):
            _abc._reset_caches(cls)
