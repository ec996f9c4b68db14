"""What cannot work off the main thread is explained."""

from __future__ import annotations

from pathlib import Path

from tests.support.running import Running, write

APP = "import signal\nsignal.signal(signal.SIGUSR1, print)\nasync def app(scope, receive, send): ...\n"


def test_code_that_needs_the_main_thread_is_told_the_way_out(tmp_path: Path) -> None:
    """As in the dashboard, the server has another thread here."""
    write(tmp_path, {"app.py": APP})
    with Running(tmp_path) as run:
        message = run.failed().error.message

    assert "only works in main thread" in message
    assert "`fh_utils dev`" in message
