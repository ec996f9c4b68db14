"""What a module's source says about itself, without running it.

The unit is the top-level statement (statements inside a top-level `if`, `try`, `with`, `for` or `match` count each
for themselves, with the header's uses added). For each unit: the names it binds, the names it uses while the module
is being imported, the names it uses only later inside function bodies, and the names whose contents it may change.
Nothing here depends on other modules or on the running program, so an analysis is cached by the content's hash.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from fh_dash.engine.made_once import MadeOnce
from fh_dash.engine.uses import Use

Kind: TypeAlias = Literal["def", "class", "import", "other"]
STAR = "*"


@dataclass(frozen=True, slots=True)
class Import:
    """One name bound by an import statement."""

    local: str
    """The global that is bound; `*` for a star import, empty in a class body."""
    module: str
    """Absolute dotted name."""
    name: str | None
    """The attribute that is taken from `module`; None when the module itself is bound."""
    line: int
    deferred: bool = False
    """Inside a function: it happens when that runs."""
    guarded: bool = False
    """Inside `try` or `if`: its failure may be handled."""
    typing_only: bool = False
    """Under `if TYPE_CHECKING`: it never happens."""


@dataclass(frozen=True, slots=True)
class Unit:
    """One top-level statement."""

    kind: Kind
    line: int
    binds: frozenset[str]
    mutates: frozenset[str]
    now: tuple[Use, ...]
    later: tuple[Use, ...]
    digest: str
    """Of the syntax tree without positions."""
    conditional: bool
    """Inside of a compound statement."""
    declares: frozenset[str]
    """Names that functions in it declare `global`: calling them may bind these."""
    surface: str
    """For a `def`: digest of all but its body, so of what one that only holds it can notice; for a `class`: of all but
    the bodies of its methods, those that make objects excepted."""
    results: frozenset[tuple[str, str]] = frozenset()
    """Functions of which what they return may be changed, and by which method; empty for an assignment."""
    asks_subclasses: bool = False
    """It mentions `__subclasses__`."""
    readers: frozenset[str] = frozenset()
    """Of a class: methods that read its objects (`methods`)."""
    writers: frozenset[str] = frozenset()
    """Its other methods."""
    builders: frozenset[str] = frozenset()
    """Of a class: methods that number or sort what they add to."""
    tellers: frozenset[str] = frozenset()
    """Of a class: methods that return data."""
    settings: frozenset[tuple[str, str]] = frozenset()
    """Of a class: methods that change its objects, each with the attributes that this depends on."""
    makes: MadeOnce = ()
    """Globals that functions in it make when they are first called."""


@dataclass(frozen=True, slots=True)
class Definition:
    """A `def` or `class` statement that runs at import time, at any depth of class bodies."""

    key: int
    """Its number in source order; the instrumented code passes it to the keep hook."""
    qualname: str
    digest: str
    is_class: bool
    line: int = 0


@dataclass(frozen=True, slots=True)
class Analysis:
    module: str
    digest: str
    """Of the whole tree without positions: equal digests mean that only comments or layout differ."""
    units: tuple[Unit, ...]
    imports: tuple[Import, ...]
    definitions: tuple[Definition, ...]
    docstring: bool
    dynamic: bool
    """Binds names in a way that cannot be seen (`globals()[…] = …`, `exec`)."""
    binds: frozenset[str] = field(default=frozenset())
    by_name: dict[str, tuple[Unit, ...]] = field(default_factory=dict, compare=False)
    """Name -> the units that bind or mutate it, in source order."""
    named: frozenset[str] = frozenset()
    """Modules that are named by strings (`import_module("pkg.mod")`), or imported in functions."""
    files: frozenset[str] = frozenset()
    """Names of data files in it (`file_names`)."""
    certain: frozenset[str] = frozenset()
    """Of `binds`, what is bound whatever happens: outside of `if`, `try`, `for` and the like."""
    looks_around: bool = False
    """Looks at its own namespace as a whole while it runs (`dir()`, `globals()`)."""
    looks_at_users: bool = False
    """Its functions may look into the globals of who calls them, or of functions that they get."""
    declared: frozenset[str] = frozenset()
    """Names that some function declares `global`: it may bind them when it runs."""
    mentions: frozenset[str] = frozenset()
    """Every name that stands at the beginning of a use, anywhere in the source."""
    parts: frozenset[str] = frozenset()
    """Every name in a use: that one, and those behind dots."""
    strings: frozenset[str] = frozenset()
    """String constants that can be names."""
    asks: frozenset[str] = frozenset()
    """Of `dissect.ASKING`, what it calls, anywhere."""
    stars: tuple[Import, ...] = ()
    """Its star imports outside of functions."""
    takes_from: frozenset[str] = frozenset()
    """The modules of which it imports names while it is imported itself."""

    def is_bound_again(self, name: str) -> bool:
        """Whether another statement than an import binds it: then its value does not tell where it came from."""
        return any(unit.kind != "import" and name in unit.binds for unit in self.by_name.get(name, ()))

    def may_handle(self, unit: int) -> bool:
        """Whether the failure of an import that this top-level statement makes may be handled by the module."""
        found = self.units[unit] if unit < len(self.units) else None
        return found is None or found.conditional or found.kind != "import"
