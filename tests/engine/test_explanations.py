"""A reload says what it did and why, down to the name and the line that made it necessary."""

from __future__ import annotations

import dataclasses

import pytest

from fh_dash.events import ModuleReport
from tests.support.project import Project

#     app ──> menu ──> prices          (who imports whom)
#      └────> helpers
SHOP = {
    "app.py": """
        import helpers
        from menu import MENU, total

        TITLE = f"{len(MENU)} dishes"


        def page():
            return helpers.shout(TITLE), total()
        """,
    "menu.py": """
        from prices import PRICES, tax

        MENU = sorted(PRICES)


        def total():
            return sum(map(tax, PRICES.values()))
        """,
    "prices.py": """
        PRICES = {"soup": 4}


        def tax(price):
            return price * 1.1
        """,
    "helpers.py": """
        def shout(text):
            return text.upper()
        """,
}


class TestModules:
    def test_modified(self, project: Project) -> None:
        """A module whose code changed is re-run; one that only calls it later is left alone, and not even named."""
        project.load(SHOP)
        saved = project.save({"helpers.py": "def shout(text):\n    return text + '!'\n"})
        assert saved.told == ["helpers re-run: modified"]
        project.expect("app.page()[0]", "1 dishes!")

    def test_name_and_line(self, project: Project) -> None:
        """A module that used a changed name while it was imported is re-run, and so on; each says name and line."""
        project.load(SHOP)
        saved = project.save(
            {"prices.py": 'PRICES = {"soup": 4, "tea": 2}\n\n\ndef tax(price):\n    return price * 1.1\n'}
        )
        assert saved.told == [
            "prices re-run: modified",
            "menu re-run: uses PRICES of prices at import time, line 3",
            "app re-run: uses MENU of menu at import time, line 4",
        ]
        project.expect("app.TITLE", "2 dishes")

    def test_line_inside_a_function(self, project: Project) -> None:
        """The line is where the name is used, also when the import got there through own functions."""
        project.load(
            {
                "app.py": "import conf\n\n\ndef inner():\n    return [\n        conf.DEBUG,\n    ]\n\n\ndef outer():\n"
                "    return inner()\n\n\nFLAGS = outer()\n",
                "conf.py": "DEBUG = False\n",
            }
        )
        saved = project.save({"conf.py": "DEBUG = True\n"})
        assert saved.told == ["conf re-run: modified", "app re-run: uses DEBUG of conf at import time, line 6"]

    def test_rebound(self, project: Project) -> None:
        """Names that a module imported but used only later are set anew; the report lists them."""
        project.load(
            {
                "app.py": "from conf import A, B as LOCAL, C\n\n\ndef answer():\n    return A, LOCAL, C\n",
                "conf.py": "A, B, C = 1, 2, 3\n",
            }
        )
        saved = project.save({"conf.py": "A, B, C = 10, 20, 3\n"})
        assert saved.told == ["conf re-run: modified", "app rebound: A, LOCAL"]
        assert saved.result.modules[1].names == ("A", "LOCAL")
        project.expect("app.answer()", (10, 20, 3))

    def test_refreshed(self, project: Project) -> None:
        """A comment runs nothing."""
        project.load(SHOP)
        saved = project.save({"prices.py": "# the prices\n" + (project.root / "prices.py").read_text()})
        assert saved.told == ["prices refreshed: only comments or layout changed"]
        assert project.runs("prices") == 1

    def test_saved_as_it_was(self, project: Project) -> None:
        """A save without a change is no reload at all."""
        project.load(SHOP)
        saved = project.save({"prices.py": SHOP["prices.py"]})
        assert saved.plan.empty
        assert saved.told == []

    def test_loaded(self, project: Project) -> None:
        """A module that a save imports for the first time is reported with the time that it took."""
        project.load({"app.py": "X = 1\n"})
        saved = project.save({"app.py": "import extra\nX = extra.Y\n", "extra.py": "Y = 2\n"})
        assert {line.partition(":")[0] for line in saved.told} == {"app re-run", "extra loaded"}
        assert all(module.milliseconds > 0 for module in saved.result.modules)

    def test_first_load(self, project: Project) -> None:
        """The first load reports all modules, innermost first."""
        saved = project.load(SHOP)
        assert [(m.name, m.outcome) for m in saved.result.modules] == [
            *(("helpers", "loaded"), ("prices", "loaded"), ("menu", "loaded"), ("app", "loaded"))
        ]

    def test_unloaded(self, project: Project) -> None:
        """A module that nothing imports any more is gone from the interpreter."""
        project.load({"app.py": "import extra\n", "extra.py": "import deep\n", "deep.py": ""})
        saved = project.save({"app.py": "X = 1\n"})
        assert saved.told[0] == "app re-run: modified"
        assert sorted(saved.told[1:]) == [
            "deep unloaded: nothing imports it any more",
            "extra unloaded: nothing imports it any more",
        ]
        assert set(project.modules()) == set(project.engine.modules()) == {"app"}

    def test_data_file(self, project: Project) -> None:
        """A module that read a file while it was imported names it."""
        project.load(
            {"app.py": "from pathlib import Path\nX = Path(__file__).with_name('d.json').read_text()\n", "d.json": "1"}
        )
        assert project.save({"d.json": "2"}).told == ["app re-run: reads d.json"]

    def test_appeared(self, project: Project) -> None:
        """An optional module that has come into being is the reason to try the import again."""
        project.load({"app.py": "try:\n    import extra\nexcept ImportError:\n    extra = None\n"})
        saved = project.save({"extra.py": ""})
        assert saved.told[0] == "app re-run: extra can be imported now"

    def test_gone(self, project: Project) -> None:
        """A module whose file is gone is unloaded, and whoever imports it says so."""
        project.load({"app.py": "try:\n    import extra\nexcept ImportError:\n    extra = None\n", "extra.py": ""})
        saved = project.save({"extra.py": None})
        assert saved.told == [
            "extra unloaded: its file is gone",
            "app re-run: imports extra, which is gone, line 2",
        ]
        project.expect("app.extra", None)

    def test_moved(self, project: Project) -> None:
        """A module that became a package stays the same module."""
        project.load({"app.py": "import extra\n", "extra.py": "X = 1\n"})
        module = project["extra"]
        saved = project.save({"extra.py": None, "extra/__init__.py": "X = 1\n"})
        assert saved.told == ["extra re-run: moved to extra/__init__.py"]
        assert project["extra"] is module

    def test_name_that_came_or_went(self, project: Project) -> None:
        """A guarded import of a name that exists now is tried again."""
        project.load({"app.py": "try:\n    from conf import B\nexcept ImportError:\n    B = 0\n", "conf.py": "A = 1\n"})
        saved = project.save({"conf.py": "A = 1\nB = 2\n"})
        assert saved.told == ["conf re-run: modified", "app re-run: imports B from conf, line 2"]
        saved = project.save({"conf.py": "A = 1\n"})
        assert saved.told == ["conf re-run: modified", "app re-run: imports B from conf, line 2"]
        project.expect("app.B", 0)

    def test_forced(self, project: Project) -> None:
        """On demand every module runs again, in the order of a start."""
        project.load(SHOP)
        saved = project.save({}, force=True)
        assert saved.result.forced
        assert saved.told == [f"{name} re-run: forced" for name in ("helpers", "prices", "menu", "app")]

    def test_dynamic_import(self, project: Project) -> None:
        """A module found by name is a dependency like any other."""
        project.load(
            {"app.py": "from importlib import import_module\nX = import_module('plugin').X\n", "plugin.py": "X = 1\n"}
        )
        saved = project.save({"plugin.py": "X = 2\n"})
        assert saved.told == ["plugin re-run: modified", "app re-run: imports plugin dynamically"]
        project.expect("app.X", 2)

    def test_files(self, project: Project) -> None:
        """Reports carry the absolute file, the result the changed files as a person writes them."""
        project.load({"app.py": "import pkg.menu\n", "pkg/__init__.py": "", "pkg/menu.py": "X = 1\n"})
        saved = project.save({"pkg/menu.py": "X = 2\n"})
        assert saved.result.changed == ("pkg/menu.py",)
        assert saved.result.modules[0] == dataclasses.replace(
            ModuleReport("pkg.menu", str(project.root / "pkg/menu.py"), "re-run", "modified"),
            milliseconds=saved.result.modules[0].milliseconds,
        )

    def test_two_files_in_one_save(self, project: Project) -> None:
        """A save of several files is one reload."""
        project.load(SHOP)
        saved = project.save(
            {"prices.py": "PRICES = {}\ndef tax(p): return p\n", "helpers.py": "def shout(t): return t\n"}
        )
        assert saved.result.changed == ("helpers.py", "prices.py")
        assert [line.partition(":")[0] for line in saved.told] == [
            "helpers re-run",
            "prices re-run",
            "menu re-run",
            "app re-run",
        ]


KINDS = {
    "a constant": ("X = 2\ndef f(): return 1\nclass K:\n    v = 1\n", "constant shown"),
    "a function": ("X = 1\ndef f(): return 2\nclass K:\n    v = 1\n", "caller"),
    "its arguments": ("X = 1\ndef f(a=0): return 1\nclass K:\n    v = 1\n", "caller handed"),
    "a class": ("X = 1\ndef f(): return 1\nclass K:\n    v = 2\n", "child"),
    "a new name": ("X = 1\ndef f(): return 1\nclass K:\n    v = 1\nNEW = 1\n", ""),
}


@pytest.mark.parametrize(("edited", "rerun"), KINDS.values(), ids=KINDS)
def test_who_is_concerned(project: Project, edited: str, rerun: str) -> None:
    """Of seven users of a module only those run again that used, at import, what changed."""
    project.load(
        {
            "app.py": "import constant, shown, caller, handed, child, later, other\n",
            "lib.py": "X = 1\ndef f(): return 1\nclass K:\n    v = 1\n",
            "constant.py": "import lib\nY = lib.X + 1\n",
            "shown.py": "from lib import X\nY = f'{X}'\n",
            "caller.py": "from lib import f\nY = f()\n",
            "handed.py": "from functools import partial\nfrom lib import f\nY = partial(f)\n",
            "child.py": "from lib import K\nclass L(K): pass\n",
            "later.py": "from lib import X, f, K\ndef g(): return X, f(), K()\n",
            "other.py": "import lib\ndef g(): return lib.X\n",
        }
    )
    saved = project.save({"lib.py": edited})
    found = {module.name for module in saved.result.modules if module.outcome == "re-run"}
    assert found == {"lib", *rerun.split()}


class TestState:
    """A module that only registers has no reason to run again when others register, too: it would lose its state."""

    @pytest.mark.parametrize(
        "register",
        [
            "core.LIST.append(NAME)",
            "core.register(NAME)",
            "core.TABLE[NAME] = NAME",
        ],
    )
    def test_registering(self, project: Project, register: str) -> None:
        """Two modules fill one container: an edit of one is no reason to run the other."""
        source = f"import core\nNAME = '%s'\nSTATE = []\n{register}\n"
        project.load(
            {
                "app.py": "import core, one, two\n",
                "core.py": "LIST, TABLE = [], {}\ndef register(name): LIST.append(name)\n",
                "one.py": source % "one",
                "two.py": source % "two",
            }
        )
        state = project["two"].STATE
        assert project.save({"one.py": source % "other"}).told == ["one re-run: modified"]
        assert project["two"].STATE is state

    @pytest.mark.parametrize(
        "decorator",
        [
            "rt('/{}')",
            "app.route('/{}')",
            "app.post('/{}')",
            "app.get('/{}')",
        ],
    )
    def test_routes(self, project: Project, decorator: str) -> None:
        """Two modules put routes on one app: an edit of one is no reason to run the other."""
        source = f"from core import app, rt\n@{decorator}\ndef handler(): return '{{}}'\n"
        project.load(
            {
                "app.py": "from core import app\nimport one, two\n",
                "core.py": "from fasthtml.common import FastHTML\napp = FastHTML()\nrt = app.route\n",
                "one.py": source.format("one", 1),
                "two.py": source.format("two", 2),
            }
        )
        assert project.save({"one.py": source.format("uno", 1)}).told == ["one re-run: modified"]
        project.expect("[route.path for route in app.app.routes]", ["/uno", "/two"])


APP = """
from fasthtml.common import FastHTML

app = FastHTML()


@app.get("/")
def index():
    return "index"
"""


class TestRoutes:
    def test_added_removed_changed(self, project: Project) -> None:
        """Routes that came, went, or have another handler now."""
        project.load(
            {"app.py": APP + "\n\n@app.get('/a')\ndef one(): return 1\n\n\n@app.post('/b')\ndef two(): return 2\n"}
        )
        saved = project.save(
            {"app.py": APP + "\n\n@app.get('/a')\ndef uno(): return 1\n\n\n@app.put('/c')\ndef six(): return 6\n"}
        )
        assert saved.routes == ["+ PUT /c app.six", "- POST /b app.two", "~ GET /a app.uno"]

    def test_same_handler(self, project: Project) -> None:
        """A handler with another body is the same route."""
        project.load({"app.py": APP})
        saved = project.save({"app.py": APP.replace('return "index"', 'return "other"')})
        assert (saved.told, saved.routes) == (["app re-run: modified"], [])
        assert project.get("/") == "other"

    def test_another_method(self, project: Project) -> None:
        """The same path under another method is another route."""
        project.load({"app.py": APP})
        saved = project.save({"app.py": APP.replace("app.get", "app.post")})
        assert saved.routes == ["+ POST / app.index", "- GET / app.index"]

    def test_mounted(self, project: Project) -> None:
        """Routes of mounted apps have their full path."""
        source = (
            "from starlette.applications import Starlette\nfrom starlette.responses import PlainTextResponse\n"
            "from starlette.routing import Mount, Route\ndef f(request): return PlainTextResponse('f')\n"
            "app = Starlette(routes=[Mount('/in', routes=[Route('/{}', f)])])\n"
        )
        project.load({"app.py": source.format("a")})
        saved = project.save({"app.py": source.format("b")})
        assert saved.routes == ["+ GET /in/b app.f", "- GET /in/a app.f"]
        assert project.get("/in/b") == "f"

    def test_websocket(self, project: Project) -> None:
        """A WebSocket is reported under the name of the person's function."""
        project.load({"app.py": APP})
        saved = project.save({"app.py": APP + "\n\n@app.ws('/w')\nasync def talk(msg: str): pass\n"})
        assert saved.routes == ["+ WS /w app.talk"]

    def test_failed(self, project: Project) -> None:
        """A refused save has changed no routes."""
        project.load({"app.py": APP})
        saved = project.bad_save({"app.py": APP.replace('get("/")', 'get("/x")') + "1 / 0\n"})
        assert saved.routes == []


class TestCaches:
    SOURCE = """
        from fh_utils import no_reload, no_reload_cache

        SIZE = {size}


        @no_reload_cache
        def same():
            return 1


        @no_reload_cache
        def edited():
            return {value}


        @no_reload
        def kept():
            return {value}
        """
    GONE = "\n@no_reload_cache\ndef gone():\n    return 1\n"

    def test_kept_stale_dropped(self, project: Project) -> None:
        """Each kept object of a module that ran again says what became of it."""
        project.load({"app.py": self.SOURCE.format(size=1, value=1) + "\n", "more.py": ""})
        project.save({"app.py": self.SOURCE.format(size=1, value=1), "more.py": ""})
        app = project["app"]
        assert (app.same(), app.edited()) == (1, 1)
        saved = project.save({"app.py": self.SOURCE.format(size=2, value=2)})
        assert saved.caches == ["app:same kept", "app:edited stale: body changed", "app:kept stale: body changed"]
        assert (app.edited(), app.kept()) == (1, 1)

    def test_no_longer_defined(self, project: Project) -> None:
        """A cache that the new source does not define is dropped."""
        source = "from fh_utils import no_reload_cache\n"
        project.load({"app.py": source + self.GONE})
        assert project.save({"app.py": source}).caches == ["app:gone dropped: no longer defined"]

    def test_taken_back(self, project: Project) -> None:
        """A definition that is changed back is no longer stale."""
        project.load({"app.py": self.SOURCE.format(size=1, value=1)})
        project["app"].edited()
        project.save({"app.py": self.SOURCE.format(size=1, value=2)})
        saved = project.save({"app.py": self.SOURCE.format(size=1, value=1)})
        assert saved.caches == ["app:same kept", "app:edited kept", "app:kept kept"]

    def test_functools_cache(self, project: Project) -> None:
        """A `functools.cache` of an untouched module is emptied when it calls code that changed, and only then."""
        project.load(
            {
                "app.py": "import models, other\n",
                "models.py": "import functools, rates\n@functools.cache\ndef load(): return rates.rate()\n"
                "class Model:\n    @staticmethod\n    @functools.lru_cache\n    def make(): return rates.rate()\n"
                "@functools.cache\ndef alone(): return object()\n",
                "rates.py": "def rate(): return 1\n",
                "other.py": "X = 1\n",
            }
        )
        models = project["models"]
        alone = models.alone()
        assert (models.load(), models.Model.make()) == (1, 1)
        assert project.save({"other.py": "X = 2\n"}).caches == []
        saved = project.save({"rates.py": "def rate(): return 2\n"})
        assert saved.told == ["rates re-run: modified"]
        assert saved.caches == [
            "models:Model.make dropped: calls code that changed",
            "models:load dropped: calls code that changed",
        ]
        assert (models.load(), models.Model.make()) == (2, 2)
        assert models.alone() is alone


class TestPhases:
    def test_good(self, project: Project) -> None:
        """Scan, plan and execute take time, and the total is their sum."""
        project.load(SHOP)
        phases = project.save({"helpers.py": "def shout(text):\n    return text\n"}).result.phases
        assert min(phases.scan, phases.plan, phases.execute) > 0
        assert phases.total == pytest.approx(phases.scan + phases.plan + phases.execute)

    def test_given(self, project: Project) -> None:
        """What the host measures is passed through."""
        project.load(SHOP)
        saved = project.save({"helpers.py": "def shout(text):\n    return text\n"})
        assert saved.transaction is not None
        result = saved.transaction.result(generation=7, time=8.0, wait=1.5, swap=2.5, old_routes=(), new_routes=())
        assert (result.generation, result.time, result.phases.wait, result.phases.swap) == (7, 8.0, 1.5, 2.5)
        assert result.ok

    def test_does_not_compile(self, project: Project) -> None:
        """A file that does not compile took time to scan; nothing else was done."""
        project.load(SHOP)
        saved = project.bad_save({"helpers.py": "def shout(\n"})
        assert saved.transaction is None
        assert saved.plan.scan > 0
        assert saved.result.phases.execute == 0

    def test_fails(self, project: Project) -> None:
        """A save whose code raises took time to execute."""
        project.load(SHOP)
        assert project.bad_save({"helpers.py": "1 / 0\n"}).result.phases.execute > 0
