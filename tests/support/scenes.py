"""Screens to look at, each from a fixed store: what happened before, and the keys that lead there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from fh_dash.events import Event
from tests.support import fake_runtime as story

WIDE, NARROW = (120, 36), (80, 24)


@dataclass(frozen=True, slots=True)
class Scene:
    events: Callable[[], list[Event]] = story.story
    keys: tuple[str, ...] = ()
    theme: str = ""
    fresh: bool = False
    """A process that has just begun: no caches, no routes."""


SCENES = {
    "overview": Scene(),
    "reload": Scene(keys=("enter",)),
    "broken": Scene(events=story.broken),
    "caches": Scene(keys=("3", "j")),
    "request": Scene(keys=("2", "j", "j", "j", "enter")),
    "import": Scene(events=story.importing, fresh=True),
    "routes": Scene(keys=("6",)),
    "modules": Scene(keys=("5",)),
    "tree": Scene(keys=("t",)),
    "imports": Scene(keys=("i",)),
    "help": Scene(keys=("question_mark",)),
    "light": Scene(theme="fh-light"),
}
