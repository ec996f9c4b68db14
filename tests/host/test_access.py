"""The access log of the headless commands: uvicorn's, with the time that the answer took to begin."""

from __future__ import annotations

import logging

import pytest
from uvicorn.config import LOGGING_CONFIG
from uvicorn.logging import AccessFormatter

from fh_dash.host import access

FORMAT = LOGGING_CONFIG["formatters"]["access"]["fmt"]
RECORDS: list[tuple[object, ...]] = [
    ("127.0.0.1:5000", "GET", "/", "1.1", 200),
    ("127.0.0.1:5001", "GET", "/other?%s={}&q=\x1b", "1.1", 200),
    ("", "POST", "/", "1.0", 404),
    ("[::1]:1", "GET", "/", "1.1", 799),
]


def record(arguments: tuple[object, ...]) -> logging.LogRecord:
    return logging.LogRecord("uvicorn.access", logging.INFO, "", 0, '%s - "%s %s HTTP/%s" %d', arguments, None)


@pytest.mark.parametrize("colours", [False, True])
def test_lines_are_those_of_uvicorn(colours: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """To the letter, the second time as well; the time comes behind."""
    ours = access.TimedFormatter(FORMAT, use_colors=colours)
    theirs = AccessFormatter(FORMAT, use_colors=colours)
    monkeypatch.setattr(access, "perf_counter", lambda: 2.0)
    for arguments in RECORDS * 2:
        line = theirs.format(record(arguments))
        assert ours.format(record(arguments)) == line
        token = access._began.set(1.5)
        assert ours.format(record(arguments)) == f"{line} 500.0 ms"
        access._began.reset(token)


def test_what_is_kept_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Clients may send any word as their method."""
    monkeypatch.setattr(access, "MOST", 3)
    ours = access.TimedFormatter(FORMAT, use_colors=False)
    for number in range(10):
        assert f'"M{number} / HTTP/1.1" 200 OK' in ours.format(record(("a", f"M{number}", "/", "1.1", 200)))

    assert len(ours._lines) <= 3


def test_other_records_are_left_to_uvicorn() -> None:
    """An app may log there, too."""
    ours = access.TimedFormatter("%(levelprefix)s %(message)s", use_colors=False)

    with pytest.raises(ValueError, match="unpack"):  # as uvicorn's own formatter does
        ours.format(logging.LogRecord("uvicorn.access", logging.INFO, "", 0, "hello %s", ("you",), None))
