from __future__ import annotations

import stat
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from fh_dash.events import OutputLine, RequestFinished
from fh_dash.store import Store, history
from tests.support import fake_runtime as story


def told() -> Store:
    store = Store("app.py", clock=lambda: story.NOW)
    store.apply(story.broken())
    return store


def test_rows_come_back_and_the_header_does_not() -> None:
    """Reloads, requests and output are carried over; the state is that of the new process."""
    old, new = told(), Store("app.py", clock=lambda: story.NOW)
    view = history.load(history.dump(old, {"pane": "output"}), new)

    assert list(new.reloads.rows) == list(old.reloads.rows)
    assert [line.text for line in new.output.rows] == [line.text for line in old.output.rows]
    assert len(new.requests.rows) == len([r for r in old.requests.rows if isinstance(r, RequestFinished)])
    assert new.reloads.median == old.reloads.median
    assert new.status.phase == "starting"
    assert view == {"pane": "output"}


def test_old_requests_keep_their_output_apart_from_new_ones() -> None:
    """Ids begin again at 1 in the fresh process; the old ones stay unique, over several restarts."""
    first = told()
    second, third = Store("app.py"), Store("app.py")
    history.load(history.dump(first), second)
    second.apply([RequestFinished(1, 1.0, "GET", "/new", "", 200, 1.0, 0.0, 1, "app.new", 1)])
    history.load(history.dump(second), third)

    ids = [row.id for row in third.requests.rows]
    assert len(ids) == len(set(ids))
    assert max(ids) < 0
    predicted = next(row for row in third.requests.rows if row.path == "/predict")
    assert third.output.of_request(predicted.id)[0].text == "embedding (768,)"


def test_the_file_is_private_and_used_once() -> None:
    """Nobody else reads it, and it is gone afterwards."""
    path = history.save(told(), {"zoomed": True})

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert history.restore(path, Store("app.py")) == {"zoomed": True}
    assert not path.exists()


def test_a_spoilt_file_is_no_history(tmp_path: Path) -> None:
    """Whatever stands in it, the dashboard starts."""
    for text in ("", "[]", '{"version": 99}', '{"version": 1, "rows": [["OutputLine", {"nope": 1}]]}', "\x00"):
        file = tmp_path / "history"
        file.write_text(text)
        assert history.restore(file, Store("app.py")) == {}
    assert history.restore(tmp_path / "missing", Store("app.py")) == {}


@given(st.text(), st.text(alphabet=st.characters(categories=["Cs", "Cc"])))
def test_any_text_survives(text: str, odd: str) -> None:
    """Lone surrogates and control characters too."""
    store, new = Store("app.py"), Store("app.py")
    store.apply([OutputLine(1.0, "stdout", text + odd)])
    history.load(history.dump(store), new)

    assert list(new.output.rows) == list(store.output.rows)
