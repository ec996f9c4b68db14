"""Which global names a statement uses: while it runs, and later inside the functions that it defines."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

CALLERS = frozenset(
    "map filter sorted min max sum any all list tuple set dict frozenset next iter reduce starmap accumulate "
    "groupby takewhile dropwhile filterfalse submit apply run run_sync run_until_complete call timeit invoke "
    "len str repr join enumerate zip reversed deepcopy copy dumps print chain from_iterable islice pairwise cycle "
    "zip_longest product Counter sub subn load loads cmp_to_key".split()
)
"""Library callables that call a function or look into a container given to them at once; others (`Route`, `partial`,
`append`, …) only keep it."""
KEEPERS_OF_BEHAVIOUR = frozenset(
    "partial partialmethod cache lru_cache cached_property wraps singledispatch singledispatchmethod contextmanager "
    "asynccontextmanager staticmethod classmethod property total_ordering compose Partial defaultdict "
    "cmp_to_key".split()
)
"""Library callables whose result does what the function given to them does."""
MAKERS_ON_DEMAND = frozenset({"defaultdict"})
"""Of these, the ones whose result calls the function for whoever looks into it."""
START_UP = frozenset({"lifespan", "on_startup", "on_shutdown", "on_event", "add_event_handler", "lifespan_context"})
"""Keywords, functions and decorators that take code which runs when an app starts: that belongs to a cold start."""
READERS = frozenset(
    "get items keys values copy index count startswith endswith lower upper strip split join format".split()
)
"""Methods that only look at the object they are called on."""
LOOKING_MUTATORS = frozenset({"setdefault", "pop", "popitem", "remove", "discard", "sort", "reverse", "move_to_end"})
"""Methods whose work depends on what is in the container."""
ORDERING = frozenset({"sort", "reverse"})
"""Of these, the ones that go through all of it."""
ANSWERING = frozenset(
    "predict predict_proba transform encode decode embed embed_query embed_documents tokenize detokenize generate "
    "infer classify score similarity translate summarize search query fetch find lookup render".split()
)
"""Methods of libraries' objects (models, clients, templates) that answer, and change nothing that others look at."""
ANNOTATED = ("__annotations__",)
"""In the place of a callee: the name stands in an annotation of a function that another one makes."""
IMPORTED = "\0"
"""First part of the path of a name that an import statement in a function or class binds: `("\\0", module, name)`."""
CONVERTORS = ("starlette.convertors", "CONVERTOR_TYPES")
"""Module and name of the table of what may stand in the path of a route: `{id:int}`."""
_CONVERTOR = re.compile(r"\{\w+:(?!(?:str|path|int|float|uuid)\})\w+\}")


@dataclass(frozen=True, slots=True)
class Use:
    """A global name, with the attributes read from it, at one place.

    `called`: the object's code may run there, so its behaviour counts; otherwise it is only handed on, and its
    identity counts. `via` is the dotted callee that got it as an argument, if one did. `stored`: an attribute or
    item of it is assigned or deleted. `callee`: it is itself what is called. `decorates`: what it gives is called with
    a function at once (`@app.get("/")`). `mutates`: its contents may be changed.
    """

    path: tuple[str, ...]
    line: int
    called: bool = False
    via: tuple[str, ...] = ()
    stored: bool = False
    callee: bool = False
    decorates: bool = False

    @property
    def mutates(self) -> bool:
        return self.stored or (self.callee and len(self.path) > 1 and (self.decorates or self.path[-1] not in READERS))

    @property
    def looks_inside(self) -> bool:
        """It reads what a container holds, instead of handing the container on or adding to it."""
        if self.mutates:
            return self.path[-1] in LOOKING_MUTATORS
        if self.via:
            return self.via[-1] in CALLERS
        if self.path[0] == IMPORTED:  # what the function does with it is not followed
            return True
        return not self.called or (len(self.path) > 1 and self.path[-1] in READERS)

    @property
    def handed_on(self) -> bool:
        """Only its identity counts there."""
        return not self.called and bool(self.via)


def dotted(node: ast.AST) -> tuple[str, ...]:
    """`a.b.c` as a tuple; of calls, subscripts and awaits the part that is called; empty for anything else."""
    while isinstance(node, ast.Call | ast.Subscript | ast.Await) and not (by_name(node) or imported_by_name(node)):
        node = node.func if isinstance(node, ast.Call) else node.value
    if found := by_name(node):
        base = dotted(found[0])
        return (*base, found[1]) if base else ()
    if name := imported_by_name(node):
        return (IMPORTED, name)
    if isinstance(node, ast.Name):
        return (node.id,)
    if isinstance(node, ast.Attribute):
        base = dotted(node.value)
        return (*base, node.attr) if base else ()
    return ()


def by_name(node: ast.AST) -> tuple[ast.AST, str] | None:
    """Of `getattr(thing, "name")`: the two; None for anything else."""
    match node:
        case ast.Call(ast.Name("getattr"), [thing, ast.Constant(str() as name), *_]) if name.isidentifier():
            return thing, name
    return None


def imported_by_name(node: ast.AST) -> str:
    """Of `importlib.import_module("pkg.mod")`: that name."""
    match node:
        case ast.Call(ast.Name("import_module") | ast.Attribute(ast.Name("importlib"), "import_module"), [name]):
            text = name.value if isinstance(name, ast.Constant) else None
            return text if isinstance(text, str) and not text.startswith(".") else ""
    return ""


def called_in(node: ast.AST) -> Iterator[str]:
    """The function whose result this is a part of; calls before that one in the chain are visited by themselves."""
    while isinstance(node, ast.Attribute | ast.Subscript | ast.Await):
        node = node.value
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute | ast.Name):
        yield node.func.attr if isinstance(node.func, ast.Attribute) else node.func.id


def is_plain(node: ast.AST) -> bool:
    """A name with attributes only, no call or subscript inside."""
    while isinstance(node, ast.Attribute) or by_name(node):
        found = by_name(node)
        node = found[0] if found else node.value  # type: ignore[attr-defined]
    return isinstance(node, ast.Name) or bool(imported_by_name(node))


def absolute(node: ast.ImportFrom, package: str) -> str:
    """The dotted module of `from … import`, relative ones resolved against `package`."""
    base = node.module or ""
    if not node.level:
        return base
    parts = package.split(".") if package else []
    parts = parts[: len(parts) - node.level + 1]
    return ".".join([*parts, base] if base else parts)


def converts(node: ast.Constant) -> bool:
    """Whether it may be the path of a route with a convertor that is none of Starlette's own."""
    return isinstance(node.value, str) and "{" in node.value and _CONVERTOR.search(node.value) is not None
