from __future__ import annotations

from pathlib import Path

import pytest

from fh_dash.watch.settle import LONGEST, PATIENCE, Settle


def _settle(*known: Path) -> Settle:
    settle = Settle()
    for path in known:
        settle.sizes[str(path)] = path.stat().st_size
    return settle


def test_a_plain_save_goes_after_a_few_milliseconds(tmp_path: Path) -> None:
    """Nothing is unfinished, so nothing is waited for but a short silence."""
    file = tmp_path / "a.py"
    file.write_text("x = 1")
    settle = _settle(file)

    settle.add(str(file), "written", 10.0)

    assert settle.due(10.0) <= 0.003
    assert settle.take() == [str(file)]


def test_an_emptied_file_is_waited_for(tmp_path: Path) -> None:
    """A file that had content and has none now is being written; its content ends the wait."""
    file = tmp_path / "a.py"
    file.write_text("x = 1")
    settle = _settle(file)
    file.write_text("")

    settle.add(str(file), "written", 10.0)

    assert settle.due(10.0) == pytest.approx(PATIENCE["empty"])

    file.write_text("x = 2")
    settle.add(str(file), "written", 10.01)

    assert settle.due(10.01) <= 0.003


def test_an_init_file_may_be_empty(tmp_path: Path) -> None:
    """Making or touching an empty `__init__.py` is no half save."""
    known, new = tmp_path / "pkg" / "__init__.py", tmp_path / "__init__.py"
    known.parent.mkdir()
    known.touch()
    new.touch()
    settle = _settle(known)

    settle.add(str(known), "written", 10.0)
    settle.add(str(new), "written", 10.0)

    assert settle.due(10.0) <= 0.01


def test_another_empty_file_is_waited_for(tmp_path: Path) -> None:
    """Also when it was empty the first time it was seen: that may have been in the middle of a save."""
    known = tmp_path / "app.py"
    known.touch()
    settle = _settle(known)

    settle.add(str(known), "written", 10.0)

    assert settle.due(10.0) == pytest.approx(PATIENCE["empty"])


def test_a_deleted_file_may_come_back(tmp_path: Path) -> None:
    """Delete-and-write, as some editors save, is one change of a file that is there."""
    file = tmp_path / "a.py"
    file.write_text("x = 1")
    settle = _settle(file)
    file.unlink()

    settle.add(str(file), "gone", 10.0)

    assert settle.due(10.0) == pytest.approx(PATIENCE["gone"])

    file.write_text("x = 2")
    settle.add(str(file), "opened", 10.01)
    settle.add(str(file), "written", 10.01)

    assert settle.due(10.01) <= 0.003
    assert settle.take() == [str(file)]


def test_a_temporary_file_leaves_no_trace(tmp_path: Path) -> None:
    """Made and gone within one batch: nobody hears of it, and it delays nothing."""
    settle = _settle()

    settle.add(str(tmp_path / "sedX1"), "opened", 10.0)
    settle.add(str(tmp_path / "sedX1"), "gone", 10.0)

    assert not settle


def test_a_deleted_file_is_reported(tmp_path: Path) -> None:
    """A known file that stays away is part of the batch, and unknown afterwards."""
    file = tmp_path / "a.py"
    file.touch()
    settle = _settle(file)
    file.unlink()
    settle.add(str(file), "gone", 10.0)

    assert settle.take() == [str(file)]
    assert settle.sizes == {}


def test_endless_writing_does_not_hold_a_batch_for_ever(tmp_path: Path) -> None:
    """After the longest wait the batch goes, whatever still comes in."""
    file = tmp_path / "a.py"
    file.write_text("x")
    settle = _settle(file)
    for step in range(200):
        settle.add(str(file), "written", 10.0 + step * 0.01)

    assert settle.due(10.0 + LONGEST) <= 0
