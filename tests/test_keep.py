"""`no_reload` and `no_reload_cache` in dev mode: what their objects do when modules re-run."""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from fh_dash.engine.keep import Registry
from fh_dash.events import CacheChange, CacheState

HEAD = "from itertools import count\nticket = count(1)\n"


@dataclass
class Project:
    """Modules made of text that run again in their living namespace, as the engine runs them."""

    folder: Path
    registry: Registry = field(default_factory=Registry)
    modules: dict[str, ModuleType] = field(default_factory=dict)

    def run(self, source: str, name: str = "shop") -> ModuleType:
        file = self.folder / f"{name}.py"
        file.write_text(source)
        module = self.modules.get(name)
        if module is None:
            module = self.modules[name] = sys.modules[name] = ModuleType(name)
            module.__file__ = str(file)
            module.__dict__.update(no_reload_cache=self.registry.cache, no_reload=self.registry.keep)
        exec(compile(source, file, "exec"), module.__dict__)
        return module

    def rerun(self, source: str, name: str = "shop") -> tuple[CacheChange, ...]:
        """As a save does it; returns what became of the caches."""
        snapshot = self.registry.snapshot()
        try:
            self.run(source, name)
        except BaseException:
            self.registry.restore(snapshot)
            raise
        return self.registry.settle(snapshot, [name])

    def state(self, key: str) -> CacheState:
        return next(s for s in self.registry.states() if s.key == key)


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    project = Project(tmp_path)
    yield project
    for name in project.modules:
        sys.modules.pop(name, None)


LOAD = HEAD + "@no_reload_cache\ndef load(name='a'):\n    return name, next(ticket)\n"


class TestCache:
    def test_survives_the_rerun_of_its_module(self, project: Project) -> None:
        """The decorator gives back the same object with its values, and counts go on."""
        shop = project.run(LOAD)
        load = shop.load
        value = load()

        assert project.rerun("x = 1\n" + LOAD) == (CacheChange("shop:load", "kept"),)
        assert shop.load is load
        assert shop.load() is value
        assert load.cache_info() == (1, 1, None, 1)

    def test_new_keys_compute_with_todays_function(self, project: Project) -> None:
        """After a re-run that changed no code the new function object computes, with its new lines."""
        shop = project.run(LOAD)
        shop.load()
        project.rerun("\n\n" + LOAD)

        assert shop.load.__wrapped__.__code__.co_firstlineno == 5
        assert project.state("shop:load").line == 5
        assert not project.state("shop:load").stale

    @pytest.mark.parametrize(
        ("edit", "reason"),
        [
            (("return name, next", "return name * 2, next"), "body changed"),
            (("name='a'", "name='b'"), "defaults changed"),
            (("name='a'", "name='a', other=None"), "signature changed"),
            (("def load", "async def load"), None),
        ],
    )
    def test_stale_after_an_edit(self, project: Project, edit: tuple[str, str], reason: str | None) -> None:
        """An edited function serves its old values, says why it is stale, and a clear adopts the new code."""
        shop = project.run(LOAD)
        value = shop.load()
        changes = project.rerun(LOAD.replace(*edit))

        if reason is None:
            assert changes == (CacheChange("shop:load", "dropped", "defined as another kind"),)
            return
        assert changes == (CacheChange("shop:load", "stale", reason),)
        assert shop.load() is value
        assert (project.state("shop:load").stale, project.state("shop:load").reason) == (True, reason)
        assert project.registry.clear("shop:load")
        assert not project.state("shop:load").stale
        assert shop.load()[0] == {"body changed": "aa", "defaults changed": "b"}.get(reason, "a")

    @pytest.mark.parametrize(
        "same",
        [
            "\n# comment\n" + LOAD,
            LOAD.replace("    return", '    """Docs."""\n    return') if sys.version_info < (3, 14) else LOAD,
            LOAD.replace("return name, next(ticket)", "return (  # note\n        name, next(ticket))"),
        ],
    )
    def test_not_stale_without_a_change_of_code(self, project: Project, same: str) -> None:
        """Comments, layout, place and docstrings do not make it stale."""
        shop = project.run(LOAD)
        shop.load()

        assert project.rerun(same) == (CacheChange("shop:load", "kept"),)

    def test_edited_docstring(self, project: Project) -> None:
        """A changed docstring is adopted, and is no change."""
        text = LOAD.replace("    return", '    """One."""\n    return')
        shop = project.run(text)
        shop.load()
        project.rerun(text.replace("One", "Two"))

        assert not project.state("shop:load").stale
        assert shop.load.__doc__ == "Two."

    def test_taking_an_edit_back_makes_it_fresh(self, project: Project) -> None:
        """Stale means: differs from the code that made the values."""
        shop = project.run(LOAD)
        value = shop.load()
        project.rerun(LOAD.replace("name, next", "name * 2, next"))
        project.rerun(LOAD)

        assert not project.state("shop:load").stale
        assert shop.load() is value

    def test_empty_cache_adopts_at_once(self, project: Project) -> None:
        """Where no value is held nothing can be stale."""
        shop = project.run(LOAD)
        project.rerun(LOAD.replace("name, next", "name * 2, next"))

        assert not project.state("shop:load").stale
        assert shop.load()[0] == "aa"

    def test_cache_clear_of_the_app_adopts(self, project: Project) -> None:
        """The app's own cache_clear() adopts the new definition as the key in the dashboard does."""
        shop = project.run(LOAD)
        shop.load()
        project.rerun(LOAD.replace("name, next", "name * 2, next"))
        shop.load.cache_clear()

        assert shop.load()[0] == "aa"
        assert project.state("shop:load").reason == ""

    def test_edit_while_it_computes(self, project: Project) -> None:
        """An edit during the computation makes the value stale when it comes."""
        started, go = threading.Event(), threading.Event()
        source = "@no_reload_cache\ndef load():\n    started.set()\n    go.wait(10)\n    return 1\n"
        shop = project.run("")
        shop.__dict__.update(started=started, go=go)
        project.rerun(source)
        thread = threading.Thread(target=shop.load)
        thread.start()
        started.wait(10)
        project.rerun(source.replace("return 1", "return 2"))
        go.set()
        thread.join(10)

        assert project.state("shop:load").stale
        assert shop.load() == 1

    def test_functions_of_one_name(self, project: Project) -> None:
        """Several functions of one name keep a cache each, by their order."""
        source = HEAD + "all = []\n" + 2 * "@no_reload_cache\ndef get():\n    return next(ticket)\nall.append(get)\n"
        shop = project.run(source)
        first, second = shop.all
        assert (first(), second()) == (1, 2)
        project.rerun(source)

        assert shop.all == [first, second]
        assert [s.key for s in project.registry.states()] == ["shop:get", "shop:get #2"]

    def test_function_made_by_another_module(self, project: Project) -> None:
        """What a helper module makes for two others belongs to each of those."""
        project.run(
            "def make():\n    @no_reload_cache\n    def load():\n        return object()\n    return load\n",
            "helper",
        )
        one = project.run("import helper\nload = helper.make()\n", "one").load
        two = project.run("import helper\nload = helper.make()\n", "two").load
        project.rerun("import helper\nload = helper.make()\n", "two")

        assert project.modules["two"].load is two is not one
        assert [s.key for s in project.registry.states()] == [
            "helper:make.<locals>.load in one",
            "helper:make.<locals>.load in two",
        ]

    def test_method(self, project: Project) -> None:
        """A cached method goes on in the new class."""
        source = "class Shop:\n    @no_reload_cache\n    def load(self):\n        return object()\n"
        shop = project.run(source)
        one = shop.Shop()
        value = one.load()
        project.rerun(source)

        assert shop.Shop.load.__get__(one)() is value

    def test_made_per_request_is_not_registered(self, project: Project) -> None:
        """A function decorated while no module runs has its own cache and is not remembered."""
        shop = project.run(
            "def view():\n    @no_reload_cache\n    def load():\n        return object()\n    return load\n"
        )

        assert shop.view() is not shop.view()
        assert shop.view()() is not shop.view()()
        assert project.registry.states() == ()

    def test_made_by_an_app_factory(self, project: Project) -> None:
        """Inside `defining`, as around an app factory, it is remembered."""
        shop = project.run(
            "def create():\n    @no_reload_cache\n    def load():\n        return object()\n    return load\n"
        )
        with project.registry.defining("shop"):
            load = shop.create()
        snapshot = project.registry.snapshot()
        with project.registry.defining("shop"):
            assert shop.create() is load
        assert project.registry.settle(snapshot, ["shop"]) == (CacheChange("shop:create.<locals>.load", "kept"),)

    def test_coroutine_function(self, project: Project) -> None:
        """The awaited value of an async function survives, and the object stays the same."""
        source = LOAD.replace("def load", "async def load")
        shop = project.run(source)
        load = shop.load
        value = asyncio.run(load())
        project.rerun("\n" + source)

        assert shop.load is load
        assert asyncio.run(shop.load()) is value

    def test_decorator_below(self, project: Project) -> None:
        """A change of a decorator below the cache makes it stale, a plain re-run does not."""
        source = (
            "import functools\ndef twice(f):\n    @functools.wraps(f)\n    def inner():\n"
            "        return f() * 2\n    return inner\n"
            "@no_reload_cache\n@twice\ndef load():\n    return 'a'\n"
        )
        shop = project.run(source)
        shop.load()

        assert project.rerun("\n" + source) == (CacheChange("shop:load", "kept"),)
        assert project.rerun(source.replace("* 2", "* 3")) == (CacheChange("shop:load", "stale", "decorators changed"),)


class TestStates:
    def test_numbers(self, project: Project) -> None:
        """Hits, misses, entries, seconds and the place are told."""
        shop = project.run("import threading\n@no_reload_cache\ndef load(n):\n    threading.Event().wait(0.02)\n")
        since = time.perf_counter()
        for n in (1, 2, 1, 1):
            shop.load(n)
        took = time.perf_counter() - since
        state = project.state("shop:load")

        assert (state.hits, state.misses, state.entries, state.kind) == (2, 2, 2, "cache")
        assert 0.04 <= state.seconds_computing <= took
        assert state.seconds_saved == pytest.approx(state.seconds_computing)
        assert (state.file, state.line) == (str(project.folder / "shop.py"), 2)
        assert state.since > 1e9
        assert (state.stale, state.reason) == (False, "")

    def test_clear_all(self, project: Project) -> None:
        """Clearing all counts those that had something to clear; an unknown key is refused."""
        shop = project.run(LOAD + LOAD.replace("load(", "other(").removeprefix(HEAD))
        shop.load()

        assert project.registry.clear_all() == 1
        assert project.registry.clear_all() == 0
        assert project.state("shop:load").since == 0.0
        assert not project.registry.clear("shop:nothing")


KEEP = "@no_reload\ndef plain():\n    return 'plain'\n"


class TestKept:
    def test_function_stays_itself(self, project: Project) -> None:
        """The first function object is given back, edited or not, and is stale when edited."""
        shop = project.run(KEEP)
        plain = shop.plain

        assert project.rerun("\n" + KEEP) == (CacheChange("shop:plain", "kept"),)
        assert shop.plain.__code__.co_firstlineno == 2
        assert project.rerun(KEEP.replace("'plain'", "'new'")) == (CacheChange("shop:plain", "stale", "body changed"),)
        assert shop.plain is plain
        assert shop.plain() == "plain"
        assert project.registry.is_pinned(plain)
        assert project.state("shop:plain").kind == "kept"

    def test_clear_adopts_in_place(self, project: Project) -> None:
        """A clear gives the old function object the new code, defaults and attributes."""
        shop = project.run(KEEP)
        plain = shop.plain
        project.rerun("@no_reload\ndef plain(x='new'):\n    return x\n")

        assert project.registry.clear("shop:plain")
        assert shop.plain is plain
        assert plain() == "new"
        assert not project.state("shop:plain").stale

    def test_closure_stays(self, project: Project) -> None:
        """A function made by a call keeps what it closes over, and is not stale for a new closure."""
        source = (
            HEAD + "def make():\n    number = next(ticket)\n    @no_reload\n    def counter():\n"
            "        return number\n    return counter\ncounter = make()\n"
        )
        shop = project.run(source)
        project.rerun(source.replace("count(1)", "count(50)"))

        assert shop.counter() == 1
        assert not project.state("shop:make.<locals>.counter").stale

    def test_class_stays_itself(self, project: Project) -> None:
        """A kept class keeps identity and contents until the clear rebinds the name everywhere."""
        source = "@no_reload\nclass State:\n    items = []\n    limit = 3\n"
        shop = project.run(source)
        state = shop.State
        state.items.append(1)

        assert project.rerun(source) == (CacheChange("shop:State", "kept"),)
        project.rerun(source.replace("limit = 3", "limit = 4"))
        assert shop.State is state
        assert project.state("shop:State").reason == "limit changed"
        other = project.run("from shop import State\n", "other")
        project.registry.clear("shop:State")
        assert shop.State is other.State is not state
        assert shop.State.limit == 4

    def test_lru_cache_object(self, project: Project) -> None:
        """no_reload above functools.cache keeps the cache with its values, as fh_utils 0.5 documents."""
        source = HEAD + "import functools\n@no_reload\n@functools.cache\ndef load():\n    return next(ticket)\n"
        shop = project.run(source)
        shop.load()
        project.rerun(source.replace("count(1)", "count(9)"))

        assert shop.load() == 1

    def test_other_objects_pass(self, project: Project) -> None:
        """What has no qualified name is returned as it is."""
        shop = project.run("value = no_reload([1])\n")

        assert shop.value == [1]
        assert project.registry.states() == ()


class TestRollback:
    def test_failed_run_changes_nothing(self, project: Project) -> None:
        """After a run that raised, values, counts, staleness and functions are as before."""
        shop = project.run(LOAD + KEEP)
        value = shop.load()
        before = project.registry.states()
        with pytest.raises(ZeroDivisionError):
            project.rerun(
                "\n"
                + LOAD.replace("name, next", "name * 2, next")
                + KEEP.replace("'plain'", "1")
                + "load.cache_clear()\nload()\n@no_reload_cache\ndef more(): pass\n1/0\n"
            )

        assert project.registry.states() == before
        assert shop.load() is value

    def test_values_of_a_failed_definition_are_dropped(self, project: Project) -> None:
        """What an edited function computed before its module failed is not served."""
        shop = project.run(LOAD)
        load: Callable[..., Any] = shop.load
        with pytest.raises(ZeroDivisionError):
            project.rerun(LOAD.replace("name, next", "name * 2, next") + "load()\n1/0\n")

        assert load.cache_info().currsize == 0  # type: ignore[attr-defined]
        assert load()[0] == "a"

    def test_first_load_that_failed_need_not_compute_again(self, project: Project) -> None:
        """A value that took long survives a first load that failed after it, unless its code changed."""
        source = HEAD + "@no_reload_cache\ndef load():\n    return next(ticket)\nvalue = load()\n"
        with pytest.raises(ZeroDivisionError):
            project.rerun(source + "1/0\n")
        assert project.registry.states() == ()
        project.rerun(source.replace("count(1)", "count(7)"))
        assert project.modules["shop"].value == 1
        with pytest.raises(ZeroDivisionError):
            project.rerun(source.replace("load(", "other(") + "1/0\n")
        project.rerun(source.replace("load(", "other(").replace("return next", "return 10 * next"))

        assert project.modules["shop"].value == 10

    def test_removed_function_is_dropped(self, project: Project) -> None:
        """A cache whose function is gone leaves the books; one of another module stays."""
        project.run(LOAD)
        project.run(LOAD, "other")

        assert project.rerun("") == (CacheChange("shop:load", "dropped", "no longer defined"),)
        assert [s.key for s in project.registry.states()] == ["other:load"]
