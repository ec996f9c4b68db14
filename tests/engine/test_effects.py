"""What a module put into objects of others: taken back when it re-runs, is unloaded or fails, and put in its place."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterator

import pytest

from tests.support.picture import Picture
from tests.support.project import Project, logging_as_it_was, text

#     app ──> one ──> core
#      ├────> two ──> core           in this order
#      └────> three ──> core
CORE = """
    from collections import ChainMap, Counter, OrderedDict, UserDict, defaultdict, deque
    from types import SimpleNamespace
    import functools

    LIST, DICT, SET, QUEUE = [], {}, set(), deque()
    ORDERED, BY, COUNTS, USER = OrderedDict(), defaultdict(list), Counter(), UserDict()
    NESTED = {"a": {"b": []}}
    PAIR = ([], {})
    SPACE = SimpleNamespace(items=[], count=0)
    FLAG = "plain"
    TUPLE = ()
    COUNT = 0


    class Base:
        known = []
        table = {}
        colour = "grey"

        @classmethod
        def add(cls, thing):
            cls.known.append(thing)

        @staticmethod
        def put(key, value):
            Base.table[key] = value

        def __init_subclass__(cls):
            Base.known.append(cls.__name__)


    class Registry:
        def __init__(self):
            self.items, self.by_name, self.count = [], {}, 0

        def __call__(self, thing):
            self.items.append(thing)
            return thing

        def __setitem__(self, key, value):
            self.by_name[key] = value

        def __iadd__(self, thing):
            self.count += 1
            self.items.append(thing)
            return self


    class Slim:
        __slots__ = ("items", "count")

        def __init__(self):
            self.items, self.count = [], 0


    REGISTRY, SLIM = Registry(), Slim()


    def register(function):
        LIST.append(function.__name__)
        return function


    def named(name):
        def inner(function):
            DICT[name] = function
            return function
        return inner


    def closure():
        items = []

        def add(thing):
            items.append(thing)

        return add, items.append, lambda: list(items)


    add, push, pushed = closure()


    def once(name):
        if name not in DICT:
            DICT[name] = 1


    def rebind(thing):
        global TUPLE, COUNT
        TUPLE, COUNT = (*TUPLE, thing), COUNT + 1


    def remember(thing, memory=[]):
        memory.append(thing)
        return memory


    def tag(thing):
        tag.seen = (*getattr(tag, "seen", ()), thing)


    @functools.cache
    def made(kind):
        return []
    """
# what to do with NAME -> where to look
WAYS = {
    "append": ("core.LIST.append(NAME)", "LIST"),
    "extend": ("core.LIST.extend([NAME, NAME])", "LIST"),
    "insert": ("core.LIST.insert(0, NAME)", "LIST"),
    "+=": ("core.LIST += [NAME]", "LIST"),
    "slice": ("core.LIST[0:0] = [NAME]", "LIST"),
    "replace": ("core.LIST = [*core.LIST, NAME]", "LIST"),
    "reverse": ("core.LIST.append(NAME)\ncore.LIST.reverse()", "LIST"),
    "sort": ("core.LIST.append(NAME)\ncore.LIST.sort()", "LIST"),
    "remove": ("core.LIST.append(NAME)\ncore.LIST.append('x')\ncore.LIST.remove(NAME)", "LIST"),
    "item": ("core.DICT[NAME] = 1", "list(DICT.items())"),
    "value": ("core.DICT['key'] = NAME", "DICT"),
    "update": ("core.DICT.update({NAME: 1})", "list(DICT)"),
    "setdefault": ("core.DICT.setdefault(NAME, 1)", "list(DICT)"),
    "if it is not there": ("core.once(NAME)", "list(DICT)"),
    "|=": ("core.DICT |= {NAME: 1}", "list(DICT)"),
    "set add": ("core.SET.add(NAME)", "sorted(SET)"),
    "set |=": ("core.SET |= {NAME}", "sorted(SET)"),
    "deque": ("core.QUEUE.append(NAME)", "list(QUEUE)"),
    "deque left": ("core.QUEUE.appendleft(NAME)", "list(QUEUE)"),
    "OrderedDict": ("core.ORDERED[NAME] = 1\ncore.ORDERED.move_to_end(NAME, last=False)", "list(ORDERED)"),
    "defaultdict": ("core.BY['key'].append(NAME)", "dict(BY)"),
    "Counter": ("core.COUNTS['key'] += len(NAME)", "dict(COUNTS)"),
    "UserDict": ("core.USER[NAME] = 1", "list(USER)"),
    "nested": ("core.NESTED['a']['b'].append(NAME)", "NESTED"),
    "new inside": ("core.NESTED['a'].setdefault('c', []).append(NAME)", "NESTED"),
    "class list": ("core.Base.known.append(NAME)", "Base.known"),
    "class method": ("core.Base.add(NAME)", "Base.known"),
    "static method": ("core.Base.put(NAME, 1)", "list(Base.table)"),
    "class attribute": ("core.Base.colour = NAME", "Base.colour"),
    "new class attribute": ("setattr(core.Base, NAME, 1)", "[n for n in ('one', 'uno', 'two') if hasattr(Base, n)]"),
    "patched method": ("core.Base.hello = lambda self: NAME", "Base().hello() if hasattr(Base, 'hello') else ''"),
    "subclass": ("class Child(core.Base): pass\nChild.__name__ = NAME", "Base.known"),
    "called instance": ("core.REGISTRY(NAME)", "REGISTRY.items"),
    "instance item": ("core.REGISTRY[NAME] = 1", "list(REGISTRY.by_name)"),
    "instance +=": ("core.REGISTRY += NAME", "(REGISTRY.items, REGISTRY.count)"),
    "instance attribute": ("core.REGISTRY.extra = NAME", "getattr(REGISTRY, 'extra', '')"),
    "slots": ("core.SLIM.items.append(NAME)\ncore.SLIM.count += 1", "(SLIM.items, SLIM.count)"),
    "decorator": ("def f(): ...\nf.__name__ = NAME\ncore.register(f)", "LIST"),
    "decorator with arguments": ("@core.named(NAME)\ndef f(): ...", "list(DICT)"),
    "closure": ("core.add(NAME)", "pushed()"),
    "rebound by a function": ("core.rebind(NAME)", "(TUPLE, COUNT)"),
    "module attribute": ("core.FLAG = NAME", "FLAG"),
    "new module attribute": ("core.EXTRA = NAME", "globals().get('EXTRA', '')"),
    "counted attribute": ("core.COUNT += 1", "COUNT"),
    "loop": ("for _ in range(3): core.LIST.append(NAME)", "LIST"),
    "own function": ("def go(): core.LIST.append(NAME)\ngo()", "LIST"),
    "local alias": ("here = core.LIST\nhere.append(NAME)", "LIST"),
    "bound method": ("add = core.LIST.append\nadd(NAME)", "LIST"),
    "partial": ("import functools\nfunctools.partial(core.LIST.append, NAME)()", "LIST"),
    "map": ("list(map(core.LIST.append, [NAME]))", "LIST"),
    "comprehension": ("[core.LIST.append(name) for name in [NAME]]", "LIST"),
    "import in a function": ("def go():\n    from core import LIST\n    LIST.append(NAME)\ngo()", "LIST"),
    "namespace": ("core.SPACE.items.append(NAME)\ncore.SPACE.count += 1", "(SPACE.items, SPACE.count)"),
    "in a tuple": ("core.PAIR[0].append(NAME)", "PAIR"),
    "default": ("core.remember(NAME)", "remember.__defaults__"),
    "function attribute": ("core.register.n = getattr(core.register, 'n', 0) + 1", "getattr(register, 'n', 0)"),
    "own attribute": ("core.tag(NAME)", "getattr(tag, 'seen', ())"),
    "setattr": ("setattr(core, 'COUNT', core.COUNT + 1)", "COUNT"),
    "getattr": ("getattr(core, 'LIST').append(NAME)", "LIST"),
    "vars": ("vars(core)['LIST'].append(NAME)", "LIST"),
    "cached": ("core.made('x').append(NAME)", "made('x')"),
    "method of a builtin": ("core.push(NAME)", "pushed()"),
}


def module(code: str, name: str) -> str:
    return f"import core\nNAME = {name!r}\n{code}\n"


class Story:
    """`one` and perhaps `two` do the same with their names."""

    def __init__(self, project: Project, way: str, *, two: bool) -> None:
        self.code, place = WAYS[way]
        self.project, self.look = project, f"eval({place!r}, vars(app.core))"
        self.entry = "import core\nimport one\n" + ("import two\n" if two else "")
        files = {f"{name}.py": module(self.code, name) for name in ("one", "two")}
        project.load({"app.py": self.entry, "core.py": CORE, **files})

    def check(self) -> None:
        with self.project.restarted():
            fresh = self.project.value(self.look)
        self.project.expect(self.look, fresh)


@pytest.mark.parametrize("two", [False, True], ids=["alone", "with another"])
@pytest.mark.parametrize("way", WAYS)
class TestAnyWay:
    def test_rerun(self, project: Project, way: str, two: bool) -> None:
        """It runs again, the same or otherwise: its entries are there once, in their old place."""
        story = Story(project, way, two=two)
        for name in ("one", "uno", "uno", "one"):
            project.save({"one.py": module(story.code, name) + f"MORE = {name + 'x'!r}\n"})
            story.check()
        project.save({}, force=True)
        story.check()

    def test_no_longer(self, project: Project, way: str, two: bool) -> None:
        """It registers nothing any more, or is not imported any more."""
        story = Story(project, way, two=two)
        project.save({"one.py": module("", "one")})
        story.check()
        project.save({"one.py": module(story.code, "uno")})
        story.check()
        project.save({"app.py": story.entry.replace("import one\n", "")})
        assert "one" not in project.modules()
        story.check()

    def test_fails(self, project: Project, way: str, two: bool) -> None:
        """It fails after it has registered."""
        story = Story(project, way, two=two)
        before, picture = project.value(f"repr({story.look})"), Picture(project)
        project.bad_save({"one.py": module(story.code, "uno") + "1 / 0\n"})
        assert project.value(f"repr({story.look})") == before
        assert not picture.changes()
        project.save({"one.py": module(story.code, "uno")})
        story.check()


class TestOrder:
    """Order decides who answers."""

    THREE = ("one", "two", "three")

    def load(self, project: Project, code: str, core: str) -> None:
        sources = {f"{name}.py": module(code, name) for name in self.THREE}
        project.load({"app.py": "import core, one, two, three\n", "core.py": core, **sources})

    @pytest.mark.parametrize("container", ["[]", "{}", "deque()", "OrderedDict()"])
    @pytest.mark.parametrize("name", THREE)
    def test_own_place(self, project: Project, container: str, name: str) -> None:
        """Entries of a module that runs again stay between those of the others, however many they become."""
        code = "for n in NAME.split():\n    " + ("core.X.append(n)" if container in "[]deque()" else "core.X[n] = 1")
        self.load(project, code, f"from collections import OrderedDict, deque\nX = {container}\n")
        for names in (f"{name} more", "new", f"{name} a b c", "", f"back {name}"):
            project.save({f"{name}.py": module(code, names)})
            wanted = [n for other in self.THREE for n in (names if other == name else other).split()]
            project.expect("list(app.core.X)", wanted)

    def test_imports_change_places(self, project: Project) -> None:
        """The entry imports the same modules in another order."""
        self.load(project, "core.X.append(NAME)", "X = []\n")
        states = [project[name].NAME for name in self.THREE]
        project.save({"app.py": "import core, three, one, two\n"})
        project.expect("app.core.X", ["three", "one", "two"])
        assert [project.runs(name) for name in self.THREE] == [1, 1, 1]
        assert states == [project[name].NAME for name in self.THREE]

    def test_new_module_between(self, project: Project) -> None:
        """A module that is imported for the first time, between others."""
        self.load(project, "core.X.append(NAME)", "X = []\n")
        project.save(
            {"app.py": "import core, one, zero, two, three\n", "zero.py": module("core.X.append(NAME)", "zero")}
        )
        project.expect("app.core.X", ["one", "zero", "two", "three"])

    @pytest.mark.parametrize(
        "code",
        [
            "core.X.append(NAME)",
            "core.X[:] = [*core.X, NAME]",
            "core.X = [*core.X, NAME]",
        ],
    )
    def test_comes_back(self, project: Project, code: str) -> None:
        """A module that was not imported for a while registers where it did before."""
        self.load(project, code, "X = []\n")
        project.save({"app.py": "import core, one, three\n"})
        project.expect("app.core.X", ["one", "three"])
        project.save({"app.py": "import core, one, two, three\n"})
        project.expect("app.core.X", ["one", "two", "three"])

    def test_before_and_after_an_import(self, project: Project) -> None:
        """A module that registers before and after it imports another one that does."""
        project.load(
            {
                "app.py": "import core\ncore.X.append('first')\nimport one\ncore.X.append('last')\n",
                "core.py": "X = []\n",
                "one.py": module("core.X.append(NAME)", "one"),
            }
        )
        project.save({"one.py": module("core.X.append(NAME)", "uno")})
        project.expect("app.core.X", ["first", "uno", "last"])
        project.save({"app.py": "import core\ncore.X.append('FIRST')\nimport one\ncore.X.append('LAST')\n"})
        project.expect("app.core.X", ["FIRST", "uno", "LAST"])
        assert project.runs("one") == 2

    def test_container_is_made_anew(self, project: Project) -> None:
        """The module with the container runs again: all who register do, in their order."""
        self.load(project, "core.X.append(NAME)", "X = []\n")
        project.save({"core.py": "X = ['start']\n"})
        project.expect("app.core.X", ["start", *self.THREE])

    def test_overwritten(self, project: Project) -> None:
        """A later module overwrote an entry of an earlier one; whichever is edited or goes, the later one wins."""
        self.load(project, "core.X['k'] = NAME", "X = {}\n")
        project.save({"one.py": module("core.X['k'] = NAME", "uno")})
        project.expect("app.core.X", {"k": "three"})
        project.save({"three.py": module("", "three")})
        project.expect("app.core.X", {"k": "two"})
        project.save({"two.py": module("", "two")})
        project.expect("app.core.X", {"k": "uno"})

    @pytest.mark.parametrize(
        "line",
        [
            "core.once('k', NAME)",
            "core.X.setdefault('k', NAME)",
        ],
    )
    def test_first_wins(self, project: Project, line: str) -> None:
        """Who comes first has it; when that one goes, the next one gets it."""
        core = "X = {}\ndef once(key, value):\n    if key not in X:\n        X[key] = value\n"
        self.load(project, line, core)
        project.save({"one.py": module("", "one")})
        project.expect("app.core.X", {"k": "two"})

    def test_counted(self, project: Project) -> None:
        """Several modules count in one place."""
        code = "core.N += 1\nNUMBER = core.N"
        self.load(project, code, "N = 0\n")
        for name in self.THREE:
            project.save({f"{name}.py": module(code, f"{name} again")})
            project.expect("(app.one.NUMBER, app.two.NUMBER, app.three.NUMBER, app.core.N)", (1, 2, 3, 3))


STARLETTE = """
    from starlette.applications import Starlette
    from starlette.responses import PlainTextResponse as Text

    app = Starlette()
    """
HANDLERS = """
    from core import Text, app


    def {name}(request):
        return Text("{name} {v}")


    app.add_route("/{name}", {name})
    """


class TestApps:
    def test_routes(self, project: Project) -> None:
        """Routes on an app of another module: changed, renamed, dropped, in their old place."""
        files = {f"{name}.py": HANDLERS.format(name=name, v=1) for name in ("a", "b")}
        project.load({"app.py": "from core import app\nimport a, b\n", "core.py": STARLETTE, **files})
        app = project["app"].app
        project.save({"a.py": HANDLERS.format(name="a", v=2)})
        assert project["app"].app is app
        assert (project.get("/a"), project.get("/b")) == ("a 2", "b 1")
        saved = project.save({"a.py": HANDLERS.format(name="c", v=3)})
        assert saved.routes == ["+ GET /c a.c", "- GET /a a.a"]
        assert [route.path for route in app.routes] == ["/c", "/b"]
        assert project.get("/a").startswith("404")

    def test_catch_all(self, project: Project) -> None:
        """A route that takes everything stays behind the others."""
        rest = HANDLERS.format(name="rest", v=1).replace('"/rest"', '"/{path:path}"')
        project.load(
            {
                "app.py": "from core import app\nimport a, z\n",
                "core.py": STARLETTE,
                "a.py": HANDLERS.format(name="a", v=1),
                "z.py": rest,
            }
        )
        project.save({"a.py": HANDLERS.format(name="b", v=2)})
        assert (project.get("/b"), project.get("/a")) == ("b 2", "rest 1")

    @pytest.mark.parametrize(
        ("make", "add"),
        [
            ("from starlette.applications import Starlette as App", "app.add_route"),
            ("from fasthtml.common import FastHTML as App", "(lambda path, f: app.route(path)(f))"),
        ],
        ids=["starlette", "fasthtml"],
    )
    def test_in_the_middle_of_the_entry(self, project: Project, make: str, add: str) -> None:
        """The entry makes the app, imports a module that puts routes on it, and adds some itself."""
        head = f"{make}\nfrom starlette.responses import PlainTextResponse as Text\napp = App()\nadd = {add}\n"
        entry = head + "import a\ndef last(request): return Text('last')\nadd('/last', last)\n"
        part = "from app import Text, add\ndef {0}(request): return Text('{0} {1}')\nadd('/{0}', {0})\n"
        project.load({"app.py": entry, "a.py": part.format("a", 1)})
        for number in (2, 3):
            project.save({"a.py": part.format("a", number)})
            project.expect("[route.path for route in app.app.routes]", ["/a", "/last"])
            assert project.get("/a") == f"a {number}"
        project.save({"a.py": part.format("b", 1)})
        project.expect("[route.path for route in app.app.routes]", ["/b", "/last"])

    def test_exception_handlers(self, project: Project) -> None:
        """Handlers of exceptions and of status codes."""
        source = (
            "from core import Text, app\ndef f(request, error): return Text('{0}')\napp.add_exception_handler({1}, f)\n"
        )
        project.load(
            {"app.py": "from core import app\nimport a\n", "core.py": STARLETTE, "a.py": source.format("one", 404)}
        )
        assert project.get("/x") == "one"
        project.save({"a.py": source.format("two", 404)})
        assert project.get("/x") == "two"
        project.save({"a.py": source.format("three", 405)})
        assert project.get("/x").startswith("404")

    def test_middleware(self, project: Project) -> None:
        """Middleware can be added to an app that has answered, and goes again."""
        source = """
            from core import Text, app


            class {0}:
                def __init__(self, app): self.app = app

                async def __call__(self, scope, receive, send):
                    await Text("{0}")(scope, receive, send)


            app.add_middleware({0})
            """
        project.load(
            {"app.py": "from core import app\nimport a\n", "core.py": STARLETTE, "a.py": "from core import app\n"}
        )
        assert project.get("/x").startswith("404")
        project.save({"a.py": source.format("One")})
        assert project.get("/x") == "One"
        project.save({"a.py": source.format("Two")})
        assert project.get("/x") == "Two"
        assert len(project["app"].app.user_middleware) == 1

    @pytest.mark.parametrize("line", ["app.add_middleware(Middle)", "app.add_exception_handler(404, handler)"])
    def test_middleware_that_is_gone(self, project: Project, line: str) -> None:
        """The line that adds it is removed, after the app has answered with it."""
        source = """
            from core import Text, app


            class Middle:
                def __init__(self, app): self.app = app

                async def __call__(self, scope, receive, send):
                    await Text("added")(scope, receive, send)


            def handler(request, error):
                return Text("added")
            """
        project.load({"app.py": "from core import app\nimport a\n", "core.py": STARLETTE, "a.py": source})
        project.save({"a.py": text(source) + line + "\n"})
        assert project.get("/x") == "added"
        project.save({"a.py": source})
        assert project.get("/x").startswith("404")

    def test_start_up(self, project: Project) -> None:
        """Code that runs at an app's start needs a new app: its module runs again, too, and the report says why."""
        source = "from core import app\nasync def start(): app.state.v = {0}\napp.router.on_startup.append(start)\n"
        core = "class Router:\n    def __init__(self): self.on_startup = []\nclass App:\n    def __init__(self): self.router = Router()\napp = App()\n"
        project.load({"app.py": "from core import app\nimport a\n", "core.py": core, "a.py": source.format(1)})
        old = project["app"].app
        saved = project.save({"a.py": source.format(2)})
        assert "core re-run: holds start-up code, models, rows or numbers of a" in saved.told
        assert project["app"].app is not old
        project.expect("len(app.app.router.on_startup)", 1)

    def test_setup_function(self, project: Project) -> None:
        """Handlers that are nested in a function which the entry calls."""
        routes = "from core import Text\ndef setup(app):\n    def a(request): return Text('{0}')\n    app.add_route('/{0}', a)\n"
        project.load(
            {
                "app.py": "from core import app\nimport routes\nroutes.setup(app)\n",
                "core.py": STARLETTE,
                "routes.py": routes.format("a"),
            }
        )
        assert project.get("/a") == "a"
        project.save({"routes.py": routes.format("b")})
        assert project.get("/b") == "b"
        project.expect("[route.path for route in app.app.routes]", ["/b"])


@pytest.fixture
def own_loggers() -> Iterator[None]:
    with logging_as_it_was():
        yield
    for name in [name for name in logging.root.manager.loggerDict if name.startswith("story")]:
        del logging.root.manager.loggerDict[name]


@pytest.mark.usefixtures("own_loggers")
class TestLogging:
    ADD = "import logging\nlog = logging.getLogger('{0}')\nlog.addHandler(logging.NullHandler())\n"

    @pytest.mark.parametrize("name", ["story", "story.deep", ""])
    def test_handlers(self, project: Project, name: str) -> None:
        """A handler is there once, whatever happens to the module that adds it."""
        logger = logging.getLogger(name)
        before = list(logger.handlers)
        source = self.ADD.format(name)
        project.load({"app.py": source})
        for number in range(3):
            project.save({"app.py": f"{source}X = {number}\n"})
            project.bad_save({"app.py": f"{source}1 / 0\n"})
            project.save({"app.py": source})
            assert len(logger.handlers) == len(before) + 1
        project.save({"app.py": "X = 1\n"})
        assert logger.handlers == before

    def test_new_logger(self, project: Project) -> None:
        """A bad save adds a handler to a logger that nobody has asked for before."""
        project.load({"app.py": "import logging\n"})
        project.bad_save({"app.py": self.ADD.format("story.new") + "1 / 0\n"})
        assert logging.getLogger("story.new").handlers == []

    def test_foreign_handlers_stay(self, project: Project) -> None:
        """A handler that somebody else added meanwhile stays."""
        project.load({"app.py": self.ADD.format("story")})
        other = logging.NullHandler()
        logging.getLogger("story").addHandler(other)
        project.save({"app.py": "X = 1\n"})
        assert logging.getLogger("story").handlers == [other]

    def test_basic_config(self, project: Project) -> None:
        """`basicConfig` of another format takes effect."""
        root = logging.root
        kept, root.handlers[:] = list(root.handlers), []
        try:
            source = "import logging\nlogging.basicConfig(format='%(message)s {0}')\n"
            project.load({"app.py": source.format("one")})
            project.save({"app.py": source.format("two")})
            assert [handler.formatter._fmt for handler in root.handlers if handler.formatter] == ["%(message)s two"]
        finally:
            root.handlers[:] = kept

    @pytest.mark.parametrize("existing", [True, False])
    def test_levels(self, project: Project, existing: bool) -> None:
        """A level that the source no longer sets is what it was."""
        if existing:
            logging.getLogger("story")
        project.load({"app.py": "import logging\nlogging.getLogger('story').setLevel('DEBUG')\n"})
        assert logging.getLogger("story").level == logging.DEBUG
        project.save({"app.py": "import logging\nX = 1\n"})
        assert logging.getLogger("story").level == logging.NOTSET


class TestInterpreter:
    def test_sys_path(self, project: Project) -> None:
        """Entries of `sys.path` are there once and go with the line that adds them; those of others stay."""
        before = list(sys.path)
        source = "import sys\nsys.path.insert(0, '/nowhere/{0}')\n"
        project.load({"app.py": source.format("a")})
        sys.path.append("/nowhere/others")
        project.save({"app.py": source.format("b")})
        project.save({"app.py": source.format("b") + "X = 1\n"})
        assert sys.path == ["/nowhere/b", *before, "/nowhere/others"]
        project.bad_save({"app.py": source.format("c") + "1 / 0\n"})
        assert sys.path == ["/nowhere/b", *before, "/nowhere/others"]
        project.save({"app.py": "X = 1\n"})
        assert sys.path == [*before, "/nowhere/others"]

    def test_environment(self, project: Project) -> None:
        """Variables that a module sets go with the line that sets them, and child processes agree."""
        project.load({"app.py": "import os\nos.environ['X_STORY'] = '1'\n"})
        try:
            project.save({"app.py": "import os\nos.environ.setdefault('X_STORY', '2')\n"})
            assert os.environ["X_STORY"] == "2"
            project.bad_save({"app.py": "import os\nos.environ['X_STORY'] = '3'\n1 / 0\n"})
            assert os.environ["X_STORY"] == "2"
            project.save({"app.py": "import os\n"})
            assert "X_STORY" not in os.environ
        finally:
            os.environ.pop("X_STORY", None)

    def test_foreign_modules(self, project: Project) -> None:
        """Attributes set on a foreign module go with the line that set them."""
        import json

        project.load({"app.py": "import json\njson.x_story = 1\n"})
        assert json.x_story == 1  # type: ignore[attr-defined]
        project.save({"app.py": "import json\n"})
        assert not hasattr(json, "x_story")

    WRAPPED = """
        import json
        old = json.JSONEncoder.default
        def default(self, thing):
            return old(self, thing) if thing is None else {0}
        json.JSONEncoder.default = default
        """

    def test_wrapped_methods(self, project: Project) -> None:
        """A module that keeps a library's method and puts its own in front of it does not wrap itself."""
        import json

        before = json.JSONEncoder.default
        project.load({"app.py": "import patches\n", "patches.py": self.WRAPPED.format(1)})
        try:
            project.save({"patches.py": self.WRAPPED.format(2)})
            assert project["patches"].old is before
            assert json.dumps(object()) == "2"
            project.bad_save({"patches.py": self.WRAPPED.format("1 / 0") + "raise OSError\n"})
            assert json.dumps(object()) == "2"
            project.save({"app.py": ""})
            assert json.JSONEncoder.default is before
        finally:
            json.JSONEncoder.default = before  # type: ignore[method-assign]

    def test_set_by_name(self, project: Project) -> None:
        """`setattr` on a class of a library is taken back as well."""
        import json

        project.load({"app.py": "import json\nfrom json import JSONDecoder\nsetattr(JSONDecoder, 'x' + '_story', 1)\n"})
        assert json.JSONDecoder.x_story == 1  # type: ignore[attr-defined]
        project.save({"app.py": ""})
        assert not hasattr(json.JSONDecoder, "x_story")


class TestPlugins:
    CORE = "LIST = []\n"
    PLUGIN = "import core\ncore.LIST.append('{0}')\n"

    def test_plugin_edited(self, project: Project) -> None:
        """A plugin that is imported by name registers anew, in its place."""
        entry = "import importlib\nimport core\nfor name in ('p', 'q'): importlib.import_module(name)\n"
        project.load(
            {"app.py": entry, "core.py": self.CORE, "p.py": self.PLUGIN.format("p"), "q.py": self.PLUGIN.format("q")}
        )
        project.save({"p.py": self.PLUGIN.format("p2")})
        project.expect("app.core.LIST", ["p2", "q"])

    def test_looked_at(self, project: Project) -> None:
        """The entry imports plugins by name and looks at what they registered."""
        entry = "import importlib\nimport core\nfor name in ('p', 'q'): importlib.import_module(name)\nX = list(core.LIST)\n"
        project.load(
            {"app.py": entry, "core.py": self.CORE, "p.py": self.PLUGIN.format("p"), "q.py": self.PLUGIN.format("q")}
        )
        project.save({"p.py": self.PLUGIN.format("p2")})
        project.expect("app.X", ["p2", "q"])

    def test_plugin_dropped(self, project: Project) -> None:
        """A plugin that is no longer named is unloaded."""
        entry = "import importlib\nimport core\nfor name in ({0}): importlib.import_module(name)\n"
        files = {f"{name}.py": self.PLUGIN.format(name) for name in "pq"}
        project.load({"app.py": entry.format("'p', 'q'"), "core.py": self.CORE, **files})
        project.save({"app.py": entry.format("'p', ")})
        project.expect("app.core.LIST", ["p"])
