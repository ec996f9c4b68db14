"""`Graph.order` against the order in which Python itself finishes the modules of random projects."""

from __future__ import annotations

import ast
import importlib
import random
import sys
from pathlib import Path

import pytest

from fh_dash.engine.dissect import analyse
from fh_dash.engine.graph import Graph
from tests.support.project import project_at

LINE = 'import sys; sys.modules["order_log"].finished.append(__name__)\n'


def project(random_: random.Random) -> dict[str, str]:
    """Some modules, flat and in packages, that import each other in all ways that also work in a cycle."""
    flat = [f"m{n}" for n in range(random_.randint(2, 6))]
    packages = [f"p{n}" for n in range(random_.randint(0, 2))]
    inner = [f"{package}.s{n}" for package in packages for n in range(random_.randint(1, 3))]
    names = ["app", *flat, *packages, *inner]
    return {name: _source(name, names, set(packages), random_) for name in names}


def _source(name: str, names: list[str], packages: set[str], random_: random.Random) -> str:
    lines = []
    for _ in range(random_.randint(0, 3)):
        target = random_.choice([n for n in names if n != "app"])
        lines.append(random_.choice(_forms(name, target, packages)))
    return "\n".join(lines) + "\n" + LINE


def _forms(name: str, target: str, packages: set[str]) -> list[str]:
    package, _, last = target.rpartition(".")
    forms = [f"import {target}", f"import {target} as other" if not package else f"import {target}"]
    forms += [f"try:\n    import {target}\nexcept NameError:\n    pass", f"if True:\n    import {target}"]
    forms += [f"class A:\n    import {target}", f"def later():\n    import {target}"]
    forms += [f"TYPE_CHECKING = False\nif TYPE_CHECKING:\n    import {target}"]
    if package:
        forms += [f"from {package} import {last}", f"from {package} import {last} as other"]
        if name.rpartition(".")[0] == package or name == package:
            forms.append(f"from . import {last}")
    return forms


@pytest.mark.parametrize("seed", range(40))
def test_order(seed: int, tmp_path: Path) -> None:
    """A cold start finishes the modules in the order that the graph foresees, cycles and packages included."""
    sources = project(random.Random(seed))
    packages = {name.partition(".")[0] for name in sources if "." in name}
    log = sys.modules["order_log"] = type(sys)("order_log")
    log.finished = []  # type: ignore[attr-defined]
    try:
        with project_at(tmp_path) as found:
            found.engine.uninstall()
            files = {n: n.replace(".", "/") + ("/__init__" if n in packages else "") + ".py" for n in sources}
            found.write({file: sources[name] for name, file in files.items()})
            importlib.import_module("app")
    finally:
        del sys.modules["order_log"]
    finished: list[str] = log.finished
    graph = Graph()
    graph.update({name: analyse(ast.parse(sources[name]), name, name in packages) for name in reversed(finished)})
    foreseen = [name for name in graph.order("app") if name in set(finished)]
    assert foreseen == finished
