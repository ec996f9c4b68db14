"""Which module uses which names of which other: analyses in, facts out."""

from __future__ import annotations

import ast

import pytest

from fh_dash.engine.analysis import Analysis
from fh_dash.engine.changes import changed_names, changed_surfaces
from fh_dash.engine.dissect import analyse
from fh_dash.engine.graph import Graph
from tests.support.project import text


def analysed(source: str, name: str = "m", is_package: bool = False) -> Analysis:
    return analyse(ast.parse(text(source)), name, is_package)


def graph(packages: str = "", /, **sources: str) -> Graph:
    """Modules by name; a double underscore stands for a dot."""
    found = Graph()
    names = {name.replace("__", "."): source for name, source in sources.items()}
    found.update({name: analysed(source, name, name in packages.split()) for name, source in names.items()})
    return found


def resolved(found: Graph, module: str, dotted: str) -> set[str]:
    return {".".join(node) for node in found.resolve(module, tuple(dotted.split(".")))}


def reached(found: Graph, module: str) -> set[tuple[str, int]]:
    return {(".".join(r.node), r.use.line) for r in found.reached(module)}


def spread(found: Graph, *names: str, **how: bool) -> set[str]:
    nodes = {(module, name) for module, _, name in (n.rpartition(".") for n in names)}
    return {".".join(node) for node in found.spread(nodes, **how)}


class TestResolve:
    @pytest.mark.parametrize(
        ("source", "use", "wanted"),
        [
            ("from lib import X", "X", "lib.X"),
            ("from lib import X as Y", "Y.z", "lib.X"),
            ("import lib", "lib.X.y", "lib.X"),
            ("import lib", "lib", "lib.*"),
            ("import lib as l", "l.X", "lib.X"),
            ("import pkg.sub", "pkg.sub.X", "pkg.sub.X"),
            ("import pkg.sub", "pkg.X", "pkg.X"),
            ("import pkg.sub as s", "s.X", "pkg.sub.X"),
            ("from pkg import sub", "sub.X", "pkg.sub.X"),
            ("from lib import *", "X", "lib.X"),
            ("X = 1", "X.y", "app.X"),
            ("import os", "os.path", ""),
            ("", "print", ""),
            ("from lib import X\nX = 1", "X", "lib.X app.X"),
            ("try:\n    from lib import X\nexcept ImportError:\n    from pkg.sub import X", "X", "lib.X pkg.sub.X"),
            ("from star import *", "X", "star.X"),
            ("from star import *\nX = 1", "X", "app.X star.X"),
            ("from star import *", "_hidden", ""),
        ],
    )
    def test_names(self, source: str, use: str, wanted: str) -> None:
        """A dotted use is followed through the import statement that bound it; foreign names lead nowhere."""
        sources = {"lib": "X = 1", "pkg": "X = 1", "pkg__sub": "X = 1", "star": "from lib import *\n_hidden = 1"}
        assert resolved(graph("pkg", app=source, **sources), "app", use) == set(wanted.split())

    def test_module_getattr(self) -> None:
        """A name that a module does not bind may come from its `__getattr__`."""
        found = graph(app="import lib", lib="def __getattr__(name): ...\nY = 1")
        assert resolved(found, "app", "lib.X") == {"lib.X", "lib.__getattr__"}
        assert resolved(found, "app", "lib.Y") == {"lib.Y"}

    def test_submodule_imported_by_its_package(self) -> None:
        """`from . import sub` in a package gives `pkg.sub` no other meaning than the submodule."""
        found = graph("pkg", app="import pkg", pkg="from . import sub", pkg__sub="X = 1")
        assert resolved(found, "app", "pkg.sub.X") == {"pkg.sub.X"}


class TestReached:
    def test_only_what_runs_now(self) -> None:
        """Uses inside function bodies count when the import calls the function, and then with their own line."""
        found = graph(
            app="import lib\ndef f():\n    return lib.X\ndef g():\n    return lib.Y\nZ = g()\n", lib="X = Y = 1"
        )
        assert reached(found, "app") == {("lib.Y", 5)}

    def test_through_several_functions(self) -> None:
        """Calls are followed from function to function, and a recursion comes to an end."""
        source = "import lib\ndef f(): return g()\ndef g(): return f() or h()\ndef h():\n    return lib.X\nZ = f()\n"
        assert reached(graph(app=source, lib="X = 1"), "app") == {("lib.X", 5)}

    def test_instances(self) -> None:
        """A class that is instantiated at import may run any of its methods."""
        source = "import lib\nclass A:\n    def __init__(self):\n        self.x = lib.X\na = A()\n"
        assert reached(graph(app=source, lib="X = 1"), "app") == {("lib.X", 4)}

    def test_tables(self) -> None:
        """What a table holds runs when its entries are called."""
        source = "from lib import f, g\nTABLE = [f]\nOTHER = [g]\nX = [h() for h in TABLE]\n"
        found = {
            (".".join(r.node), r.behaves) for r in graph(app=source, lib="def f(): ...\ndef g(): ...").reached("app")
        }
        assert ("lib.f", True) in found
        assert ("lib.g", True) not in found

    def test_given_to_a_library(self) -> None:
        """A function that is only handed to a library counts by identity, one given to project code by what it does."""
        source = "from starlette.routing import Route\nfrom lib import f, g, use\nR = Route('/', f)\nX = use(g)\n"
        found = graph(app=source, lib="def f(): ...\ndef g(): ...\ndef use(x): return x()")
        assert {node[1]: behaves for node, behaves in ((r.node, r.behaves) for r in found.reached("app"))} == {
            "f": False,
            "g": True,
            "use": True,
        }


class TestSpread:
    CHAIN = {"a": "X = 1\nOTHER = 2", "b": "from a import X\nY = X + 1\ndef f(): return Y", "c": "import b\nZ = b.f()"}

    def test_transitively(self) -> None:
        """A changed name changes all that is made from it, in its module and in others."""
        assert spread(graph(**self.CHAIN), "a.X") == {"a.X", "b.X", "b.Y", "b.f", "c.b", "c.Z"}

    def test_not_beyond(self) -> None:
        """What is made from nothing that changed is not changed."""
        assert spread(graph(**self.CHAIN), "a.OTHER") == {"a.OTHER"}

    def test_whole_modules(self) -> None:
        """What uses a module as a whole is made from all of it."""
        found = graph(a="X = 1", b="import a\nY = vars(a)\nZ = a.X\nW = 1")
        assert spread(found, "a.X") >= {"a.X", "b.Y", "b.Z"}
        assert "b.W" not in spread(found, "a.X")

    def test_cycles(self) -> None:
        """Names that are made from each other do not make it run for ever."""
        found = graph(a="import b\ndef f(): return b.g()", b="import a\ndef g(): return a.f()\nX = 1")
        assert spread(found, "a.f") == {"a.f", "b.g", "a.b", "b.a"}

    def test_handlers(self) -> None:
        """A route is not another one because the body of its handler is."""
        found = graph(a="def h(): ...", b="from a import h\napp = Starlette()\napp.add_route('/', h)")
        assert "b.app" not in spread(found, "a.h")

    def test_registering_is_no_reading(self) -> None:
        """A function that puts things into a container does not change with its contents."""
        found = graph(a="TABLE = {}\ndef register(f):\n    TABLE[f.__name__] = f\ndef names(): return list(TABLE)")
        assert spread(found, "a.TABLE") == {"a.TABLE", "a.register", "a.names"}
        assert spread(found, "a.TABLE", contents=True) == {"a.TABLE", "a.names"}


class TestChanges:
    @pytest.mark.parametrize(
        ("old", "new", "names"),
        [
            ("X = 1\nY = 2", "X = 1\nY = 3", "Y"),
            ("X = 1", "X = 1\nY = 3", "Y"),
            ("X = 1\nY = 2", "X = 1", "Y"),
            ("X = 1\nY = 2", "Y = 2\nX = 1", ""),
            ("def f(): return 1", "def f(): return 2", "f"),
            ("X = []\nX.append(1)", "X = []\nX.append(2)", "X"),
            ("from a import b", "from a import c as b", "b"),
            ("from a import *", "from b import *", "*"),
            ("def get(): 1\ndef get(): 2", "def get(): 1\ndef get(): 3", "get"),
            ("app, rt = fast_app()\n@rt('/')\ndef f(): ...", "app, rt = fast_app()\n@rt('/x')\ndef f(): ...", "f"),
        ],
    )
    def test_changed_names(self, old: str, new: str, names: str) -> None:
        """Names whose own statements differ; moving a statement does not count."""
        assert changed_names(analysed(old), analysed(new)) == set(names.split())

    def test_changed_surfaces(self) -> None:
        """A function whose body alone differs has the same surface; anything else that differs has not."""
        old = analysed("def f(): return 1\ndef g(): return 1\nclass A:\n    x = 1\n")
        new = analysed("def f(): return 2\ndef g(a=1): return 1\nclass A:\n    x = 2\n")
        assert changed_surfaces(old, new) == {"g", "A"}


class TestUpdates:
    def test_copies_do_not_disturb(self) -> None:
        """A graph with changes is another one: a plan that is refused leaves no trace."""
        old = graph(app="import lib\nY = lib.X", lib="X = 1")
        new = old.with_changes({"app": analysed("Y = 2", "app"), "lib": None})
        assert reached(old, "app") == {("lib.X", 2)}
        assert (reached(new, "app"), set(new.analyses)) == (set(), {"app"})

    def test_importers(self) -> None:
        """Who has an import statement that may load a module, lazily or not."""
        found = graph("pkg", a="def f():\n    import pkg.b", c="from pkg import b", d="import other", pkg="", pkg__b="")
        assert found.importers("pkg.b") == {"a", "c"}

    def test_reachable(self) -> None:
        """What the roots import stays, lazily imported modules and packages included."""
        found = graph("pkg", app="import a", a="def f():\n    from pkg import b", pkg="", pkg__b="", alone="import a")
        assert found.reachable(["app"]) == {"app", "a", "pkg", "pkg.b"}

    def test_resolution_is_renewed(self) -> None:
        """When a module comes to bind a name, uses that went elsewhere find it."""
        found = graph(app="from lib import *\nfrom lob import *\nY = X", lib="", lob="X = 1")
        assert resolved(found, "app", "X") == {"lob.X"}
        found.update({"lib": analysed("X = 2", "lib")})
        assert resolved(found, "app", "X") == {"lib.X", "lob.X"}
