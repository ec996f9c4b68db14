"""A project that puts something everywhere: the app, tables, classes, logging, `sys.path`; and an edit of it."""

from __future__ import annotations

#   app ──> base            base: tables, a registry, a base class, a generic function
#    ├────> shapes ──> app, base       shapes: registers with all of them
#    └────> report ──> base, shapes    report: computes from them at import

BASE = """
from abc import ABC, abstractmethod
from collections import OrderedDict, defaultdict, deque
from functools import singledispatch

PLUGINS = []
TABLE = {"base": "base"}
NAMES = set()
QUEUE = deque(["base"])
BY_KIND = defaultdict(list)
ORDERED = OrderedDict(first=1)
MODE = "plain"


class Shape:
    known = []
    colour = "grey"

    def __init_subclass__(cls, **options):
        super().__init_subclass__(**options)
        Shape.known.append(cls.__name__)

    @abstractmethod
    def area(self): ...


@singledispatch
def show(thing):
    return "thing"


def register(function):
    PLUGINS.append(function)
    TABLE[function.__name__] = function
    return function


def option(value, default=1, *, flag=None):
    return value, default, flag
"""

APP = """
from fasthtml.common import FastHTML, P
import base
from fh_utils import no_reload_cache

app = FastHTML()
rt = app.route


@rt("/")
def index():
    return P("index", base.MODE)


@no_reload_cache
def model():
    return object()


import shapes
import report


@rt("/last")
def last():
    return P("last", report.LINES)
"""

SHAPES = """
import enum
import logging
import sys
from dataclasses import dataclass
from typing import NamedTuple

import base
from app import app, rt
from base import NAMES, QUEUE, Shape, register, show

SIZE = 1
log = logging.getLogger("shapes")
log.addHandler(logging.NullHandler())
sys.path.append("/nowhere/shapes")
base.MODE = "shapes"
base.BY_KIND["round"].append("circle")
base.ORDERED["shapes"] = 2
base.register.calls = 1
Shape.colour = "red"
QUEUE.append("shapes")
NAMES.add("shapes")


class Circle(Shape):
    sides = 0

    def area(self, factor=3):
        return factor * SIZE


@dataclass
class Square(Shape):
    side: int = 2

    def area(self):
        return self.side**2


class Point(NamedTuple):
    x: int
    y: int = 0


class Colour(enum.Enum):
    RED = 1
    BLUE = 2


class Error(Exception):
    code = 1


class Slim:
    __slots__ = ("a",)

    def get(self):
        return self.a


@show.register
def _(thing: Circle):
    return "circle"


@register
def first(n=1):
    return n


@register
def second(*args, key=None):
    return args


@rt("/shapes")
def shapes():
    return "shapes 1"


def failed(request, error):
    return "failed"


app.add_exception_handler(Error, failed)


def make():
    def inner():
        return SIZE

    return inner


closure = make()
for name in ("a", "b"):
    base.TABLE[name] = lambda: SIZE
"""

EDITED = """
import enum
import logging
import sys
from dataclasses import dataclass, field
from typing import NamedTuple

import base
import fresh
from app import app, rt
from base import NAMES, QUEUE, Shape, register, show

SIZE = 2
NEW = "new"
log = logging.getLogger("shapes.more")
log.addHandler(logging.NullHandler())
sys.path.insert(0, "/nowhere/more")
base.MODE = "more shapes"
base.BY_KIND["round"].append("disc")
base.BY_KIND["flat"].append("square")
base.ORDERED["more"] = 3
base.ORDERED.move_to_end("more", last=False)
base.register.calls = 2
base.register.other = 3
Shape.colour = "blue"
Shape.weight = 10
QUEUE.appendleft("more")
NAMES.add("more")
NAMES.discard("shapes")


class Circle(Shape):
    sides = 1
    extra: int = 5

    def area(self, factor=4, *, more=0):
        return factor * SIZE + more

    @property
    def round(self):
        return super().colour


@dataclass
class Square(Shape):
    side: int = 3
    tags: list = field(default_factory=list)

    def area(self):
        return self.side**2 + 1


class Point(NamedTuple):
    x: int
    y: int = 0
    z: int = 0


class Colour(enum.Enum):
    RED = 10
    GREEN = 2


class Error(ValueError):
    code = 2


class Slim:
    __slots__ = ("a",)

    def get(self):
        return -self.a


@show.register
def _(thing: Circle):
    return "disc"


@show.register
def _(thing: int):
    return "int"


@register
def second(*args, key=2):
    return key


@register
async def third():
    'With a docstring.'
    return 3


@rt("/shapes/more")
def shapes():
    return "shapes 2"


@rt("/shapes", methods=["POST"])
def posted():
    return "posted"


def failed(request, error):
    return "failed 2"


app.add_exception_handler(Error, failed)


def make():
    other = 1

    def inner():
        return SIZE + other

    return inner


closure = make()
for name in ("a", "c"):
    base.TABLE[name] = lambda: SIZE
del name
"""

REPORT = """
from base import TABLE, PLUGINS
from shapes import SIZE, Circle, Colour, Error, Square, second
import shapes as s

LINES = [name for name in TABLE]
AREA = Circle().area() + Square().area()
PICK = {Colour.RED: "red", "size": SIZE}
handlers = [second]


class Report(Circle):
    def text(self):
        return super().area()


try:
    raise Error("x")
except Error as error:
    CODE = error.code
"""

FRESH = """
from base import TABLE

TABLE["fresh"] = 1
"""

SHOP = {"app.py": APP, "base.py": BASE, "shapes.py": SHAPES, "report.py": REPORT, "fresh.py": FRESH}
