"""From one app to the next: whose start-up and whose shutdown comes first."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from threading import Event, Thread

import pytest
from starlette.applications import Starlette

from fh_dash.host.host import Host
from fh_dash.host.target import Target
from fh_dash.settings import Settings
from tests.support.engine import FakeEngine, FakePlan

LIMIT = 10.0


def app(name: str, told: list[str], ended: Event, *, starts: bool = True) -> Starlette:
    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        if not starts:
            raise RuntimeError("no database")
        told.append(f"{name} starts")
        yield
        told.append(f"{name} ends")
        ended.set()

    return Starlette(lifespan=lifespan)


class Handover:
    """A host on a loop of its own, and an engine that exchanges the app object."""

    def __init__(self, shared: bool) -> None:
        self.told: list[str] = []
        self.ended = Event()
        self.engine = FakeEngine(lambda module: self._put(app("one", self.told, self.ended)))
        self.engine.shared = shared
        target = Target("app", "app", False, Path("app.py"), "app.py", (), ())
        self.host = Host(Settings("app.py"), target, self.engine, lambda event: None)

    def _put(self, new: Starlette | None) -> None:
        self.engine.module.app = new  # type: ignore[attr-defined]

    def save(self, name: str, *, starts: bool = True, runs: bool = True) -> str:
        """The error of a save that makes another app."""
        before = self.engine.module.app

        def act() -> None:
            self.told.append(f"{name} runs")
            if not runs:
                raise NameError("undefined")
            self._put(app(name, self.told, self.ended, starts=starts))

        result = self.host.apply(FakePlan(act, lambda: self._put(before)))
        return result.error.message if result.error else ""


@pytest.fixture(params=[False, True], ids=["apart", "shared"])
def handover(request: pytest.FixtureRequest) -> Iterator[Handover]:
    found = Handover(request.param)
    loop = asyncio.new_event_loop()
    thread = Thread(target=loop.run_forever)
    thread.start()
    try:
        loop.call_soon_threadsafe(found.host.start)
        assert found.host.settled.wait(LIMIT)
        yield found
    finally:
        asyncio.run_coroutine_threadsafe(found.host.finish(), loop).result(LIMIT)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(LIMIT)
        loop.close()


def test_the_next_app(handover: Handover) -> None:
    """Apps with nothing in common overlap; of those that use the same objects the old one ends in the state it knows."""
    assert handover.save("two") == ""
    assert handover.ended.wait(LIMIT)  # it may go on behind the answer to the save
    if handover.engine.shared:
        assert handover.told == ["one starts", "two runs", "one ends", "two runs", "two starts"]
        assert [t.ended for t in handover.engine.transactions[1:]] == ["rolled back", "committed"]
    else:
        assert handover.told == ["one starts", "two runs", "two starts", "one ends"]


def test_an_app_that_does_not_start(handover: Handover) -> None:
    """The old one serves on: it was left alone, or it is started again."""
    before = handover.host.gate.generation
    assert handover.save("two", starts=False) == "no database"
    serving = handover.host.gate.generation
    assert before is not None
    assert serving is not None
    assert (serving.found, serving.number) == (before.found, before.number)
    assert handover.host.app is handover.engine.module.app
    if handover.engine.shared:
        assert handover.told == ["one starts", "two runs", "one ends", "two runs", "one starts"]
    else:
        assert handover.told == ["one starts", "two runs"]


def test_an_app_that_fails_to_load(handover: Handover) -> None:
    """Nothing ends for a save that does not even run."""
    assert handover.save("two", runs=False) == "undefined"
    assert handover.told == ["one starts", "two runs"]
