"""The project that is edited, and its random edits: each knows what every answer must be afterwards."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from pathlib import Path

FILES = {
    "app.py": """
import asyncio

from fasthtml.common import *
from starlette.background import BackgroundTask
from starlette.responses import PlainTextResponse, StreamingResponse

import left, probe, right, views
from models import model

TITLE = "t0"


async def tick():
    while True:
        await asyncio.sleep(0.5)


async def lifespan(app):
    task = asyncio.create_task(tick(), name="tick")
    try:
        yield {"title": TITLE}
    finally:
        task.cancel()


app, rt = fast_app(lifespan=lifespan)
views.register(app)
app.get("/numbers")(probe.numbers)


@rt("/")
def index():
    return Titled(TITLE, P(f"title={TITLE} model={model()} item={views.item()}"))


@rt("/pair")
async def pair():
    before = left.value()
    await asyncio.sleep(0.002)
    return PlainTextResponse(f"{before} {right.value()}")


@rt("/thread")
def thread():
    return PlainTextResponse(f"{left.value()} {right.value()}")


@rt("/upload", methods=["POST"])
async def upload(request):
    size = 0
    async for part in request.stream():
        size += len(part)
    return PlainTextResponse(str(size), background=BackgroundTask(left.value))


@rt("/events")
async def events():
    async def stream():
        while True:
            yield f"data: {left.value()}\\n\\n"
            await asyncio.sleep(0.2)

    return StreamingResponse(stream(), media_type="text/event-stream")


@app.ws("/ws")
async def ws(msg: str, send):
    await send(f"echo {left.value()}")
""",
    "views.py": """
from starlette.responses import PlainTextResponse

ITEM = "i0"


class Item:
    name = "i0"

    def text(self):
        return f"{self.name}"


def item():
    return Item().text()


def register(app):
    @app.get("/item")
    def show():
        return PlainTextResponse(item())
""",
    "models.py": """
import os
from fh_utils import no_reload_cache

STEP = 0


@no_reload_cache
def model():
    return os.urandom(4).hex()
""",
    "left.py": "VALUE = 0\n\n\ndef value():\n    return VALUE\n",
    "right.py": "VALUE = 0\n\n\ndef value():\n    return VALUE\n",
    "probe.py": """
import asyncio, gc, json, threading
from collections import Counter

from starlette.responses import PlainTextResponse


async def numbers(request):
    gc.collect()
    kinds = Counter(f"{t.get_coro().__qualname__}" for t in asyncio.all_tasks())
    found = {"tasks": kinds.total(), "kinds": kinds, "python_threads": threading.active_count()}
    if request.query_params.get("deep"):
        alive = gc.get_objects()
        found |= {"objects": len(alive), "types": Counter(type(o).__qualname__ for o in alive).most_common(60)}
    return PlainTextResponse(json.dumps(found))
""",
    "static.css": "p { color: red }\n",
}

BAD = (
    "def broken(:\n",
    "import no_such_module_at_all\n",
    "raise RuntimeError('bad save')\n",
    "raise SystemExit(3)\n",
    "raise KeyboardInterrupt\n",
    "1 / 0\n",
    "del app\n",
)
BAD_START = ("    try:\n        yield", '    try:\n        raise RuntimeError("no start-up")\n        yield')


class Project:
    """`step` makes one random edit; `expected` is what the page must hold once it is served."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.folder = folder
        self.random = random.Random(seed)
        self.number = 0
        self.expected = {"title": "t0", "item": "i0"}
        self.pair = 0
        self.done: dict[str, int] = {}
        for name, text in FILES.items():
            (folder / name).write_text(text)
        self._kinds: dict[Callable[[], None], int] = {
            self._title: 6,
            self._item: 6,
            self._pair: 6,
            self._route: 3,
            self._bad: 5,
            self._bad_start: 2,
            self._beside_the_model: 2,
            self._new_module: 1,
            self._comment: 1,
            self._asset: 1,
        }

    def step(self) -> str:
        """The name of the edit that was made."""
        self.number += 1
        kind = self.random.choices(list(self._kinds), list(self._kinds.values()))[0]
        name = kind.__name__.strip("_").replace("_", " ")
        self.done[name] = self.done.get(name, 0) + 1
        kind()
        return name

    def is_shown(self, page: str) -> bool:
        return all(f"{key}={value}" in page for key, value in self.expected.items())

    def _read(self, name: str) -> str:
        return (self.folder / name).read_text()

    def _replace(self, name: str, key: str, value: str) -> None:
        lines = [f"{key}{value}" if line.startswith(key) else line for line in self._read(name).splitlines()]
        (self.folder / name).write_text("\n".join(lines) + "\n")

    def _title(self) -> None:
        self.expected["title"] = f"t{self.number}"
        self._replace("app.py", "TITLE = ", f'"t{self.number}"')

    def _item(self) -> None:
        self.expected["item"] = f"i{self.number}"
        self._replace("views.py", "    name = ", f'"i{self.number}"')

    def _pair(self) -> None:
        """Both open at once: one save, however slow the machine is."""
        self.pair = self.number
        texts = [self._read(name).replace(self._value(name), f"VALUE = {self.pair}") for name in PAIR]
        with (self.folder / PAIR[0]).open("w") as one, (self.folder / PAIR[1]).open("w") as two:
            one.write(texts[0])
            two.write(texts[1])

    def _value(self, name: str) -> str:
        return self._read(name).splitlines()[0]

    def _route(self) -> None:
        text = FILES["views.py"].replace('name = "i0"', f'name = "{self.expected["item"]}"')
        more = f'    @app.get("/r{self.number}")\n    def extra():\n        return "{self.number}"\n'
        (self.folder / "views.py").write_text(text + (more if self.number % 3 else ""))

    def _bad(self) -> None:
        name = self.random.choice(["app.py", "views.py", "left.py"])
        damage = self.random.choice(BAD if name == "app.py" else BAD[:-1])
        self._spoil(name, self._read(name) + damage)

    def _bad_start(self) -> None:
        self._spoil("app.py", self._read("app.py").replace(*BAD_START))

    def _spoil(self, name: str, text: str) -> None:
        """A bad save, a moment in which the old generation must serve on, and the cure."""
        good = self._read(name)
        (self.folder / name).write_text(text)
        threading.Event().wait(self.random.choice((0.02, 0.3)))
        (self.folder / name).write_text(good)
        self._title()  # the cure is seen by something new

    def _beside_the_model(self) -> None:
        self._replace("models.py", "STEP = ", str(self.number))

    def _new_module(self) -> None:
        (self.folder / f"extra{self.number % 4}.py").write_text(f"WORD = {self.number}\n")
        text = self._read("views.py").replace("import PlainTextResponse\n", "import PlainTextResponse\n#\n", 1)
        (self.folder / "views.py").write_text(text.replace("#\n", f"import extra{self.number % 4}\n", 1))
        self._item()

    def _comment(self) -> None:
        self._replace("left.py", "def value():", f"  # {self.number}")

    def _asset(self) -> None:
        (self.folder / "static.css").write_text(f"p {{ color: rgb({self.number % 256}, 0, 0) }}\n")


PAIR = ("left.py", "right.py")
