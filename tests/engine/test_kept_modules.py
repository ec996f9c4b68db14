"""What need not run again does not: modules keep their state, kept objects their identity and values."""

from __future__ import annotations

import gc
import weakref

import pytest

from tests.support.project import Project


class TestModules:
    def test_untouched(self, project: Project) -> None:
        """A module loads once, however often its users and its helpers are edited; what it holds is the same object."""
        project.load(
            {
                "app.py": "import models, helper\ndef answer(): return helper.add(models.load())\n",
                "models.py": "import helper\nMODEL = []\ndef load():\n    MODEL.append(helper.add(0))\n    return len(MODEL)\n",
                "helper.py": "def add(x): return x + 0\n",
            }
        )
        module, model = project["models"], project["models"].MODEL
        for number in range(1, 4):
            assert project["app"].answer() == number + number - 1
            project.save({"helper.py": f"def add(x): return x + {number}\n"})
            project.save(
                {"app.py": f"import models, helper\ndef answer(): return helper.add(models.load())  # {number}\n"}
            )
        assert project["models"] is module
        assert project["models"].MODEL is model
        assert [project.runs(name) for name in ("models", "helper", "app")] == [1, 4, 1]

    def test_state_made_at_run_time(self, project: Project) -> None:
        """What requests put into an untouched module stays, whoever put it there."""
        view = "from store import add\ndef view(): add('{0}')\n"
        project.load(
            {
                "app.py": "import views\n",
                "store.py": "CART = []\ndef add(x): CART.append(x)\n",
                "views.py": view.format("x"),
            }
        )
        project["views"].view()
        project.save({"views.py": view.format("y")})
        project["views"].view()
        assert project["store"].CART == ["x", "y"]

    def test_state_beside_registrations(self, project: Project) -> None:
        """Taking registrations back leaves alone what was added to the same list since."""
        view = "from store import LIST\nLIST.append('{0}')\n"
        project.load({"app.py": "import views\n", "store.py": "LIST = ['first']\n", "views.py": view.format("old")})
        project["store"].LIST.append("at run time")
        project.save({"views.py": view.format("new")})
        assert sorted(project["store"].LIST) == ["at run time", "first", "new"]

    @pytest.mark.parametrize(
        "conf",
        [
            "WORDS = tuple('ab')\nOTHER = 1\n",
            "WORDS = tuple('ab')\nWORDS = WORDS[:1] + ('b',)\n",
        ],
        ids=["same text", "other text"],
    )
    def test_same_value(self, project: Project, conf: str) -> None:
        """A module that runs again and comes to equal values is no reason for its users to run."""
        project.load(
            {"app.py": "from conf import WORDS\nSIZE = len(WORDS)\nSTATE = []\n", "conf.py": "WORDS = tuple('ab')\n"}
        )
        state = project["app"].STATE
        assert project.save({"conf.py": conf}).told == ["conf re-run: modified"]
        assert project["app"].STATE is state

    def test_nothing_is_kept_alive(self, project: Project) -> None:
        """After a reload the objects of the last run can go, also while somebody holds the transaction."""
        project.load({"app.py": "class A: pass\nX = A()\n"})
        old = weakref.ref(project["app"].X)
        saved = project.save({"app.py": "class A: pass\nX = A()\nY = 1\n"})
        gc.collect()
        assert saved.transaction is not None
        assert old() is None


MODELS = """
    from fh_utils import no_reload, no_reload_cache
    import helper

    CALLS = []
    OTHER = {other}


    @no_reload_cache
    def load(n=0):
        CALLS.append(n)
        return object()


    @no_reload_cache
    async def later():
        return object()


    @no_reload
    class Pool:
        size = 0

        def grow(self):
            Pool.size += 1
            return helper.one()


    @no_reload
    def pinned():
        pinned.calls = getattr(pinned, "calls", 0) + 1
        return pinned.calls
    """
HELPER = "def one(): return {0}\n"


class TestDecorators:
    def start(self, project: Project) -> list[object]:
        project.load({"app.py": "import models\n", "models.py": MODELS.format(other=1), "helper.py": HELPER.format(1)})
        models = project["models"]
        models.Pool().grow()
        models.pinned()
        return self.all(project)

    def all(self, project: Project) -> list[object]:
        models = project["models"]
        return [models.load, models.load(), models.load(5), models.Pool, models.Pool.size, models.pinned, models.later]

    @pytest.mark.parametrize(
        "files",
        [
            {"models.py": MODELS.format(other=2)},
            {"models.py": "# moved\n\n" + MODELS.format(other=1).replace("\n    ", "\n")},
            {"helper.py": HELPER.format(2)},
            {"app.py": "import models, helper\n"},
            {"models.py": MODELS.format(other=2), "helper.py": HELPER.format(2), "app.py": "import models, helper\n"},
        ],
        ids=["own module", "own lines", "what it calls", "its user", "all"],
    )
    def test_identity_and_values(self, project: Project, files: dict[str, str]) -> None:
        """Whatever is edited, the same objects go on with the same values."""
        before = self.start(project)
        for _ in range(2):
            project.save(files)
            assert self.all(project) == before
        project.save({}, force=True)
        after = self.all(project)
        assert all(one is other for one, other in zip(before, after, strict=True))

    def test_new_code_inside(self, project: Project) -> None:
        """A kept class goes on calling others by their names, so it meets their new code."""
        self.start(project)
        project.save({"helper.py": HELPER.format(2)})
        assert project["models"].Pool().grow() == 2

    def test_bad_saves(self, project: Project) -> None:
        """Refused saves of any kind keep identity and values, too."""
        before = self.start(project)
        project.bad_save({"models.py": "def load(:\n"})
        project.bad_save({"models.py": MODELS.format(other="1 / 0")})
        project.failed_start({"models.py": MODELS.format(other=3)})
        project.save({"models.py": MODELS.format(other=4)})
        assert self.all(project) == before

    def test_stale_until_cleared(self, project: Project) -> None:
        """An edited definition waits: the old one serves on, under any number of further edits."""
        before = self.start(project)
        edited = MODELS.replace("return object()", 'return "new"', 1).format(other=1)
        assert "models:load stale: body changed" in project.save({"models.py": edited}).caches
        project.save({"models.py": edited + "MORE = 1\n"})
        assert self.all(project)[:3] == before[:3]
        project["models"].load.cache_clear()
        assert (project["models"].load, project["models"].load()) == (before[0], "new")

    def test_not_in_the_way(self, project: Project) -> None:
        """A kept class and a plain one of the same module do not disturb each other."""
        source = (
            "from fh_utils import no_reload\n@no_reload\nclass A:\n    pass\nclass B(A):\n    def f(self): return {0}\n"
        )
        project.load({"app.py": source.format(1)})
        a, b = project["app"].A, project["app"].B()
        project.save({"app.py": source.format(2)})
        assert project["app"].A is a
        assert b.f() == 2
        assert isinstance(b, a)
