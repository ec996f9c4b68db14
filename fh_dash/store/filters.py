"""The filter language of `/`: free text, `!` for its opposite, and `key:value` per kind of row.

    status:5xx method:post path:/api handler:shop slow:100ms gen:12 htmx !favicon "two words"

All terms must hold. A vocabulary is a table, so a new key is one line.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from fh_dash.events import ReloadResult, RequestFinished, Serving

Test: TypeAlias = Callable[[Any], bool]


class FilterError(ValueError):
    """The value of a term makes no sense; the message is for the person who typed it."""


@dataclass(frozen=True, slots=True)
class Filter:
    text: str = ""
    tests: tuple[Test, ...] = ()
    error: str = ""
    """What is wrong with the text; such a filter lets everything through."""

    def __call__(self, row: object) -> bool:
        return all(test(row) for test in self.tests)

    def __bool__(self) -> bool:
        return bool(self.tests)


NOTHING = Filter()


@dataclass(frozen=True, slots=True)
class Vocabulary:
    haystack: Callable[[Any], str]
    """What free text is looked for in."""
    keys: Mapping[str, Callable[[str], Test]] = field(default_factory=dict)
    words: Mapping[str, Test] = field(default_factory=dict)

    @property
    def hint(self) -> str:
        """What can be typed, for the empty filter line."""
        return " ".join(("text", "!not", *(f"{key}:" for key in self.keys), *self.words))


_TERM = re.compile(r'(!?)([a-z]+:)?("[^"]*"?|\S+)')


def parse(text: str, vocabulary: Vocabulary) -> Filter:
    tests: list[Test] = []
    try:
        for match in _TERM.finditer(text):
            test = _term(match, vocabulary)
            if test is not None:
                tests.append(test)
    except FilterError as error:
        return Filter(text, (), str(error))
    return Filter(text, tuple(tests))


def _term(match: re.Match[str], vocabulary: Vocabulary) -> Test | None:
    negate, key, value = match.group(1), (match.group(2) or "")[:-1], match.group(3)
    quoted = value.startswith('"')
    value = value.strip('"')
    if value in ("", "!") or (not key and value.endswith(":") and value[:-1] in vocabulary.keys):
        return None  # `!` or `status:`, still being typed
    test = _test(key, value, quoted, vocabulary)
    return (lambda row: not test(row)) if negate else test


def _test(key: str, value: str, quoted: bool, vocabulary: Vocabulary) -> Test:
    if key in vocabulary.keys:
        return vocabulary.keys[key](value)
    if not key and not quoted and value in vocabulary.words:
        return vocabulary.words[value]
    needle = (f"{key}:{value}" if key else value).casefold()
    haystack = vocabulary.haystack
    return lambda row: needle in haystack(row).casefold()


# -------------------------------------------------------------------------------------------- kinds of value


def contains(name: str) -> Callable[[str], Test]:
    """`path:/api`: the attribute holds the value, in any case; `|` separates alternatives."""

    def make(value: str) -> Test:
        parts = [part.casefold() for part in value.split("|") if part]
        return lambda row: any(part in str(getattr(row, name, "")).casefold() for part in parts)

    return make


def equals(name: str) -> Callable[[str], Test]:
    def make(value: str) -> Test:
        parts = {part.casefold() for part in value.split("|")}
        return lambda row: str(getattr(row, name, "")).casefold() in parts

    return make


def _status(value: str) -> Test:
    if not re.fullmatch(r"[0-9]{1,3}|[0-9]xx|[0-9]{2}x", value.lower()):
        raise FilterError("status: takes 404, 4xx or 40x")
    prefix = value.lower().rstrip("x")
    exact = "x" not in value.lower()

    def test(row: object) -> bool:
        status = str(getattr(row, "status", ""))
        return status == prefix if exact else status.startswith(prefix) and len(status) == 3

    return test


def number(name: str, what: str) -> Callable[[str], Test]:
    """`gen:12`, `gen:>12`, `gen:10-12`."""

    def make(value: str) -> Test:
        match = re.fullmatch(r"([<>]=?)?(\d+)(?:-(\d+))?", value)
        if not match:
            raise FilterError(f"{what}: takes a number, >12 or 10-12")
        sign, low, high = match.group(1), int(match.group(2)), match.group(3)
        if high is not None:
            return lambda row: low <= getattr(row, name, -1) <= int(high)
        compare = _COMPARE[sign or "="]
        return lambda row: compare(getattr(row, name, -1), low)

    return make


_COMPARE: dict[str, Callable[[float, float], bool]] = {
    "=": lambda a, b: a == b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
}


def duration(value: str, what: str = "slow") -> float:
    """Milliseconds of `100`, `100ms`, `1.5s`."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)(ms|s)?", value.lower())
    if not match:
        raise FilterError(f"{what}: takes a time like 100ms or 1.5s")
    return float(match.group(1)) * (1000 if match.group(2) == "s" else 1)


def at_least(read: Callable[[Any], float]) -> Callable[[str], Test]:
    def make(value: str) -> Test:
        limit = duration(value)
        return lambda row: read(row) >= limit

    return make


def _milliseconds(row: object) -> float:
    return float(getattr(row, "milliseconds", -1.0))


def _total(row: object) -> float:
    return row.phases.total if isinstance(row, ReloadResult) else _milliseconds(row)


def _level(value: str) -> Test:
    order = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
    wanted = value.upper().rstrip("+")
    names = [name for name in order if name.startswith(wanted)]
    if not names:
        raise FilterError("level: takes debug, info, warning, error or critical")
    if value.endswith("+"):
        return lambda row: getattr(row, "level", "") in order[order.index(names[0]) :]
    return lambda row: getattr(row, "level", "") in names


# ---------------------------------------------------------------------------------------------- vocabularies


def _request_text(row: Any) -> str:
    if not isinstance(row, RequestFinished):
        return f"{row.method} {row.path}"
    error = f" {row.error.type} {row.error.message}" if row.error else ""
    query = f"?{row.query}" if row.query else ""
    return f"{row.method} {row.status} {row.path}{query} {row.handler}{error}"


def _reload_text(row: Any) -> str:
    if isinstance(row, Serving):
        return f"{row.target} imported"
    modules = " ".join(f"{m.name} {m.outcome} {m.reason} {' '.join(m.names)}" for m in row.modules)
    routes = " ".join(f"{r.change} {r.methods} {r.path}" for r in row.routes)
    error = f"{row.error.type} {row.error.message} {row.error.file}" if row.error else ""
    return " ".join((*row.changed, modules, routes, error))


REQUESTS = Vocabulary(
    _request_text,
    {
        "status": _status,
        "method": equals("method"),
        "path": contains("path"),
        "handler": contains("handler"),
        "slow": at_least(_milliseconds),
        "gen": number("generation", "gen"),
    },
    {
        "htmx": lambda row: bool(getattr(row, "htmx", False)),
        "error": lambda row: getattr(row, "error", None) is not None,
        "running": lambda row: not isinstance(row, RequestFinished),
    },
)
OUTPUT = Vocabulary(
    lambda row: f"{row.level} {row.logger} {row.text}",
    {
        "level": _level,
        "logger": contains("logger"),
        "thread": contains("thread"),
        "from": equals("source"),
        "request": number("request", "request"),
    },
)
RELOADS = Vocabulary(
    _reload_text,
    {"gen": number("generation", "gen"), "slow": at_least(_total)},
    {"failed": lambda row: isinstance(row, ReloadResult) and not row.ok},
)
MODULES = Vocabulary(
    lambda row: f"{row.name} {row.outcome} {row.reason} {' '.join(row.importers)}",
    {"slow": at_least(_milliseconds), "gen": number("generation", "gen"), "reruns": number("reruns", "reruns")},
)
CACHES = Vocabulary(
    lambda row: f"{row.key} {row.file}",
    {},
    {"stale": lambda row: bool(row.stale), "kept": lambda row: row.kind == "kept"},
)
ROUTES = Vocabulary(
    lambda row: f"{row.methods} {row.path} {row.handler}",
    {"method": contains("methods"), "path": contains("path"), "handler": contains("handler")},
    {"unused": lambda row: not row.hits, "error": lambda row: row.errors > 0},
)

VOCABULARIES = (REQUESTS, OUTPUT, RELOADS, MODULES, CACHES, ROUTES)
