from __future__ import annotations

import io
import logging
import sys
import threading
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fh_dash.events import OutputLine
from fh_dash.host.lines import LIMIT, LineBuffer
from fh_dash.host.tap import LogTap, Tap, tapped


@pytest.fixture
def lines() -> list[OutputLine]:
    return []


@pytest.fixture
def tap(lines: list[OutputLine]) -> Tap:
    return Tap("stdout", lines.append, request=lambda: 7)


# ------------------------------------------------------------------------------------------------ lines


@pytest.mark.parametrize(
    ("pieces", "lines", "pending"),
    [
        (["a\nb"], ["a"], "b"),
        (["a", "b", "\n"], ["ab"], ""),
        (["a\r\nb\r\n"], ["a", "b"], ""),
        (["10%\r20%\r30%"], [], "30%"),
        (["10%\r", "20%\r", "\n"], ["20%"], ""),
        (["50%\r"], [], "50%"),
        (["\r50%"], [], "50%"),
        (["\n\n"], ["", ""], ""),
    ],
)
def test_lines_and_carriage_returns(pieces: list[str], lines: list[str], pending: str) -> None:
    """A carriage return begins the line anew, as a terminal shows it."""
    buffer = LineBuffer()
    out = [line for piece in pieces for line in buffer.feed(piece)]

    assert out == lines
    assert buffer.pending == pending


@given(st.lists(st.text(alphabet="ab\r\n", max_size=6)))
def test_the_cut_into_pieces_does_not_matter(pieces: list[str]) -> None:
    """What is written in many small writes reads as if it were written at once."""
    many, once = LineBuffer(), LineBuffer()
    out = [line for piece in pieces for line in many.feed(piece)]

    assert out == once.feed("".join(pieces))
    assert many.pending == once.pending


def test_ten_megabytes_in_one_line() -> None:
    """A line of any length is cut, and never held in full."""
    buffer = LineBuffer()
    for _ in range(10):
        buffer.feed("x" * 1_000_000)

    (line,) = buffer.feed("\n")
    assert line == "x" * LIMIT + "…"


# -------------------------------------------------------------------------------------------------- tap


def test_print_is_one_line_with_its_request_and_thread(tap: Tap, lines: list[OutputLine]) -> None:
    """`print` writes its text and its newline apart; one line comes out."""
    print("hello", 3, file=tap)

    (line,) = lines
    assert (line.text, line.source, line.request) == ("hello 3", "stdout", 7)
    assert line.thread == threading.current_thread().name
    assert not line.partial


def test_flush_shows_an_unfinished_line(tap: Tap, lines: list[OutputLine]) -> None:
    """A prompt or a progress bar is seen at once, and replaced by what follows."""
    print("\r10%", end="", flush=True, file=tap)
    print("\r90%", end="", flush=True, file=tap)
    tap.flush()
    print("\rdone", file=tap)

    assert [(line.text, line.partial) for line in lines] == [("10%", True), ("90%", True), ("done", False)]


def test_threads_and_requests_do_not_mix(lines: list[OutputLine]) -> None:
    """Unfinished lines of two requests on one thread stay apart."""
    current = [1]
    tap = Tap("stdout", lines.append, request=lambda: current[0])
    tap.write("first ")
    current[0] = 2
    tap.write("second\n")
    current[0] = 1
    tap.write("still first\n")

    assert [(line.request, line.text) for line in lines] == [(2, "second"), (1, "first still first")]


def test_it_is_a_whole_stream(tap: Tap, lines: list[OutputLine]) -> None:
    """What programs expect of stdout is there, and none of it ends the process's output."""
    assert (tap.isatty(), tap.writable(), tap.readable(), tap.encoding) == (False, True, False, "utf-8")
    assert tap.fileno() == 1
    assert tap.write("abc\n") == 4
    assert tap.buffer.write(b"caf\xc3") == 4
    assert tap.buffer.write(b"\xa9 \xff\n") == 4
    tap.reconfigure(encoding="latin-1")
    tap.close()
    tap.writelines(["x\n", "y\n"])
    with pytest.raises(TypeError):
        tap.write(b"bytes")  # type: ignore[arg-type]

    assert [line.text for line in lines] == ["abc", "café \\xff", "x", "y"]


# ---------------------------------------------------------------------------------------------- logging


def record(**more: object) -> logging.LogRecord:
    return logging.makeLogRecord(
        {"name": "shop", "levelname": "ERROR", "levelno": 40, "msg": "no %s", "args": ("x",), **more}
    )


def test_a_record_keeps_level_and_logger(lines: list[OutputLine]) -> None:
    """Message, level and logger come apart, a traceback line by line."""
    try:
        raise ValueError("boom")
    except ValueError:
        LogTap(lines.append).emit(record(exc_info=sys.exc_info()))

    assert {(line.level, line.logger, line.source) for line in lines} == {("ERROR", "shop", "log")}
    assert lines[0].text == "no x"
    assert lines[-1].text == "ValueError: boom"
    assert len(lines) > 3


def test_the_servers_own_traceback_is_brief(lines: list[OutputLine]) -> None:
    """The failed request has it in full already."""
    try:
        raise ValueError("boom")
    except ValueError:
        LogTap(lines.append).emit(record(name="uvicorn.error", msg="failed\n", args=(), exc_info=sys.exc_info()))

    assert [line.text for line in lines] == ["failed: ValueError: boom"]


@pytest.fixture
def logger() -> Iterator[logging.Logger]:
    logger = logging.getLogger("tap-test")
    logger.propagate = False
    yield logger
    logger.handlers.clear()


def test_console_handlers_emit_events(logger: logging.Logger, lines: list[OutputLine]) -> None:
    """Handlers made before and after, with their own levels; files are left alone; afterwards all is as it was."""
    console = open(2, "w", closefd=False)  # noqa: SIM115 (what sys.stderr is outside the test runner)
    text = io.StringIO()
    before, file, late = logging.StreamHandler(console), logging.StreamHandler(text), None
    logger.handlers = [before, file]
    with tapped(lines.append):
        logger.warning("one")
        late = logging.StreamHandler()
        late.setLevel(logging.ERROR)
        logger.addHandler(late)
        logger.warning("two")
        logger.error("three")
        logger.removeHandler(late)
        logger.error("four")
        print("five")

    assert [line.text for line in lines] == ["one", "two", "three", "three", "four", "five"]
    assert text.getvalue() == "one\ntwo\nthree\nfour\n"
    assert logger.handlers == [before, file]
    assert "emit" not in vars(before)
    assert logging.Logger.addHandler.__qualname__ == "Logger.addHandler"
    assert not isinstance(sys.stdout, Tap)
    console.close()


def test_the_access_log_is_left_to_the_request_pane(lines: list[OutputLine]) -> None:
    """Each request is a row already."""
    LogTap(lines.append).emit(record(name="uvicorn.access", msg="GET / 200", args=()))

    assert lines == []


def test_without_handlers_warnings_still_arrive(lines: list[OutputLine]) -> None:
    """Python's last resort would write to the screen."""
    lonely = logging.getLogger("tap-lonely")
    root = logging.getLogger()
    handlers, root.handlers = root.handlers, []
    try:
        with tapped(lines.append):
            lonely.warning("careful")
    finally:
        root.handlers = handlers

    assert [(line.text, line.level) for line in lines] == [("careful", "WARNING")]


def test_streams_that_others_exchanged_are_left_to_them(lines: list[OutputLine]) -> None:
    """On the way out only our own stand-ins are taken back."""
    other, before = io.StringIO(), sys.stdout
    try:
        with tapped(lines.append):
            sys.stdout = other
        assert sys.stdout is other
    finally:
        sys.stdout = before
