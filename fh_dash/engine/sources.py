"""From a file to code: read, parse, analyse, instrument, compile. Never from a `.pyc`.

A `.pyc` is valid by whole seconds and size, so two equal-sized saves within a second would be taken for one.
"""

from __future__ import annotations

import ast
import hashlib
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from types import CodeType

from fh_dash.engine.analysis import Analysis
from fh_dash.engine.dissect import analyse, import_time_definitions
from fh_dash.syntax import parse

HOOK = "__fh_keep__"
"""Global through which instrumented code hands each new function and class to the engine, while a module runs."""


@dataclass(frozen=True, slots=True)
class Source:
    """One version of a module's source, ready to run."""

    module: str
    path: Path
    content: str
    """Hash of the file's bytes."""
    code: CodeType
    analysis: Analysis
    is_package: bool


def fingerprint(data: bytes) -> str:
    return hashlib.blake2b(data, digest_size=16).hexdigest()


EMPTY = fingerprint(b"")
BEING_WRITTEN = 0.1
"""Seconds."""


def read(path: Path, before: str) -> bytes:
    """The content of a file whose fingerprint was `before`; raises OSError.

    A file that is empty now and was not is most likely being written at this very moment: it is given some time.
    """
    data = path.read_bytes()
    deadline = time.monotonic() + BEING_WRITTEN
    while not data and before != EMPTY and time.monotonic() < deadline:
        time.sleep(0.002)
        data = path.read_bytes()
    return data


def load(module: str, path: Path, data: bytes | None = None) -> Source:
    """Compile the file at `path` as `module`.

    Raises OSError when it cannot be read, and what `compile` raises: SyntaxError, ValueError for NUL bytes,
    RecursionError for too deep nesting.
    """
    if data is None:
        data = path.read_bytes()
    try:
        try:
            return _compile(module, path, data)
        except RecursionError:
            return _on_large_stack(lambda: _compile(module, path, data))
    except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
        vars(error).setdefault(_FILE, str(path))
        raise


_FILE = "_fh_dash_file"


def file_of(error: BaseException) -> str | None:
    """The file that could not be compiled, where Python does not say so itself."""
    return vars(error).get(_FILE)


def line_of(error: BaseException, source: Source) -> int:
    """At which line of a module's top level an exception came up; 0 when it did not run at all."""
    lines = [line for frame, line in traceback.walk_tb(error.__traceback__) if frame.f_code is source.code]
    return lines[-1] if lines else 0


def load_again(module: str, path: Path, before: Source | None) -> Source:
    """The same; `before` itself if it is of that file as it is now."""
    data = path.read_bytes()
    same = before is not None and before.path == path and before.content == fingerprint(data)
    return before if before is not None and same else load(module, path, data)


def _on_large_stack(work: Callable[[], Source]) -> Source:
    """Long chains (a sum of a thousand terms, hundreds of `elif`) are trouble only for those who walk the tree."""
    outcome: list[Source | BaseException] = []

    def run() -> None:
        try:
            outcome.append(work())
        except BaseException as error:
            outcome.append(error)

    size, limit = threading.stack_size(256 * 1024 * 1024), sys.getrecursionlimit()
    try:
        sys.setrecursionlimit(max(limit, 100_000))
        thread = threading.Thread(target=run, name="fh-dash compile")
        thread.start()
        thread.join()
    finally:
        sys.setrecursionlimit(limit)
        threading.stack_size(size)
    if isinstance(outcome[0], BaseException):
        raise outcome[0]
    return outcome[0]


def _compile(module: str, path: Path, data: bytes) -> Source:
    tree = parse(data, str(path))
    is_package = path.name == "__init__.py"
    analysis = analyse(tree, module, is_package)
    _instrument(tree)
    _instrument_calls(tree)
    code = compile(tree, str(path), "exec", dont_inherit=True)
    return Source(module, path, fingerprint(data), code, analysis, is_package)


def _instrument(tree: ast.Module) -> None:
    """Give each definition that runs at import time an innermost decorator `__fh_keep__(key)`.

    The engine sees the bare function or class there before any other decorator does, and may hand back the object
    of the last run, renewed, so that all who hold it agree. Positions are those of the `def` line itself, so that
    tracebacks and `co_firstlineno` stay as they are without it.
    """
    for key, (node, _) in enumerate(import_time_definitions(tree)):
        if isinstance(node, ast.ClassDef) and node.decorator_list:
            # `@dataclass(slots=True)` gives another class than it got: that one is handed over as well
            node.decorator_list.insert(0, _hook(outer_key(key), node.decorator_list[0]))
        node.decorator_list.append(_hook(key, node))


def _instrument_calls(tree: ast.Module) -> None:
    """`T = TypeVar("T")` becomes `T = __fh_keep__.called("T", TypeVar("T"))`, for the same reason.

    Annotations, generic classes and whoever imported it hold the old one. `Thing = type("Thing", …)` likewise.
    """
    for statement in tree.body:
        match statement:
            case ast.Assign([ast.Name(name)], ast.Call() as value):
                hook = ast.Attribute(ast.Name(HOOK, ast.Load()), "called", ast.Load())
                statement.value = ast.Call(hook, [ast.Constant(name), value], [])
                _place([hook, *ast.iter_child_nodes(hook), statement.value, statement.value.args[0]], value)


def _hook(key: int, place: ast.stmt | ast.expr) -> ast.Call:
    call = ast.Call(ast.Name(HOOK, ast.Load()), [ast.Constant(key)], [])
    _place(ast.walk(call), place)
    return call


def _place(parts: Iterable[ast.AST], place: ast.stmt | ast.expr) -> None:
    for part in parts:
        if isinstance(part, ast.expr):
            part.lineno = part.end_lineno = place.lineno
            part.col_offset = part.end_col_offset = place.col_offset


def outer_key(key: int) -> int:
    """Under which a class is handed over once more, after its decorators."""
    return -key - 1
