from __future__ import annotations

import builtins
import io
import pdb
import sys
import threading
from collections.abc import Callable, Iterator

import pytest

from fh_dash.host.debugger import Debugger, Loan

DEADLINE = 10.0


class Desk:
    """Lends one terminal: what is typed at it, and what came out."""

    def __init__(self, typed: str) -> None:
        self.typed = io.StringIO(typed)
        self.shown = io.StringIO()
        self.log: list[str] = []
        self.refuses = False
        self.given = threading.Event()
        self._turn = threading.Lock()

    def take(self) -> None:
        if self.refuses:
            raise RuntimeError("the terminal is gone")
        assert self._turn.acquire(timeout=DEADLINE)
        self.given.clear()
        self.log.append("take")
        self._before = (sys.stdin, sys.stdout)
        sys.stdin, sys.stdout = self.typed, self.shown

    def give(self) -> None:
        sys.stdin, sys.stdout = self._before
        self.log.append("give")
        self._turn.release()
        self.given.set()


@pytest.fixture
def no_trace() -> Iterator[None]:
    """The debugger's trace function, and that of a coverage tool, do not meet."""
    before = sys.gettrace()
    yield
    sys.settrace(before)


def on_a_thread(body: Callable[[], object]) -> list[object]:
    """What `body` returned or raised, on a thread as the server's is."""
    out: list[object] = []

    def run() -> None:
        try:
            out.append(body())
        except BaseException as error:
            out.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(DEADLINE)
    assert not thread.is_alive()
    return out


@pytest.fixture
def installed(no_trace: None) -> Iterator[Callable[[str], Desk]]:
    made: list[Debugger] = []

    def install(typed: str) -> Desk:
        desk = Desk(typed)
        debugger = Debugger(desk, patience=0.05)
        debugger.install()
        made.append(debugger)
        return desk

    yield install
    for debugger in reversed(made):
        debugger.restore()


def stopped() -> int:
    value = 41
    breakpoint()
    value += 1
    return value


def test_breakpoint_borrows_the_terminal_until_c(installed: Callable[[str], Desk]) -> None:
    """The prompt is at the app's own line, sees its names, and `c` gives the terminal back."""
    desk = installed("p value + 100\nc\n")

    assert on_a_thread(stopped) == [42]
    assert desk.log == ["take", "give"]
    assert "141" in desk.shown.getvalue()
    assert "test_debugger.py" in desk.shown.getvalue()


def test_stepping_keeps_it(installed: Callable[[str], Desk]) -> None:
    """Between two steps nothing flickers."""
    desk = installed("n\nn\nc\n")

    assert on_a_thread(stopped) == [42]
    assert desk.log == ["take", "give"]


def test_a_step_that_never_stops_again_gives_it_back(installed: Callable[[str], Desk]) -> None:
    """When stepping runs out of the code, the dashboard is not kept away."""
    desk = installed("r\nr\n" + "n\n" * 3 + "c\n")
    on_a_thread(stopped)

    assert desk.given.wait(DEADLINE)
    assert desk.log[-1] == "give"


def test_a_prompt_that_comes_just_in_time_keeps_it() -> None:
    """The time is up while the next prompt takes the terminal: it stays with the prompt."""
    desk = Desk("")
    loan = Loan(desk)
    loan.take()
    with loan._lock:
        late = loan._timer = threading.Timer(0, loan._expired)
        late.start()  # it waits for the lock
        loan._cancel()  # as `take` does
    late.join(DEADLINE)

    assert not late.is_alive()
    assert desk.log == ["take"]

    loan.give_soon(0)
    assert desk.given.wait(DEADLINE)
    assert desk.log == ["take", "give"]


def test_pdb_set_trace_is_the_same(installed: Callable[[str], Desk]) -> None:
    """The older spelling works too, with its header."""
    desk = installed("c\n")

    def body() -> str:
        pdb.set_trace(header="look here")
        return "done"

    assert on_a_thread(body) == ["done"]
    assert desk.log == ["take", "give"]
    assert "look here" in desk.shown.getvalue()


def test_quitting_ends_the_code_not_the_loan(installed: Callable[[str], Desk]) -> None:
    """`q` raises in the app, as pdb does, and the terminal comes back."""
    desk = installed("q\n")
    (result,) = on_a_thread(stopped)

    assert type(result).__name__ == "BdbQuit"
    assert desk.log == ["take", "give"]


def test_two_wait_in_line(installed: Callable[[str], Desk]) -> None:
    """Two threads that stop at once have the terminal one after the other."""
    desk = installed("c\nc\n")
    threads = [threading.Thread(target=stopped) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(DEADLINE)

    assert desk.log == ["take", "give", "take", "give"]


def test_a_refusal_lets_the_code_go_on(installed: Callable[[str], Desk], capsys: pytest.CaptureFixture[str]) -> None:
    """Where the terminal cannot be lent, the line says so, and nothing hangs."""
    desk = installed("")
    desk.refuses = True

    assert on_a_thread(stopped) == [42]
    assert "the terminal is gone" in capsys.readouterr().err


def test_input_borrows_it_too(installed: Callable[[str], Desk]) -> None:
    """`input()` in a handler reads from the person."""
    desk = installed("bob\n")

    assert on_a_thread(lambda: input("name? ")) == ["bob"]
    assert desk.log == ["take", "give"]
    assert desk.shown.getvalue() == "name? "


def test_the_switch_of_python_still_works(installed: Callable[[str], Desk], monkeypatch: pytest.MonkeyPatch) -> None:
    """PYTHONBREAKPOINT=0 means no breakpoints."""
    desk = installed("")
    monkeypatch.setenv("PYTHONBREAKPOINT", "0")

    assert on_a_thread(stopped) == [42]
    assert desk.log == []


def test_everything_is_put_back() -> None:
    """After `restore` the hooks are those of before."""
    before = (sys.breakpointhook, builtins.input, pdb.set_trace)
    debugger = Debugger(Desk(""))
    debugger.install()
    assert sys.breakpointhook != before[0]
    debugger.restore()
    debugger.restore()

    assert (sys.breakpointhook, builtins.input, pdb.set_trace) == before
