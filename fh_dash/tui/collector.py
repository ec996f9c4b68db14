"""Python's collector of cycles, kept from stopping the server and the screen at once."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

OLD = 100
"""Collections of the middle generation until the old one is looked through; Python's own number is 10."""


def hold_off() -> None:
    """Not at all until the first frame: what is loaded for it stays anyway."""
    gc.disable()


@contextmanager
def patient() -> Iterator[None]:
    """While the lists of the dashboard fill, Python looks again and again through all that lives, the app's libraries
    and ours: a tenth of a second each time, in which no request is answered and no key. The young generations, where
    requests leave their cycles, are collected as ever."""
    gc.enable()
    young, middle, old = gc.get_threshold()
    gc.set_threshold(young, middle, max(old, OLD))
    try:
        yield
    finally:
        gc.set_threshold(young, middle, old)
