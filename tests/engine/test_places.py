"""Names of classes and modules come in the order of the source, and nobody misses one meanwhile."""

from __future__ import annotations

import ast
import threading
from types import ModuleType

from fh_dash.engine.dissect import analyse
from fh_dash.engine.places import order_attributes, order_globals


class Settings:
    debug = True
    title = "t"

    def go(self) -> None:
        pass

    port = 80


def names(cls: type) -> list[str]:
    return [name for name in vars(cls) if not name.startswith("__")]


def test_attributes() -> None:
    """The wanted order; what it does not name stays in front, values and objects stay."""
    values = {name: vars(Settings)[name] for name in names(Settings)}
    order_attributes(Settings, ["__module__", "port", "debug", "go", "missing"])

    assert names(Settings) == ["title", "port", "debug", "go"]
    assert all(vars(Settings)[name] is value for name, value in values.items())


def test_nothing_to_do() -> None:
    """A class in the right order is not touched: Python counts its versions."""

    class Plain:
        a = 1
        b = 2

    before = list(vars(Plain))
    order_attributes(Plain, ["a", "b"])
    assert list(vars(Plain)) == before


def test_globals() -> None:
    """By the statements that bind them; system names and what no statement binds stay in front."""
    module = ModuleType("m")
    vars(module).update(one=1, later=2, two=3, first=4)
    order_globals(vars(module), analyse(ast.parse("first = 4\ndef two(): pass\none = 1\n"), "m", False), {})
    assert [name for name in vars(module) if not name.startswith("__")] == ["later", "first", "two", "one"]


def test_no_thread_misses_a_name() -> None:
    """Another thread that reads a name over and over finds it at each moment."""
    lines = [f"n{number} = {number}\n" for number in range(200)]
    there, back = (analyse(ast.parse("".join(text)), "m", False) for text in (lines, lines[::-1]))
    namespace = {f"n{number}": number for number in reversed(range(200))}
    missed: list[str] = []
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            missed.extend(name for name in ("n0", "n100", "n199") if name not in namespace)

    reader = threading.Thread(target=read)
    reader.start()
    for _ in range(300):
        order_globals(namespace, there, {})
        assert list(namespace)[:3] == ["n0", "n1", "n2"]
        order_globals(namespace, back, {})
        assert list(namespace)[:3] == ["n199", "n198", "n197"]
    done.set()
    reader.join(10)
    assert not missed
    assert namespace == {f"n{number}": number for number in range(200)}
