"""Which changes of files are the app's own doing."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from fh_dash.watch.own import follow_writes, wrote


@pytest.fixture
def file(tmp_path: Path) -> Path:
    follow_writes()
    return tmp_path / "visits.json"


def test_write(file: Path) -> None:
    """A file that this process wrote, in place or by a rename, or removed; not one that it only read."""
    other = file.with_name("other")
    subprocess.run([sys.executable, "-c", "open('other', 'w').close()"], cwd=file.parent, check=True)
    other.read_text()
    file.write_text("1")
    moved = file.with_name("moved")
    os.replace(file, moved)

    assert [wrote(path) for path in (other, moved, file, file.with_name("never"))] == [False, True, True, False]


def test_somebody_else_writes_later(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An edit some time after the app's own write is an edit."""
    file.write_text("1")
    monkeypatch.setattr("fh_dash.watch.own._GRACE", -3600)

    assert not wrote(file)


def test_never_in_the_way(file: Path) -> None:
    """Whatever can be opened still can, by number and by bytes, and errors are those of `open`."""
    with open(os.fsencode(file), "w") as stream, open(os.dup(stream.fileno()), "w") as again:
        again.write("x")
    with pytest.raises(ValueError, match="null"):
        Path("a\0b").write_text("")

    assert wrote(file)
