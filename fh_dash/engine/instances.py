"""Objects of classes that could not be kept, and what else holds on to such classes."""

from __future__ import annotations

import contextlib
import gc
import typing
from collections.abc import Sequence
from typing import Any


def move_instances(replaced: Sequence[tuple[type, type]]) -> None:
    """Instances of classes that could not be kept become instances of their successors, where the layout allows.

    The only place where objects are searched on the heap (IPython's rule for instances): once for all classes, and
    only after an edit that changed the layout or the first base of one.
    """
    if not replaced:
        return
    _forget_in_typing()
    successors = {id(old): new for old, new in replaced}
    for thing in gc.get_referrers(*(old for old, _ in replaced)):
        successor = successors.get(id(type(thing)))
        if successor is not None:
            with contextlib.suppress(TypeError):
                _CLASS_OF.__set__(thing, successor)


def _forget_in_typing() -> None:
    """`Optional[Old]` and the like stay in caches of `typing`, and with them the class, until 128 others have come.

    Each save of a module with pydantic models left a generation of them. Python's own tests clear the caches so, too.
    """
    for clear in getattr(typing, "_cleanups", ()):
        clear()


_CLASS_OF: Any = vars(object)["__class__"]
"""Sets the true class, also of objects whose class has another `__class__`."""
