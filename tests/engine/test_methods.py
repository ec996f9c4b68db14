from __future__ import annotations

import ast

import pytest

from fh_dash.engine.methods import methods_of

READERS = {
    "return": "return self.items",
    "loop": "return [item.upper() for item in self.items]",
    "dict": "return sorted(self.items.items())",
    "local": "found = {}\n        found = dict(self.items)\n        return found",
    "another": "return self.seen()",
    "call": "return next((f() for f in self.items), None)",
}
WRITERS = {
    "append": "self.items.append(1)",
    "assign": "self.items = []",
    "augment": "self.n += 1",
    "item": "self.items[1] = 2",
    "delete": "del self.items[1]",
    "alias": "items = self.items\n        items.append(1)",
    "walrus": "(items := self.items).extend([1])",
    "inner": "def put(fn):\n            self.items.append(fn)\n        return put",
    "handed on": "register(self)",
    "itself": "return self",
    "global": "global COUNT\n        COUNT = 1",
    "by another": "self.put()",
    "unknown": "self.stranger()",
}


def _class(body: str) -> ast.stmt:
    text = f"""
class Registry:
    def seen(self):
        return len(self.items)
    def put(self):
        self.items.append(1)
    def method(self):
        {body}
"""
    return ast.parse(text).body[0]


@pytest.mark.parametrize("body", READERS.values(), ids=READERS)
def test_readers(body: str) -> None:
    readers, writers = methods_of(_class(body))
    assert readers == {"seen", "method"}
    assert writers == {"put"}


@pytest.mark.parametrize("body", WRITERS.values(), ids=WRITERS)
def test_writers(body: str) -> None:
    readers, writers = methods_of(_class(body))
    assert readers == {"seen"}
    assert writers == {"put", "method"}


def test_circle_of_readers() -> None:
    tree = ast.parse("class A:\n    def f(self): return self.g()\n    def g(self): return self.f()")
    assert methods_of(tree.body[0]) == ({"f", "g"}, set())


def test_a_writer_takes_its_callers_with_it() -> None:
    tree = ast.parse(
        "class A:\n    def f(self): return self.g()\n    def g(self): return self.h()\n    def h(self): self.x = 1"
    )
    assert methods_of(tree.body[0]) == (set(), {"f", "g", "h"})


def test_static_methods_are_not_known() -> None:
    tree = ast.parse("class A:\n    @staticmethod\n    def f(): return 1")
    assert methods_of(tree.body[0]) == (set(), {"f"})


def test_no_class() -> None:
    assert methods_of(ast.parse("x = 1").body[0]) == (set(), set())


MIXED = {
    "goes through": ("for item in self.items:\n            self.made.append(item)", True),
    "given to a function": ("self.made = sorted(self.items)", True),
    "looks up and returns it": ("self.count = 1\n        return self.items[0]", True),
    "looks up": ("self.items[0].add(1)", False),
    "registers": ("def put(fn):\n            self.made.append((self.prefix, fn))\n        return put", False),
    "its own": ("for item in self.items:\n            self.items.append(item)", False),
    "set when it was made": ("for item in self.fixed:\n            self.made.append(item)", False),
}


@pytest.mark.parametrize(("body", "reads"), MIXED.values(), ids=MIXED)
def test_what_changes_one_thing_by_another(body: str, reads: bool) -> None:
    """It reads when it goes through what other methods fill; a decorator that a method gives only registers."""
    tree = ast.parse(
        f"class A:\n    def __init__(self): self.fixed = []\n    def add(self, x): self.items.append(x)\n"
        f"    def method(self):\n        {body}\n"
    )
    readers, _ = methods_of(tree.body[0])
    assert ("method" in readers) is reads
