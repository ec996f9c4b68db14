"""The caches behind `no_reload_cache`: what `functools.lru_cache` does, and nothing computed twice."""

from __future__ import annotations

import asyncio
import copy
import functools
import inspect
import pickle
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from fh_dash.memo import memo_of


def cached(func: Callable[..., Any]) -> Any:
    return memo_of(func).wrapper


def square(x: Any, scale: int = 1) -> Any:
    """Docstring of square."""
    return x * x * scale


square.colour = "red"  # type: ignore[attr-defined]
PICKLED = cached(square)
PICKLED.__qualname__ = "PICKLED"

MAKERS = [pytest.param(functools.lru_cache(maxsize=None), id="lru_cache"), pytest.param(cached, id="memo")]


@pytest.mark.parametrize("make", MAKERS)
class TestLikeLruCache:
    def test_counts_and_parameters(self, make: Callable[..., Any]) -> None:
        """Hits, misses, entries and parameters are those of lru_cache, keyword order and types included."""
        func = make(square)
        for args in [(3,), (3,), (3.0,), (True,), (1,), (False, 2)]:
            func(*args)
        func(2, scale=3)
        func(x=2, scale=3)
        func(scale=3, x=2)

        assert func.cache_info() == (1, 8, None, 8)
        assert func.cache_info()._fields == ("hits", "misses", "maxsize", "currsize")
        assert func.cache_parameters() == {"maxsize": None, "typed": False}

    def test_clear(self, make: Callable[..., Any]) -> None:
        """cache_clear forgets values and counts."""
        func = make(square)
        func(2)
        func.cache_clear()

        assert func.cache_info() == (0, 0, None, 0)

    def test_attributes(self, make: Callable[..., Any]) -> None:
        """The wrapper carries the function's name, docs, module, attributes, signature, and itself."""
        func = make(square)

        assert (func.__name__, func.__qualname__, func.__module__) == ("square", "square", __name__)
        assert func.__doc__ == "Docstring of square."
        assert func.colour == "red"
        assert func.__wrapped__ is square
        assert str(inspect.signature(func)) == "(x: 'Any', scale: 'int' = 1) -> 'Any'"
        func.extra = 1
        assert func.extra == 1

    def test_unhashable(self, make: Callable[..., Any]) -> None:
        """Unhashable arguments raise TypeError and leave no trace."""
        func = make(square)
        with pytest.raises(TypeError, match="unhashable type: 'list'"):
            func([1])

        assert func.cache_info().misses == 0

    def test_method(self, make: Callable[..., Any]) -> None:
        """In a class it binds as a method does, one cache for all instances, and is itself on the class."""

        class Shop:
            @make
            def price(self, item: str) -> tuple[int, str]:
                return id(self), item

        one, two = Shop(), Shop()

        assert one.price("a") == (id(one), "a") == one.price("a")
        assert two.price("a") == (id(two), "a")
        assert Shop.price.cache_info()[:2] == (1, 2)
        assert one.price.__self__ is one
        assert Shop.price.__get__(None, Shop) is Shop.price

    def test_recursion(self, make: Callable[..., Any]) -> None:
        """A function that calls itself with smaller arguments works."""

        @make
        def fib(n: int) -> int:
            return n if n < 2 else fib(n - 1) + fib(n - 2)

        assert fib(40) == 102334155
        assert fib.cache_info() == (38, 41, None, 41)

    def test_recursion_for_the_same_key(self, make: Callable[..., Any]) -> None:
        """A function that calls itself with the same arguments computes again and does not wait."""
        depth = 0

        @make
        def again() -> int:
            nonlocal depth
            depth += 1
            return again() if depth < 3 else depth

        assert again() == 3
        assert again.cache_info() == (0, 3, None, 1)

    def test_exception_is_not_kept(self, make: Callable[..., Any]) -> None:
        """A call that raises counts as a miss and is tried again."""
        outcomes = iter([ValueError("first"), 7])

        @make
        def flaky() -> Any:
            outcome = next(outcomes)
            if isinstance(outcome, Exception):
                raise outcome
            return outcome

        with pytest.raises(ValueError, match="first"):
            flaky()

        assert flaky() == 7
        assert flaky.cache_info() == (0, 2, None, 1)

    def test_key_that_calls_the_cache(self, make: Callable[..., Any]) -> None:
        """Keys whose comparison calls the same cache do not lock up."""

        class Key:
            def __hash__(self) -> int:
                return 1

            def __eq__(self, other: object) -> bool:
                return bool(func("inner")) and self is other

        @make
        def func(key: object) -> str:
            return "value"

        assert {func(Key()), func(Key())} == {"value"}

    def test_not_callable(self, make: Callable[..., Any]) -> None:
        """What cannot be called is refused."""
        with pytest.raises(TypeError):
            make(3)


def test_pickled_by_reference() -> None:
    """Pickling and copying give the very object."""
    assert pickle.loads(pickle.dumps(PICKLED)) is PICKLED
    assert copy.copy(PICKLED) is PICKLED
    assert copy.deepcopy(PICKLED) is PICKLED
    assert repr(PICKLED) == f"<no_reload_cache of {__name__}.PICKLED>"


def together(count: int, call: Callable[[], Any]) -> list[Any]:
    """The results of `call` from so many threads that start at once; exceptions as results."""
    barrier = threading.Barrier(count)

    def one() -> Any:
        barrier.wait(10)
        try:
            return call()
        except Exception as error:
            return error

    with ThreadPoolExecutor(count) as pool:
        return [f.result(20) for f in [pool.submit(one) for _ in range(count)]]


def test_threads_wait_for_one_computation() -> None:
    """Of eight threads asking at once, one computes; the others get its value and count as hits."""
    calls, first = [], threading.Event()

    @cached
    def load() -> object:
        calls.append(1)
        first.wait(0.2)
        return object()

    values = together(8, load)

    assert len(calls) == 1
    assert len({id(v) for v in values}) == 1
    assert load.cache_info() == (7, 1, None, 1)


def test_other_keys_do_not_wait() -> None:
    """While one key is computed another one is computed, too."""
    entered = threading.Barrier(2, timeout=10)

    @cached
    def load(name: str) -> str:
        entered.wait()
        return name

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(load, ["a", "b"])) == ["a", "b"]


def test_exception_wakes_the_waiting_threads() -> None:
    """When the computing call raises, only its own caller sees that; a waiter tries and serves the rest."""
    tries = iter(range(100))

    @cached
    def load() -> int:
        number = next(tries)
        threading.Event().wait(0.05)
        if number == 0:
            raise ValueError("first")
        return number

    results = together(6, load)

    assert sum(isinstance(r, ValueError) for r in results) == 1
    assert [r for r in results if r == 1] == [1] * 5


def test_threads_that_need_each_other_do_not_lock_up() -> None:
    """Two threads computing a(b) and b(a) would wait for each other for ever: one computes again instead."""
    both = threading.Barrier(2, timeout=10)
    local = threading.local()

    def enter(other: Callable[[], str], name: str) -> str:
        if getattr(local, "deep", False):
            return name
        local.deep = True
        both.wait()
        return name + other()

    a = cached(lambda: enter(b, "a"))
    b = cached(lambda: enter(a, "b"))
    with ThreadPoolExecutor(2) as pool:
        results = [f.result(10) for f in (pool.submit(a), pool.submit(b))]

    assert {"".join(sorted(set(r))) for r in results} == {"ab"}


def test_value_of_a_cleared_computation_is_not_kept() -> None:
    """A clear while a value is computed lets its caller have it, but the cache stays empty."""
    started, go = threading.Event(), threading.Event()

    @cached
    def load() -> str:
        started.set()
        go.wait(10)
        return "old"

    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(load)
        started.wait(10)
        load.cache_clear()
        go.set()

        assert running.result(10) == "old"
    assert load.cache_info() == (0, 0, None, 0)


def test_recursion_is_timed_once() -> None:
    """The seconds of nested calls are not added up."""

    def deep(n: int) -> int:
        return threading.Event().wait(0.05) if n == 0 else memo.wrapper(n - 1)

    memo = memo_of(deep)
    since = time.perf_counter()
    memo.wrapper(10)

    assert memo.misses == 11
    assert 0.05 <= memo.seconds <= time.perf_counter() - since


# ------------------------------------------------------------------------------------ coroutine functions


def test_async_result_is_kept() -> None:
    """The awaited result is what is cached, and the wrapper is a coroutine function."""
    calls = []

    @cached
    async def load(name: str) -> str:
        """Docs."""
        calls.append(name)
        await asyncio.sleep(0)
        return name.upper()

    async def main() -> list[str]:
        return [await load("a"), await load("a"), await load("b")]

    assert asyncio.run(main()) == ["A", "A", "B"]
    assert calls == ["a", "b"]
    assert inspect.iscoroutinefunction(load)
    assert load.cache_info() == (1, 2, None, 2)
    assert load.cache_parameters() == {"maxsize": None, "typed": False}
    assert (load.__name__, load.__doc__) == ("load", "Docs.")
    load.cache_clear()
    assert load.cache_info() == (0, 0, None, 0)


def test_tasks_wait_for_one_computation() -> None:
    """Tasks asking at once share one computation, also over a failure of the first and a cancelled one."""
    computations = 0
    begun: asyncio.Queue[asyncio.Event] = asyncio.Queue()

    @cached
    async def load() -> int:
        nonlocal computations
        computations += 1
        number, mine = computations, asyncio.Event()
        begun.put_nowait(mine)
        await mine.wait()
        if number == 1:
            raise ValueError("first")
        return number

    async def main() -> list[Any]:
        tasks = [asyncio.create_task(load()) for _ in range(5)]
        (await begun.get()).set()  # fails
        await begun.get()
        tasks[1].cancel()
        (await begun.get()).set()
        return await asyncio.gather(*tasks, return_exceptions=True)

    results = asyncio.run(main())

    assert isinstance(results[0], ValueError)
    assert isinstance(results[1], asyncio.CancelledError)
    assert results[2:] == [3, 3, 3]
    assert computations == 3


def test_async_recursion_for_the_same_key() -> None:
    """A coroutine function that awaits itself, directly or in a new task, does not wait for itself."""
    depth = 0

    @cached
    async def again() -> int:
        nonlocal depth
        depth += 1
        if depth == 1:
            return await again()
        if depth == 2:
            return (await asyncio.gather(again()))[0]
        return depth

    async def main() -> int:
        return await asyncio.wait_for(again(), 5)

    assert asyncio.run(main()) == 3


def test_tasks_of_two_loops_share() -> None:
    """Two event loops in two threads share one computation."""
    calls, started, asked = [], threading.Event(), threading.Event()

    @cached
    async def load() -> object:
        calls.append(1)
        started.set()
        await asyncio.to_thread(asked.wait, 10)
        return object()

    async def ask() -> object:
        waiting = asyncio.create_task(load())
        await asyncio.sleep(0)  # it looked, and waits
        asked.set()
        return await waiting

    def second() -> object:
        started.wait(10)
        return asyncio.run(ask())

    with ThreadPoolExecutor(2) as pool:
        one, two = pool.submit(lambda: asyncio.run(load())), pool.submit(second)

        assert one.result(10) is two.result(10)
    assert len(calls) == 1
