"""Caches with the surface of `functools.lru_cache(maxsize=None)` that can change their function.

Unlike there, one call per key computes and the others wait for it, of a coroutine function the awaited result
is kept, and time is measured. Standard library only: `fh_utils` uses this outside dev mode, too.
"""

from __future__ import annotations

import asyncio
import functools
import inspect
import threading
import time
from collections.abc import Callable, Hashable
from contextvars import ContextVar
from types import MethodType
from typing import TYPE_CHECKING, Any, TypeAlias

Values: TypeAlias = dict[Hashable, Any]

_MISSING: Any = object()
_LOOK_UP = 0.2  # seconds after which a waiting thread looks up, so that an exception raised in it gets through


class Memo:
    """The values of one function and what they cost; `wrapper` is what the person's code holds.

    `values` is replaced, never emptied, so that `engine.keep` can put an earlier one back.
    """

    wrapper: Any

    def __init__(self, func: Callable[..., Any]) -> None:
        self.func = func
        self.successor: Callable[..., Any] | None = None
        """The definition that takes over when the cache is cleared."""
        self.values: Values = {}
        self.flights: dict[Hashable, Any] = {}
        """What is being computed now."""
        self.hits = self.misses = 0
        self.seconds = 0.0
        """Spent in the function; recursion counts once."""
        self.since = 0.0
        # Comparing keys runs the person's `__eq__`, which may call the same cache again: reentrant.
        self.lock = threading.RLock()

    def info(self) -> functools._CacheInfo:
        with self.lock:
            return functools._CacheInfo(self.hits, self.misses, None, len(self.values))

    def clear(self) -> None:
        """Forget everything, also what is being computed; the successor, if there is one, takes over."""
        with self.lock:
            self.forget()
            if self.successor is not None:
                self.adopt(self.successor)

    def forget(self) -> None:
        with self.lock:
            self.values, self.flights = {}, {}
            self.hits = self.misses = 0
            self.seconds = self.since = 0.0

    def adopt(self, func: Callable[..., Any]) -> None:
        """Compute with `func` from now on; the values stay."""
        with self.lock:
            self.func, self.successor = func, None
            functools.update_wrapper(self.wrapper, func)

    def _store(self, values: Values, key: Hashable, value: object) -> None:
        """Keep `value`, unless the cache was cleared since its computation began."""
        with self.lock:
            if values is self.values:
                values[key] = value
                self.since = self.since or time.time()


def parameters() -> dict[str, Any]:
    return {"maxsize": None, "typed": False}


# --------------------------------------------------------------------------------------------- functions


class Flight:
    """One computation going on in a thread; others wait for it."""

    _waiting: dict[int, Flight] = {}  # noqa: RUF012 - one for the process: who waits for whom
    _waiting_lock = threading.Lock()

    def __init__(self, memo: Memo) -> None:
        self.func, self.values = memo.func, memo.values
        self.thread = threading.get_ident()
        self.done = threading.Event()

    def join(self) -> bool:
        """Wait until it is over; False, at once, if it cannot end before the calling thread goes on."""
        me = threading.get_ident()
        with self._waiting_lock:
            if self._needs(me):
                return False
            self._waiting[me] = self
        try:
            while not self.done.wait(_LOOK_UP):
                pass
        finally:
            with self._waiting_lock:
                self._waiting.pop(me, None)
        return True

    def _needs(self, thread: int) -> bool:
        flight: Flight | None = self
        while flight is not None and flight.thread != thread:
            flight = self._waiting.get(flight.thread)
        return flight is not None


class ThreadMemo(Memo):
    """For functions, called from any thread."""

    def __init__(self, func: Callable[..., Any]) -> None:
        super().__init__(func)
        self.wrapper = CachedFunction(self)
        self._inside: set[int] = set()  # the threads that compute

    def call(self, args: tuple[Any, ...], kwds: dict[str, Any]) -> Any:
        key = functools._make_key(args, kwds, False)
        while True:
            with self.lock:
                value = self.values.get(key, _MISSING)
                if value is not _MISSING:
                    self.hits += 1
                    return value
                flight = self.flights.get(key)
                if flight is None:
                    flight = self.flights[key] = Flight(self)
                    break
            if not flight.join():  # recursion: compute it again, as lru_cache does
                flight = Flight(self)
                break
        return self._compute(flight, key, args, kwds)

    def _compute(self, flight: Flight, key: Hashable, args: tuple[Any, ...], kwds: dict[str, Any]) -> Any:
        with self.lock:
            self.misses += 1
            outermost = flight.thread not in self._inside
            self._inside.add(flight.thread)
        started = time.perf_counter()
        try:
            value = flight.func(*args, **kwds)
            self._store(flight.values, key, value)
            return value
        finally:
            with self.lock:
                if outermost:
                    self.seconds += time.perf_counter() - started
                    self._inside.discard(flight.thread)
                if self.flights.get(key) is flight:
                    del self.flights[key]
            flight.done.set()


class CachedFunction:
    """Stands where `functools.lru_cache` would put its wrapper, and binds as a method like that one."""

    __slots__ = ("__dict__", "__weakref__", "_memo")

    def __init__(self, memo: ThreadMemo) -> None:
        self._memo = memo
        functools.update_wrapper(self, memo.func)

    if TYPE_CHECKING:
        __name__: str
        __qualname__: str
        __wrapped__: Callable[..., Any]

    def __call__(self, *args: Any, **kwds: Any) -> Any:
        return self._memo.call(args, kwds)

    def __get__(self, instance: object, owner: type | None = None) -> Any:
        return self if instance is None else MethodType(self, instance)

    def cache_info(self) -> functools._CacheInfo:
        return self._memo.info()

    def cache_clear(self) -> None:
        self._memo.clear()

    def cache_parameters(self) -> dict[str, Any]:
        return parameters()

    def __reduce__(self) -> str:
        return self.__qualname__

    def __repr__(self) -> str:
        return f"<no_reload_cache of {self.__module__}.{self.__qualname__}>"


# ------------------------------------------------------------------------------------ coroutine functions


class AsyncFlight:
    """One computation going on in a task; tasks of any event loop wait for it."""

    def __init__(self, memo: Memo) -> None:
        self.func, self.values = memo.func, memo.values
        self._waiters: list[tuple[asyncio.AbstractEventLoop, asyncio.Future[None]]] = []

    def join(self) -> asyncio.Future[None]:
        """Awaiting it waits for the end; to be called with the memo's lock held."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[None] = loop.create_future()
        self._waiters.append((loop, future))
        return future

    def land(self) -> None:
        for loop, future in self._waiters:
            try:
                loop.call_soon_threadsafe(_release, future)
            except RuntimeError:  # that loop is closed, and its waiter with it
                pass


def _release(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


_computing: ContextVar[tuple[AsyncFlight, ...]] = ContextVar("fh_dash_computing", default=())
"""What the current task is part of: its own computations and those of the tasks that started it."""


class TaskMemo(Memo):
    """For coroutine functions: the awaited result is kept."""

    def __init__(self, func: Callable[..., Any]) -> None:
        super().__init__(func)
        self.wrapper = _cached_coroutine_function(self)

    async def call(self, args: tuple[Any, ...], kwds: dict[str, Any]) -> Any:
        key = functools._make_key(args, kwds, False)
        while True:
            with self.lock:
                value = self.values.get(key, _MISSING)
                if value is not _MISSING:
                    self.hits += 1
                    return value
                running = self.flights.get(key)
                if running is None or running in _computing.get():
                    flight = AsyncFlight(self)
                    self.flights.setdefault(key, flight)
                    break
                landed = running.join()
            await landed
        return await self._compute(flight, key, args, kwds)

    async def _compute(self, flight: AsyncFlight, key: Hashable, args: tuple[Any, ...], kwds: dict[str, Any]) -> Any:
        token = _computing.set((*_computing.get(), flight))
        started = time.perf_counter()
        with self.lock:
            self.misses += 1
        try:
            value = await flight.func(*args, **kwds)
            self._store(flight.values, key, value)
            return value
        finally:
            _computing.reset(token)
            with self.lock:
                self.seconds += time.perf_counter() - started
                if self.flights.get(key) is flight:
                    del self.flights[key]
            flight.land()


def _cached_coroutine_function(memo: TaskMemo) -> Callable[..., Any]:
    # A real coroutine function: frameworks ask `iscoroutinefunction` to tell how to call it.
    @functools.wraps(memo.func)
    async def cached(*args: Any, **kwds: Any) -> Any:
        return await memo.call(args, kwds)

    for name, method in (
        ("cache_info", memo.info),
        ("cache_clear", memo.clear),
        ("cache_parameters", parameters),
    ):
        setattr(cached, name, method)
    return cached


def memo_of(func: Callable[..., Any]) -> ThreadMemo | TaskMemo:
    """A new cache for `func`; its `wrapper` takes the place of the function."""
    if not callable(func):
        raise TypeError(f"no_reload_cache needs a function, not {type(func).__name__}")
    return TaskMemo(func) if inspect.iscoroutinefunction(func) else ThreadMemo(func)
