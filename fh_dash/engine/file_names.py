"""Files that a source names, be it only to ask whether they are there: nothing tells of that while it runs. Pure."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterable, Iterator

from fh_dash.engine.uses import dotted

_WITH_SUFFIX = re.compile(r"[\w./-]*[\w-]\.(?!py\b)[A-Za-z][A-Za-z0-9]{0,9}|(?:[\w./-]*/)?\.[A-Za-z][\w.-]*")
_PLAIN = re.compile(r"[\w./-]*[\w-]")
_TAKERS = frozenset(
    "Path PurePath PosixPath exists lexists isfile is_file isdir is_dir access join joinpath with_name".split()
)
"""Callables of `os.path` and `pathlib` that take names of files."""
_BY_DEFAULT = {"dotenv": (".env",), "environs": (".env",), "decouple": (".env", "settings.ini")}
"""Library -> files that it looks for by itself."""


def file_names(nodes: Iterable[ast.AST], strings: Collection[str], packages: Iterable[str]) -> frozenset[str]:
    """Of a module with these nodes, constants and imported packages."""
    found = {text for text in strings if _WITH_SUFFIX.fullmatch(text)}
    found.update(text for node in nodes for text in _in_paths(node) if _PLAIN.fullmatch(text))
    return frozenset(found.union(*(_BY_DEFAULT.get(package, ()) for package in packages)))


def _in_paths(node: ast.AST) -> Iterator[str]:
    """`Path("VERSION")`, `HERE / "VERSION"`, `os.path.exists("VERSION")`."""
    parts: Iterable[ast.expr] = ()
    if isinstance(node, ast.Call) and not _TAKERS.isdisjoint(dotted(node.func)[-1:]):
        parts = node.args
    elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
        parts = (node.right,)
    for part in parts:
        if isinstance(part, ast.Constant) and isinstance(part.value, str):
            yield part.value
