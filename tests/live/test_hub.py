"""What is told to the pages, in which order, and to whom that was away."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from fh_dash.events import ModuleReport, RouteChange
from fh_dash.live import LiveHub
from fh_dash.live.asgi import Message
from fh_dash.live.channel import Channel, Hosts
from fh_dash.live.messages import assets, changes_pages, kind_of
from tests.live.ask import PAGE, ask, hub_at, live, result, scope_of, sends, syntax_error


class Stream:
    """One open channel, message by message."""

    def __init__(self) -> None:
        self.queue: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.pings: asyncio.Queue[bytes] = asyncio.Queue()
        self.hang_up = asyncio.Event()
        self.ended = asyncio.Event()

    async def receive(self) -> Message:
        await self.hang_up.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        if message.get("body", b"").startswith(b":"):
            self.pings.put_nowait(message["body"])
        for event in message.get("body", b"").split(b"\n\n"):
            data = [line[5:] for line in event.split(b"\n") if line.startswith(b"data:")]
            if data:
                self.queue.put_nowait(json.loads(data[0]))
        if message["type"] == "http.response.body" and not message["more_body"]:
            self.ended.set()

    async def next(self) -> dict[str, Any]:
        return await asyncio.wait_for(self.queue.get(), 5)


@asynccontextmanager
async def listening(hub: LiveHub, run: str = "run1", since: int = 0) -> AsyncIterator[Stream]:
    stream = Stream()
    scope = scope_of(f"/_fh_dash/T0KEN/events?run={run}&since={since}")
    channel = Channel(hub, Hosts())
    task = asyncio.create_task(channel(scope, stream.receive, stream.send, "T0KEN/events"))
    try:
        yield stream
    finally:
        stream.hang_up.set()
        await asyncio.wait_for(task, 5)


def run(story: Any) -> None:
    async def bound() -> None:
        hub = hub_at()
        hub.bind(asyncio.get_running_loop())
        await story(hub)
        assert hub.subscribers == 0

    asyncio.run(bound())


def test_messages_in_order() -> None:
    """Greeting first, then each event, numbered, from whatever thread it comes."""

    async def story(hub: LiveHub) -> None:
        async with listening(hub) as stream:
            assert (await stream.next())["type"] == "hello"
            thread = threading.Thread(target=lambda: (hub.publish(result(2)), hub.failed(syntax_error())))
            thread.start()
            await asyncio.to_thread(thread.join)
            hub.publish(result(3))
            kinds = [(m["type"], m["id"]) for m in [await stream.next() for _ in range(4)]]
        assert kinds == [("reload", 1), ("error", 2), ("mended", 3), ("reload", 4)]

    run(story)


def test_who_was_away_catches_up() -> None:
    """Reloads and changed files are told again, passing errors are not; another run's numbers mean nothing."""

    async def story(hub: LiveHub) -> None:
        hub.publish(result(2))
        hub.failed(syntax_error())
        hub.assets([Path("/srv/app.css")])
        hub.mended()
        for asked, expected in (((run_, 0), 2), ((run_, 1), 1), ((run_, 3), 0), (("other", 0), 0)):
            async with listening(hub, *asked) as stream:
                hello = await stream.next()
            assert len(hello["missed"]) == expected
            assert hello["last"] == 4

    run_ = "run1"
    run(story)


def test_who_missed_too_much() -> None:
    """When the history does not reach back far enough, the greeting says so."""
    hub = hub_at()
    for number in range(2, 400):
        hub.publish(result(number))

    assert hub.greeting("run1", 1)["gap"] is True
    assert hub.greeting("run1", 390)["gap"] is False


def test_greeting_while_broken() -> None:
    """It carries the error, and the generation that serves; once per error, however often it is told."""
    hub = hub_at(7)
    hub.failed(syntax_error())
    hub.failed(syntax_error())

    hello = hub.greeting("run1", 0)
    assert (hello["generation"], hello["last"]) == (7, 1)
    assert hello["error"]["id"] == 1
    assert hello["error"]["message"] == "'(' was never closed"
    hub.mended()
    assert hub.greeting("run1", 0)["error"] is None


def test_a_refused_result_is_an_error() -> None:
    """`publish` takes results of both kinds; the generation stays."""
    hub = hub_at(7)
    hub.publish(result(7, error=syntax_error()))

    assert (hub.generation, hub.serving, hub.last) == (7, False, 1)


def test_files_of_the_same_save() -> None:
    """They go with the reload when there is one, and alone when there is none."""
    hub = hub_at(1)
    sheet = [Path("/srv/app.css")]
    hub.publish(result(2), sheet)
    hub.publish(result(3, modules=(ModuleReport("a", "a.py", "refreshed"),)), sheet)
    hub.publish(result(3, error=syntax_error()), sheet)

    missed = hub.greeting("run1", 0)["missed"]
    assert [(m["type"], m["files"][0]["path"]) for m in missed] == [
        ("reload", "srv/app.css"),
        ("assets", "srv/app.css"),
        ("assets", "srv/app.css"),
    ]


def test_no_message_is_told_twice() -> None:
    """What is part of a greeting does not follow it."""

    async def story(hub: LiveHub) -> None:
        hub.publish(result(2))  # its delivery is scheduled, the greeting comes first
        async with listening(hub) as stream:
            hello = await stream.next()
            hub.publish(result(3))
            following = await stream.next()
        assert [m["id"] for m in hello["missed"]] == [1]
        assert following["id"] == 2

    run(story)


def test_close() -> None:
    """All channels end at once, new ones are refused, and nothing is left; a hub can be bound again."""

    async def story(hub: LiveHub) -> None:
        async with listening(hub) as stream:
            await stream.next()
            hub.close()
            await asyncio.wait_for(stream.ended.wait(), 5)
        assert ask_status(hub) == 503
        hub.publish(result(2))

    run(story)


def ask_status(hub: LiveHub) -> int:
    statuses = []
    thread = threading.Thread(
        target=lambda: statuses.append(ask(live(sends(PAGE), hub), "/_fh_dash/T0KEN/events").status)
    )
    thread.start()
    thread.join()
    return statuses[0]


def test_before_and_after_the_server() -> None:
    """Events without a loop, or after it ended, are kept and raise nothing."""
    hub = hub_at()
    hub.publish(result(2))

    async def serve() -> None:
        hub.bind(asyncio.get_running_loop())

    asyncio.run(serve())
    hub.publish(result(3))
    hub.close()
    assert [m["generation"] for m in hub.greeting("run1", 0)["missed"]] == [2, 3]


def test_reader_that_sleeps() -> None:
    """A channel that is not read does not fill the memory: it is ended, and the page asks what it missed."""

    async def story(hub: LiveHub) -> None:
        subscriber = hub.subscribe()
        assert subscriber is not None
        for number in range(2000):
            hub.publish(result(number))
        await asyncio.sleep(0)
        assert subscriber.queue.qsize() <= 256
        rest = [subscriber.queue.get_nowait() for _ in range(subscriber.queue.qsize())]
        assert rest[-1] is None or None in rest
        hub.unsubscribe(subscriber)

    run(story)


def test_a_stranger_waits_until_the_app_can_answer() -> None:
    """A page of another run is sent away only when loading it afresh would succeed."""

    async def story(hub: LiveHub) -> None:
        hub.generation = 0
        statuses: list[int] = []

        async def send(message: Message) -> None:
            if message["type"] == "http.response.start":
                statuses.append(message["status"])

        async def receive() -> Message:
            return {"type": "http.request"}

        scope = scope_of("/_fh_dash/OLD/events")
        task = asyncio.create_task(Channel(hub, Hosts())(scope, receive, send, "OLD/events"))
        await asyncio.sleep(0)
        assert hub.subscribers == 1
        hub.failed(syntax_error())
        async with listening(hub) as other:  # whoever listens has heard of the error by now
            assert (await other.next())["error"]
        assert statuses == []
        hub.ready(1)
        await asyncio.wait_for(task, 5)
        assert statuses == [410]

    run(story)


def test_quiet_channel(monkeypatch: pytest.MonkeyPatch) -> None:
    """Something is sent now and then, so that either side notices when the other one is gone."""
    monkeypatch.setattr("fh_dash.live.channel._PING", 0.01)

    async def story(hub: LiveHub) -> None:
        async with listening(hub) as stream:
            await stream.next()
            for _ in range(3):
                assert await asyncio.wait_for(stream.pings.get(), 5) == b":\n\n"

    run(story)


# ----------------------------------------------------------------------------------------- what it says


@pytest.mark.parametrize(
    ("fields", "reloads"),
    [
        ({}, True),
        ({"modules": (ModuleReport("a", "a.py", "refreshed"),)}, False),
        ({"modules": (ModuleReport("a", "a.py", "untouched"),)}, False),
        ({"modules": (ModuleReport("a", "a.py", "refreshed"), ModuleReport("b", "b.py", "rebound"))}, True),
        ({"modules": (ModuleReport("a", "a.py", "re-run"),)}, True),
        ({"modules": (ModuleReport("a", "a.py", "refreshed"),), "forced": True}, True),
        ({"modules": (ModuleReport("a", "a.py", "refreshed"),), "routes": (RouteChange("+", "GET", "/"),)}, True),
    ],
)
def test_what_loads_pages(fields: dict[str, Any], reloads: bool) -> None:
    """Pages are loaded when an answer could be another one."""
    assert changes_pages(result(2, **fields)) is reloads


def test_kinds_of_files() -> None:
    """By suffix, in any case; what is not known may be part of any page."""
    names = ["a.css", "A.PNG", "a.svg", "a.js", "a.woff2", "a.html", "a.jinja2", "a.json", "a.scss", "Makefile"]

    kinds = [kind_of(name) for name in names]
    assert kinds == ["style", "image", "image", "other", "other", "page", "page", "page", "page", "page"]


def test_files_are_named_by_their_last_folders() -> None:
    """Enough to know the address by, without the whole place on the disk; and whether the app has served them."""
    deep = Path("/home/me/" + "x/" * 20 + "static/app.css")

    rows = assets([deep, Path("/app.js")], {"app.css"}, own=lambda path: False)
    assert rows == [
        {"path": "app.js", "kind": "other", "served": False, "own": False},
        {"path": "x/x/x/x/x/x/static/app.css", "kind": "style", "served": True, "own": False},
    ]


def test_served_files_are_remembered() -> None:
    """A file that the app answered with, for a script or a page, has an address."""
    hub = hub_at()
    app = live(sends(b"p{}", headers={"content-type": "text/css"}), hub)
    ask(app, "/static/app.css", headers={"sec-fetch-dest": "style"})
    ask(live(sends(b"", status=404), hub), "/static/none.css", headers={"sec-fetch-dest": "style"})
    ask(app, "/static/opened.css")

    hub.assets([Path(f"/srv/{name}.css") for name in ("app", "none", "opened")])

    assert {f["path"]: f["served"] for f in hub.greeting("run1", 0)["missed"][0]["files"]} == {
        "srv/app.css": True,
        "srv/none.css": False,
        "srv/opened.css": True,
    }


def test_files_that_the_app_wrote() -> None:
    """To load a page may be why it wrote: nothing is loaded afresh, only what shows the file may exchange it."""
    paths = [Path("/srv/plot.png"), Path("/srv/visits.json"), Path("/srv/app.css")]
    hub = hub_at(own=lambda path: path.name != "app.css")

    hub.assets(paths[1:2])
    hub.assets(paths)

    rows = [(row["path"], row["own"]) for message in hub._history for row in message["files"]]
    assert rows == [("srv/app.css", False), ("srv/plot.png", True)]
