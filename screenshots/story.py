"""A morning with a small shop: the real dashboard over the real server, real saves of a copy, real requests."""

from __future__ import annotations

import asyncio
import http.client
import os
import shutil
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlencode

from textual.pilot import Pilot

from fh_dash.events import RequestFinished
from fh_dash.host.tap import tapped
from fh_dash.runtime import Runtime
from fh_dash.settings import Settings
from fh_dash.store.lanes import Lanes
from fh_dash.tui.app import DashApp

HERE = Path(__file__).parent
DEMO = HERE.parent / "docs" / "demo"
PATIENCE = 60.0
HTMX = {"HX-Request": "true", "HX-Target": "items", "HX-Trigger": "currency", "HX-Current-URL": "/items/"}
BROWSER = {"Accept": "text/html", "Accept-Language": "en", "Cookie": "session=eyJ1c2VyIjogMTd9.signature"}


def unpack(folder: Path) -> None:
    """The shop, with the model of the demo."""
    shutil.copytree(HERE / "shop", folder / "shop", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("tiny.py", "scenes.txt"):
        shutil.copy(DEMO / name, folder / "shop" / name)


class Story:
    """`folder` is the working directory and holds the shop."""

    def __init__(self, folder: Path, port: int) -> None:
        self.shop, self.port = folder / "shop", port
        lanes = Lanes()
        self.runtime = Runtime(Settings("shop/app.py", port=port, live=True), lanes.post)
        self.runtime.bind()
        self.app = DashApp(self.runtime, lanes, target="shop/app.py")
        self.app.plumbing = lambda: tapped(lanes.post)
        self.store = self.app.store
        self.pilot: Pilot[int]

    @asynccontextmanager
    async def running(self, size: tuple[int, int]) -> AsyncIterator[None]:
        async with self.app.run_test(size=size) as self.pilot:
            yield
            self.runtime.stop()
            await self.until(lambda: self.store.status.phase == "stopped")
        assert all(loop.join(10) for loop in self.app.loops)

    async def until(self, true: Callable[[], object]) -> None:
        """Wait until it is, and drawn."""
        end = asyncio.get_running_loop().time() + PATIENCE
        while not true():
            assert asyncio.get_running_loop().time() < end, "the story does not go on"
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.15)
        await self.pilot.pause()

    # -------------------------------------------------------------------------------------- what happens

    async def ask(
        self, path: str, form: Mapping[str, object] | None = None, headers: Mapping[str, str] = BROWSER
    ) -> None:
        """One request, until its line is there."""
        before = self.store.requests.total
        await asyncio.to_thread(self._fetch, path, form, headers)
        await self.until(lambda: self.store.requests.total > before)

    def _fetch(self, path: str, form: Mapping[str, object] | None, headers: Mapping[str, str]) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        if form is None:
            connection.request("GET", path, headers=dict(headers))
        else:
            kind = {"Content-Type": "application/x-www-form-urlencoded"}
            connection.request("POST", path, urlencode(form), {**headers, **kind})
        connection.getresponse().read()
        connection.close()

    async def save(self, file: str, old: str, new: str) -> None:
        """One edit, until its reload is told."""
        path = self.shop / file
        text = path.read_text()
        assert old in text, (file, old)
        before = len(self.store.reloads.rows)
        path.write_text(text.replace(old, new))
        await self.until(lambda: len(self.store.reloads.rows) > before)

    async def press(self, *keys: str) -> None:
        for key in keys:
            await self.pilot.press(key)
            await self.pilot.pause()

    async def size(self, columns: int, rows: int) -> None:
        await self.pilot.resize_terminal(columns, rows)
        await asyncio.sleep(0.2)
        await self.pilot.pause()

    async def choose(self, pane: str, wanted: Callable[[object], bool]) -> None:
        """Select the first row of a pane that is meant."""
        await self.press({"requests": "2", "caches": "3"}[pane])
        rows = self.app.main.list_named(pane)
        rows.select(next(i for i in range(len(rows.view)) if wanted(rows.view.at(i))))
        await self.pilot.pause()


# ---------------------------------------------------------------------------------------------- the morning


async def browse(story: Story) -> None:
    """What people do in the shop."""
    await story.ask("/")
    await story.ask("/items/")
    await story.ask("/items/?currency=USD", headers=HTMX)
    await story.ask("/favicon.ico")
    await story.ask("/predict", {"text": "a puppy in winter"})
    await story.ask("/items/3")
    await story.ask("/items/?currency=GBP", headers=HTMX)
    await story.ask("/items/add", {"title": "Cinnamon", "price": 4.2})
    await story.ask("/predict", {"text": "zxq"})


async def edit(story: Story) -> None:
    """A few good saves."""
    await story.save("pages.py", "PER_PAGE = 8", "PER_PAGE = 6")
    await story.ask("/")
    await story.save("conf.py", "SHIPPING = 4.90", "SHIPPING = 5.90")
    await story.ask("/")
    await story.save("app.py", "What do you feel like?", "What are you in the mood for?")
    await story.ask("/ask")
    await story.save("store.py", "round(item.price", "round(1.02 * item.price")
    await story.ask("/items/")
    await story.save("app.py", '@rt("/ask")', '@rt("/find")')
    await story.ask("/find")
    await story.ask("/items/", headers=HTMX)


async def grow(story: Story) -> None:
    """The save that the overview shows: a new route."""
    route = '@ar("/cheap")\ndef cheap(below: float = 10):\n    return layout("Cheap", *map(Card, ITEMS.values()))\n\n\n'
    await story.save("routes/items.py", '@ar("/{id:int}")', route + '@ar("/{id:int}")')
    await story.ask("/items/cheap?below=8")
    await story.ask("/broken")
    await story.ask("/items/?currency=EUR", headers=HTMX)
    await story.ask("/predict", {"text": "something warm to drink"})
    await story.ask("/items/4")


def request(path: str) -> Callable[[object], bool]:
    return lambda row: isinstance(row, RequestFinished) and row.path.startswith(path)


def environment(folder: Path) -> None:
    """Nothing of whoever takes the pictures is in them."""
    for name in ("HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME"):
        os.environ[name] = str(folder)
    os.environ.pop("NO_COLOR", None)
    os.chdir(folder)
