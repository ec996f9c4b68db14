"""Make a sequence that shows a fault small: fewer steps, modules, statements, then simpler statements."""

from __future__ import annotations

import ast
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import groupby
from typing import TypeAlias

from tests.random_reload.check import Fault, check
from tests.random_reload.cold import Cold
from tests.random_reload.known import known
from tests.random_reload.live import ENTRY
from tests.random_reload.run import Finding
from tests.random_reload.world import Files

States: TypeAlias = list[Files]
Step: TypeAlias = Callable[[States], States]
Pass: TypeAlias = Callable[[States], Iterator[Step]]


def shrink(finding: Finding, cold: Cold, *, seconds: float = 60) -> tuple[States, Fault]:
    """The smallest sequence found in the time, and the fault that it shows: of the same kind, at its last step."""
    return _Shrinker(finding, cold, time.monotonic() + seconds).run()


class _Shrinker:
    def __init__(self, finding: Finding, cold: Cold, deadline: float) -> None:
        self.states, self.fault = list(finding.states), finding.fault
        self._cold, self._deadline = cold, deadline
        self._seen: set[int] = set()

    def run(self) -> tuple[States, Fault]:
        again = True
        while again and time.monotonic() < self._deadline:
            improved = [self._improve(one_pass) for one_pass in PASSES]
            again = any(improved)
        return self.states, self.fault

    def _improve(self, one_pass: Pass) -> bool:
        """Try all the steps of a pass, each on what the ones before it left."""
        improved = False
        for step in list(one_pass(self.states)):
            if time.monotonic() > self._deadline:
                break
            candidate = [files for files, _ in groupby(step(self.states))]
            improved = (candidate != self.states and self._shows(candidate)) or improved
        return improved

    def _shows(self, candidate: States) -> bool:
        key = hash(str(candidate))
        if key in self._seen:
            return False
        self._seen.add(key)
        found = check(candidate, self._cold)
        if found is None or not self._is_alike(found[1]):
            return False
        self.states, self.fault = candidate[: found[0] + 1], found[1]
        return True

    def _is_alike(self, fault: Fault) -> bool:
        if fault.kind == "accepted":  # any module that goes missing would do
            return self.fault.kind == "accepted" and _error_type(fault) == _error_type(self.fault)
        return fault.kind == self.fault.kind and not (fault.kind.startswith("differs") and known(fault.details))


def _error_type(fault: Fault) -> str:
    return fault.details[0].partition(":")[0]


# ----------------------------------------------------------------------------------------------- passes


def _fewer_steps(states: States) -> Iterator[Step]:
    size = len(states) // 2
    while size:
        for start in range(len(states) - size, -1, -size):
            yield partial(_without_steps, start=start, size=size)
        size //= 2


def _without_steps(states: States, start: int, size: int) -> States:
    return states[:start] + states[start + size :]


def _fewer_files(states: States) -> Iterator[Step]:
    for path in _paths(states):
        if path != f"{ENTRY}.py":
            yield partial(_without_file, path=path)
            yield _each(path, lambda text: "")


def _without_file(states: States, path: str) -> States:
    return [_with(files, path, None) for files in states]


def _replace(text: str, old: str, new: str, count: int = -1) -> str:
    return text.replace(old, new, count)


def _fewer_changes(states: States) -> Iterator[Step]:
    """Of what one step does to several files, do less; or do it from the start."""
    for number in range(1, len(states)):
        for path in _paths(states):
            yield partial(_not_yet, number=number, path=path)
            yield partial(_earlier, number=number, path=path)


def _not_yet(now: States, number: int, path: str) -> States:
    if number >= len(now):
        return now
    return [*now[:number], _with(now[number], path, now[number - 1].get(path)), *now[number + 1 :]]


def _earlier(now: States, number: int, path: str) -> States:
    if number >= len(now):
        return now
    return [*(_with(files, path, now[number].get(path)) for files in now[:number]), *now[number:]]


def _with(files: Files, path: str, text: str | None) -> Files:
    rest = {p: t for p, t in files.items() if p != path}
    return rest if text is None else {**rest, path: text}


def _paths(states: States) -> list[str]:
    return sorted({path for files in states for path in files})


def _texts(states: States, path: str) -> list[str]:
    return list(dict.fromkeys(files[path] for files in states if path in files))


def _each(path: str, change: Callable[[str], str]) -> Step:
    """Change the text of one file in every state."""
    return lambda now: [_with(files, path, change(files[path])) if path in files else files for files in now]


def _fewer_statements(states: States) -> Iterator[Step]:
    """Leave out one statement, at any depth, wherever it stands."""
    for path in _paths(states):
        texts = _texts(states, path)
        for name in dict.fromkeys(name for text in texts for name in _names(text)):
            yield _each(path, partial(_without_name, name=name))
        for chunk in sorted({chunk for text in texts for chunk in _chunks(text)}, key=lambda c: (-len(c), c)):
            yield _each(path, partial(_replace, old=chunk, new="", count=1))


def _chunks(text: str) -> Iterator[str]:
    """The lines of every statement that can be left out."""
    lines = text.splitlines(keepends=True)
    for node in _statements(text):
        yield "".join(lines[_first(node) - 1 : node.end_lineno])


def _statements(text: str) -> list[ast.stmt]:
    try:
        return [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.stmt)]
    except (SyntaxError, ValueError):
        return []


def _first(node: ast.stmt) -> int:
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    return min([node.lineno, *(decorator.lineno for decorator in decorators)])


def _names(text: str) -> Iterator[str]:
    for node in _statements(text):
        if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef):
            yield node.name


def _without_name(text: str, name: str) -> str:
    lines = text.splitlines(keepends=True)
    for node in sorted(_statements(text), key=lambda n: n.lineno, reverse=True):
        if getattr(node, "name", "") == name:
            del lines[_first(node) - 1 : node.end_lineno]
    return "".join(lines)


def _simpler(states: States) -> Iterator[Step]:
    """Replace an expression by a part of it or by a number, wherever it stands."""
    for path in _paths(states):
        for old, new in dict.fromkeys(pair for text in _texts(states, path) for pair in _replacements(text)):
            yield _each(path, partial(_replace, old=old, new=new))


def _replacements(text: str) -> Iterator[tuple[str, str]]:
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):
        return
    yield "\r\n", "\n"
    yield from ((line + "\n", "") for line in text.split("\n") if line.startswith("#"))
    yield "\n\n", "\n"
    for node in ast.walk(tree):
        source = ast.get_source_segment(text, node) if isinstance(node, ast.expr) else None
        if source and not isinstance(node, ast.Constant | ast.Name):
            yield source, "0"
            for child in ast.iter_child_nodes(node):
                inner = ast.get_source_segment(text, child) if isinstance(child, ast.expr) else None
                if inner and not isinstance(node, ast.Attribute):
                    yield source, inner


PASSES: tuple[Pass, ...] = (_fewer_steps, _fewer_files, _fewer_changes, _fewer_statements, _simpler)


# --------------------------------------------------------------------------------------------- printing


def as_case(states: Sequence[Files], fault: Fault) -> str:
    """The sequence in the form of a reload case, with what was seen at its last step."""
    parts = []
    before: Files = {}
    for number, files in enumerate(states):
        parts.append("=== start" if not number else "=== save")
        parts += [f"-- {path} --\n{text.rstrip()}" for path, text in files.items() if before.get(path) != text]
        parts += [f"-- {path} (deleted) --" for path in before if path not in files]
        before = files
    parts.append(f"=== then: {fault.kind}")
    parts += [f"    {line[:400]}" for line in fault.details[:8]]
    parts += [f"    engine: {line}" for line in fault.reports]
    return "\n".join(parts)
