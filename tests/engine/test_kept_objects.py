"""Functions and classes keep their identity through edits; old instances work with the new methods."""

from __future__ import annotations

import pickle
from typing import Any

import pytest

from tests.support.project import Project, text


def versions(project: Project, source: str, *, edits: int = 3) -> Any:
    """Load version 0, then yield after the save of each further one; `{v}` is the version."""
    source = text(source)
    project.load({"app.py": "import lib\n", "lib.py": source.replace("{v}", "0")})
    yield 0
    for number in range(1, edits + 1):
        project.save({"lib.py": source.replace("{v}", str(number))})
        yield number


class TestFunctions:
    def test_identity(self, project: Project) -> None:
        """A function is the same object with new code, defaults, annotations, docstring and attributes."""
        held: list[Any] = []
        for number in versions(
            project,
            """
            def f(a={v}, *, b: "kind {v}" = {v}):
                "doc {v}"
                return a, b, {v}


            f.mark{v} = {v}
            """,
        ):
            held = held or [project["lib"].f]
            f = held[0]
            assert f is project["lib"].f
            assert (f(), f.__doc__) == ((number,) * 3, f"doc {number}")
            assert f.__annotations__ == {"b": f"kind {number}"}
            assert vars(f) == {f"mark{number}": number}

    def test_held_by_others(self, project: Project) -> None:
        """Who took a function by value, into a table, a partial or an attribute, calls the new code."""
        user = """
            import functools
            from lib import f
            TABLE = {"f": f}
            PART = functools.partial(f, 1)
            class Box:
                call = staticmethod(f)
            """
        project.load({"app.py": user, "lib.py": "def f(x=0): return x, 'old'\n"})
        assert project.save({"lib.py": "def f(x=0): return x, 'new'\n"}).told == ["lib re-run: modified"]
        app = project["app"]
        assert (app.TABLE["f"](), app.PART(), app.Box.call()) == ((0, "new"), (1, "new"), (0, "new"))

    def test_other_kinds(self, project: Project) -> None:
        """A function may become a generator or a coroutine function and remain the same object."""
        project.load({"app.py": "import lib\n", "lib.py": "def f(): return [1]\n"})
        f = project["lib"].f
        project.save({"lib.py": "def f(): yield 2\n"})
        assert list(f()) == [2]
        project.save({"lib.py": "async def f(): return 3\n"})
        with pytest.raises(StopIteration, match="3"):
            f().send(None)

    def test_several_of_one_name(self, project: Project) -> None:
        """Names do not identify: of five functions `get`, each stays the one that it was."""
        source = "HELD = []\ndef rt(f):\n    HELD.append(f)\n    return f\n"
        one = "@rt\ndef get(): return '{}'\n"
        project.load({"app.py": source + one.format("a") + one.format("b")})
        held = list(project["app"].HELD)
        project.save({"app.py": source + one.format("a") + one.format("c")})
        assert held == project["app"].HELD
        assert [f() for f in held] == ["a", "c"]
        project.save({"app.py": source + one.format("z") + one.format("a") + one.format("c")})
        assert [f() for f in project["app"].HELD] == ["z", "a", "c"]
        assert project["app"].HELD[1:] == held

    def test_removed(self, project: Project) -> None:
        """A function that is gone is gone as a name; who holds it may go on calling it."""
        project.load({"app.py": "import lib\n", "lib.py": "def f(): return 1\n"})
        f = project["lib"].f
        project.save({"lib.py": ""})
        assert not hasattr(project["lib"], "f")
        assert f() == 1


PLAIN = """
    class A:
        number = {v}

        def __init__(self):
            self.made = {v}

        def f(self):
            return {v}

        @property
        def p(self):
            return self.f()

        @classmethod
        def c(cls):
            return cls.number

        @staticmethod
        def s():
            return {v}

        def __len__(self):
            return {v} + 1

        def __call__(self):
            return {v}
    """


class TestInstances:
    def test_plain(self, project: Project) -> None:
        """An old instance has its own state, and everything else of the new class."""
        a: Any = None
        for number in versions(project, PLAIN):
            a = a or project["lib"].A()
            assert type(a) is project["lib"].A
            assert (a.made, a.f(), a.p, a.c(), a.s(), len(a), a()) == (0, *(number,) * 4, number + 1, number)

    def test_what_is_gone(self, project: Project) -> None:
        """Methods and class variables that the source no longer has are gone from old instances."""
        project.load({"app.py": "import lib\n", "lib.py": text(PLAIN).replace("{v}", "0")})
        a = project["lib"].A()
        project.save({"lib.py": "class A:\n    def g(self): return self.made\n"})
        assert a.g() == 0
        assert not [name for name in ("f", "p", "c", "s", "number", "__len__", "__call__") if hasattr(a, name)]

    def test_slots(self, project: Project) -> None:
        """A class with slots is renewed like any other while its slots stay."""
        source = "class A:\n    __slots__ = ('x', '__weakref__')\n    def f(self): return self.x, {v}\n"
        a: Any = None
        for number in versions(project, source):
            if a is None:
                a = project["lib"].A()
                a.x = "x"
            assert type(a) is project["lib"].A
            assert a.f() == ("x", number)

    def test_other_slots(self, project: Project) -> None:
        """With other slots it has to be a new class: users are set anew, old instances stay with the old one."""
        source = "class A:\n    __slots__ = ('a', {0})\n    def f(self): return {1}\n"
        project.load({"app.py": "from lib import A\ndef f(): return A().f()\n", "lib.py": source.format("'b'", 1)})
        old = project["lib"].A()
        assert project.save({"lib.py": source.format("'c'", 2)}).told == ["lib re-run: modified", "app rebound: A"]
        project.expect("app.f()", 2)
        assert not isinstance(old, project["lib"].A)

    @pytest.mark.parametrize(
        "decorator",
        [
            "@dataclass",
            "@dataclass(frozen=True)",
            "@dataclass(order=True, kw_only=False)",
            "@dataclass(slots=True)",
        ],
    )
    def test_dataclasses(self, project: Project, decorator: str) -> None:
        """An instance of a dataclass gets new methods, and the defaults of fields that it does not have."""
        source = f"from dataclasses import dataclass\n{decorator}\nclass A:\n    x: int = 0\n    def f(self): return self.x, {{v}}\n"
        a: Any = None
        for number in versions(project, source):
            a = a or project["lib"].A(5)
            assert type(a) is project["lib"].A
            assert (a.f(), a) == ((5, number), project["lib"].A(5))
        project.save({"lib.py": source.replace("x: int = 0", "x: int = 0\n    y: int = 7").replace("{v}", "self.y")})
        if "slots" not in decorator:
            assert a.f() == (5, 7)

    def test_super(self, project: Project) -> None:
        """`super()` in old and new methods, in properties and across modules, finds the kept classes."""
        base = "class Base:\n    def f(self): return 'base {0}'\n"
        lib = (
            "from base import Base\nclass A(Base):\n    def f(self): return super().f() + ' a {0}'\n"
            "    @property\n    def p(self): return super().f() + ' p {0}'\n"
            "class B(A):\n    def f(self): return super().f() + ' b {0}'\n"
        )
        project.load({"app.py": "import lib\n", "lib.py": lib.format(0), "base.py": base.format(0)})
        b = project["lib"].B()
        for files in (
            {"lib.py": lib.format(1)},
            {"base.py": base.format(1)},
            {"lib.py": lib.format(2), "base.py": base.format(2)},
        ):
            project.save(files)
            assert b.f() == project["lib"].B().f()
            assert isinstance(b, project["base"].Base)
        assert (b.f(), b.p) == ("base 2 a 2 b 2", "base 2 p 2")

    def test_inheritance_changes(self, project: Project) -> None:
        """A class that gets other bases is the same class."""
        source = (
            "class Old:\n    def f(self): return 'old'\nclass New:\n    def f(self): return 'new'\nclass A({}): pass\n"
        )
        project.load({"app.py": "import lib\n", "lib.py": source.format("Old")})
        a = project["lib"].A()
        project.save({"lib.py": source.format("New")})
        assert a.f() == "new"
        assert type(a) is project["lib"].A
        assert project["lib"].Old.__subclasses__() == []

    def test_base_of_a_new_module(self, project: Project, no_gc: None) -> None:
        """A class that gets a base of a module in the middle of its first import is known to that once."""
        source = "class Base: pass\nimport user\n"
        user = "from {0} import Base\nclass A(Base): pass\n"
        project.load({"app.py": "import lib\n", "lib.py": source, "user.py": user.format("lib")})
        project.save({"app.py": "import new\n", "new.py": source, "user.py": user.format("new")})
        assert project["new"].Base.__subclasses__() == [project["user"].A]

    def test_first_base(self, project: Project) -> None:
        """A class without a base that gets one is a new class, since CPython allows no other way; all users agree on it."""
        user = "from lib import A\nclass B(A): pass\ndef agree():\n    import lib\n    return issubclass(B, lib.A), B().f()\n"
        project.load({"app.py": "import user\n", "user.py": user, "lib.py": "class A:\n    def f(self): return 1\n"})
        project.save({"lib.py": "class Root:\n    def f(self): return 2\nclass A(Root): pass\n"})
        project.expect("app.user.agree()", (True, 2))

    def test_descriptors(self, project: Project) -> None:
        """Own descriptors are told the class that is in use, and their name."""
        source = """
            class Field:
                def __set_name__(self, owner, name):
                    self.owner, self.name = owner, name

                def __get__(self, instance, owner=None):
                    return self.name, self.owner is owner, {v}


            class A:
                x = Field()
            """
        a: Any = None
        for number in versions(project, source):
            a = a or project["lib"].A()
            assert a.x == ("x", True, number)

    def test_metaclasses(self, project: Project) -> None:
        """A class with an own metaclass is renewed, and the metaclass as well."""
        source = """
            class Meta(type):
                made = []

                def __new__(meta, name, bases, namespace):
                    meta.made.append(name)
                    return super().__new__(meta, name, bases, namespace)

                def hello(cls):
                    return {v}


            class A(metaclass=Meta):
                def f(self):
                    return {v}
            """
        a: Any = None
        for number in versions(project, source):
            a = a or project["lib"].A()
            assert type(a) is project["lib"].A
            assert (a.f(), type(a).hello()) == (number, number)
            project.expect("app.lib.Meta.made", ["A"])

    def test_generics_and_named_tuples(self, project: Project) -> None:
        """Generic classes and NamedTuples are renewed."""
        source = """
            from typing import Generic, NamedTuple, TypeVar
            T = TypeVar("T")


            class Box(Generic[T]):
                def f(self):
                    return {v}


            class Sub(Box[int]):
                pass


            class Point(NamedTuple):
                x: int

                def f(self):
                    return self.x, {v}
            """
        held: Any = ()
        for number in versions(project, source):
            held = held or (project["lib"].Sub(), project["lib"].Point(1))
            box, point = held
            assert (box.f(), point.f()) == (number, (1, number))
            assert isinstance(box, project["lib"].Box)
            assert type(point) is project["lib"].Point

    def test_protocols(self, project: Project) -> None:
        """`isinstance` with a run-time protocol is answered by the contents that are there now."""
        source = """
            from typing import Protocol, runtime_checkable


            @runtime_checkable
            class P(Protocol):
                def f{v}(self): ...


            class A:
                def f{v}(self): ...


            class B: ...
            """
        held: Any = ()
        for _ in versions(project, source):
            held = held or (project["lib"].A(), project["lib"].B())
            assert [isinstance(thing, project["lib"].P) for thing in held] == [True, False]

    def test_bound_methods(self, project: Project) -> None:
        """A bound method that somebody kept calls the new code, and goes on to do so."""
        held: list[Any] = []
        marks = []
        for number in versions(project, "class A:\n    def f(self): return {v}\n"):
            held = held or [project["lib"].A().f]
            marks.append(held[0]() == number)
        assert marks == [True] * 4


class TestAgreement:
    """After each edit all modules mean the same classes: `is`, isinstance, except, dispatch and pickle agree."""

    LIB = """
        from functools import singledispatch


        class Base:
            def who(self):
                return "base {v}"


        class Child(Base):
            def who(self):
                return super().who() + " child"

            class Inner:
                x = {v}


        class Error(Exception):
            pass


        @singledispatch
        def show(thing):
            return "thing"


        @show.register
        def _(thing: Base):
            return "base"


        def fail():
            raise Error("{v}")
        """
    USER = """
        import lib
        from lib import Base, Child, Error, fail, show


        class Grand(Child):
            def who(self):
                return super().who() + " grand"


        @show.register
        def _(thing: Grand):
            return "grand"


        def caught():
            try:
                fail()
            except Error as error:
                return str(error)


        def agree(things):
            return (
                Base is lib.Base and Child is lib.Child and Error is lib.Error,
                [isinstance(thing, (Base, Grand)) for thing in things],
                [show(thing) for thing in things],
                [thing.who() for thing in things],
                caught(),
            )
        """

    def wanted(self, number: int) -> tuple[object, ...]:
        base = f"base {number}"
        return True, [True] * 3, ["base", "base", "grand"], [base, f"{base} child", f"{base} child grand"], str(number)

    def test_all_ways(self, project: Project) -> None:
        """Old and new instances give the same answers after edits of either module, and after forced runs."""
        lib, user = text(self.LIB), text(self.USER)
        project.load({"app.py": "import user\n", "user.py": user, "lib.py": lib.replace("{v}", "0")})
        old = [project["lib"].Base(), project["lib"].Child(), project["user"].Grand()]

        def check(number: int) -> None:
            new = [type(thing)() for thing in old]
            assert project["user"].agree(old) == project["user"].agree(new) == self.wanted(number)
            assert [type(thing) for thing in old] == [project["lib"].Base, project["lib"].Child, project["user"].Grand]

        check(0)
        for number in (1, 2):
            project.save({"lib.py": lib.replace("{v}", str(number))})
            check(number)
        project.save({"user.py": user + "\nX = 1\n"})
        check(2)
        project.save({"lib.py": lib.replace("{v}", "3"), "user.py": user})
        check(3)
        project.save({}, force=True)
        check(3)

    def test_pickle(self, project: Project) -> None:
        """What was pickled by reference before an edit is the same object after it, and can be pickled again."""
        lib = text(self.LIB)
        project.load({"app.py": "import lib\n", "lib.py": lib.replace("{v}", "0")})
        module = project["lib"]
        things = (module.Base, module.Child.Inner, module.fail, module.Error)
        instances = (module.Base(), module.Child.Inner())
        data = pickle.dumps((things, instances))
        for number in (1, 2):
            project.save({"lib.py": lib.replace("{v}", str(number))})
            found, made = pickle.loads(data)
            assert all(one is other for one, other in zip(found, things, strict=True))
            assert [type(thing) for thing in made] == [type(thing) for thing in instances]
            assert made[1].x == number
            pickle.loads(pickle.dumps((things, instances)))

    def test_exceptions(self, project: Project) -> None:
        """An exception class that changes its base is still caught by those who imported it before."""
        user = "from lib import Error, fail\ndef f():\n    try: fail()\n    except Error as error: return error.code\n"
        lib = "class Error({0}):\n    code = {1}\ndef fail(): raise Error\n"
        project.load({"app.py": "import user\n", "user.py": user, "lib.py": lib.format("Exception", 1)})
        for base, code in (("ValueError", 2), ("KeyError", 3)):
            project.save({"lib.py": lib.format(base, code)})
            project.expect("app.user.f()", code)

    def test_removed_implementation(self, project: Project) -> None:
        """A type that was dispatched before forgets an implementation that is gone."""
        more = "from lib import show\n@show.register\ndef _(thing: int): return 'int'\n"
        project.load({"app.py": "import more, lib\n", "more.py": more, "lib.py": text(self.LIB).replace("{v}", "0")})
        assert project["lib"].show(1) == "int"
        project.save({"more.py": "from lib import show\n"})
        project.expect("app.lib.show(1)", "thing")


class TestEnums:
    KINDS = """
        import enum


        class Plain(enum.Enum):
            A = 1
            B = 2
            ALSO = 1
            {extra}


        class Number(enum.IntEnum):
            A = 1
            B = 2
            {extra}


        class Word(enum.StrEnum):
            A = "a"
            B = enum.auto()
            {extra}


        class Bits(enum.Flag):
            A = enum.auto()
            B = enum.auto()
            BOTH = A | B
            {extra}


        class IntBits(enum.IntFlag):
            A = 1
            B = 2
            {extra}


        MORE = {more}
        """

    def source(self, extra: str, more: int) -> str:
        return text(self.KINDS).format(extra=extra, more=more)

    def test_identity(self, project: Project) -> None:
        """Members stay the objects that they are, for all ways to get at them, under all kinds of edits."""
        project.load({"app.py": "import lib\n", "lib.py": self.source("", 0)})
        lib = project["lib"]
        members = [member for kind in (lib.Plain, lib.Number, lib.Word, lib.Bits, lib.IntBits) for member in kind]
        both, either = lib.Bits.A | lib.Bits.B, lib.IntBits.A | lib.IntBits.B
        for number, extra in enumerate(
            ["", "def f(self): return self.name", "@property\n    def p(self): return 1", "", ""]
        ):
            project.save({"lib.py": self.source(extra, number)})
            for member in members:
                kind: Any = getattr(lib, type(member).__name__)
                assert type(member) is kind
                found = [
                    getattr(kind, member.name),
                    kind[member.name],
                    kind(member.value),
                    pickle.loads(pickle.dumps(member)),
                ]
                assert all(one is member for one in found)
                assert any(one is member for one in kind)
            assert lib.Plain.ALSO is lib.Plain.A
            assert lib.Bits.A | lib.Bits.B is both is lib.Bits.BOTH
            assert lib.IntBits.A | lib.IntBits.B is either

    def test_keys_and_match(self, project: Project) -> None:
        """A table with members as keys, and `match`, work with the members that others hold."""
        user = """
            from lib import Plain
            TABLE = {Plain.A: "a", Plain.B: "b"}
            HELD = [Plain.A, Plain.B]
            def name(member):
                match member:
                    case Plain.A: return "a"
                    case Plain.B: return "b"
            """
        project.load({"app.py": "import user, lib\n", "user.py": user, "lib.py": self.source("", 0)})
        held, table = project["user"].HELD, project["user"].TABLE
        project.save({"lib.py": self.source("def f(self): return 1", 1)})
        plain = project["lib"].Plain
        assert [table[plain.A], table[plain.B]] == ["a", "b"]
        assert [project["user"].name(member) for member in held] == ["a", "b"]

    def test_values(self, project: Project) -> None:
        """A member of a plain enum that gets another value is the same member; the old value is none any more."""
        source = "import enum\nclass A(enum.{0}):\n    X = {1}\n    Y = 2\n"
        project.load({"app.py": "import lib\nTABLE = {lib.A.X: 'x'}\n", "lib.py": source.format("Enum", 1)})
        member = project["lib"].A.X
        project.save({"lib.py": source.format("Enum", 5)})
        assert project["lib"].A.X is member
        assert member.value == 5
        project.expect("(app.lib.A(5) is app.lib.A.X, app.TABLE[app.lib.A.X])", (True, "x"))
        with pytest.raises(ValueError, match="not a valid"):
            project["lib"].A(1)

    def test_values_with_a_type(self, project: Project) -> None:
        """A member that is a number itself becomes another one with another number, for all who use it."""
        source = "import enum\nclass A(enum.IntEnum):\n    X = {0}\n    Y = 2\n"
        project.load({"app.py": "import lib\nTABLE = {lib.A.X: 'x'}\n", "lib.py": source.format(1)})
        project.save({"lib.py": source.format(5)})
        project.expect("(app.lib.A.X + 1, app.lib.A(5) is app.lib.A.X, app.TABLE[app.lib.A.X])", (6, True, "x"))

    def test_members_come_and_go(self, project: Project) -> None:
        """The class has the members of the source, in their order, and no others."""
        source = "import enum\nclass A(enum.Enum):\n    X = 1\n    {0}\n"
        project.load({"app.py": "import lib\n", "lib.py": source.format("Y = 2")})
        kept = project["lib"].A.X
        for line, names in (("Z = 3", "X Z"), ("Y, Z = 2, 3", "X Y Z"), ("pass", "X"), ("Y = 3", "X Y")):
            project.save({"lib.py": source.format(line)})
            project.expect("[member.name for member in app.lib.A]", names.split())
            assert project["lib"].A.X is kept

    def test_aliases_come_and_go(self, project: Project) -> None:
        """A second name for a member is no other member."""
        source = "import enum\nclass A(enum.Enum):\n    X = 1\n    {0}\n"
        project.load({"app.py": "import lib\n", "lib.py": source.format("Y = 2")})
        kept = project["lib"].A.X
        for line in ("W = 1", "V = 1", "Y = 2"):
            project.save({"lib.py": source.format(line)})
            project.expect("(hasattr(app.lib.A, 'W'), hasattr(app.lib.A, 'V'))", ("W" in line, "V" in line))
            assert project["lib"].A.X is kept
