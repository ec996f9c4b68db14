from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import pytest
from starlette.applications import Starlette

from fh_dash.host.asgi import ASGIApp, Receive, Scope, Send
from fh_dash.host.lifespan import Lifespan, LifespanError

T = TypeVar("T")
PATIENCE = 5.0


def _run(work: Coroutine[Any, Any, T]) -> T:
    async def bounded() -> T:
        return await asyncio.wait_for(work, PATIENCE)

    return asyncio.run(bounded())


async def _whole(lifespan: Lifespan, patience: float = PATIENCE) -> list[BaseException | None]:
    return [await lifespan.startup(patience), await lifespan.shutdown(patience)]


def _starlette(log: list[str], *, up: object = None, down: object = None) -> Starlette:
    @asynccontextmanager
    async def lifespan(app: Starlette) -> Any:
        log.append("up")
        await _trouble(up)
        yield {"state": "there"}
        await _trouble(down)
        log.append("down")

    return Starlette(lifespan=lifespan)


async def _trouble(what: object) -> None:
    if isinstance(what, BaseException):
        raise what
    if what == "hangs":
        await asyncio.sleep(60)


def test_startup_and_shutdown_run_once() -> None:
    """With the state that the app yields; a second shutdown does nothing."""
    log: list[str] = []
    lifespan = Lifespan(_starlette(log))

    async def story() -> list[BaseException | None]:
        return [*await _whole(lifespan), await lifespan.shutdown(PATIENCE)]

    assert _run(story()) == [None, None, None]
    assert (log, lifespan.state) == (["up", "down"], {"state": "there"})


@pytest.mark.parametrize("error", [ValueError("no"), SystemExit(3), KeyboardInterrupt()])
def test_a_startup_that_raises_gives_the_apps_own_exception(error: BaseException) -> None:
    """Not the text that the protocol carries; and `sys.exit` does not end the server."""
    log: list[str] = []

    assert _run(Lifespan(_starlette(log, up=error)).startup(PATIENCE)) is error


def test_a_startup_that_hangs_is_given_up() -> None:
    """After the patience, and the app is cancelled."""
    failure = _run(Lifespan(_starlette([], up="hangs")).startup(0.05))

    assert isinstance(failure, LifespanError)
    assert "did not finish within 0.05 s" in str(failure)


def test_a_shutdown_that_raises_or_hangs_is_told() -> None:
    """It is bounded like the start-up."""
    error = ValueError("no")

    assert _run(_whole(Lifespan(_starlette([], down=error)))) == [None, error]

    _, failure = _run(_whole(Lifespan(_starlette([], down="hangs")), 0.05))

    assert isinstance(failure, LifespanError)


async def _raises(scope: Scope, receive: Receive, send: Send) -> None:
    raise RuntimeError("no lifespan here")


async def _returns(scope: Scope, receive: Receive, send: Send) -> None:
    await receive()


async def _answers(scope: Scope, receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})


async def _says_failed(scope: Scope, receive: Receive, send: Send) -> None:
    await receive()
    await send({"type": "lifespan.startup.failed", "message": "not today"})


@pytest.mark.parametrize("app", [_raises, _returns, _answers])
def test_an_app_without_lifespan_is_fine(app: ASGIApp) -> None:
    """As with uvicorn's `--lifespan auto`."""
    assert _run(_whole(Lifespan(app))) == [None, None]


def test_the_modes_on_and_off() -> None:
    """`on` insists, `off` does not even ask."""
    assert isinstance(_run(Lifespan(_raises, "on").startup(PATIENCE)), RuntimeError)
    assert _run(Lifespan(_says_failed, "off").startup(PATIENCE)) is None


def test_a_refusal_in_words_is_an_error_with_them() -> None:
    """For apps that say so without raising."""
    assert str(_run(Lifespan(_says_failed).startup(PATIENCE))) == "not today"
