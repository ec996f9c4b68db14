"""The project that the stories are about."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.project import Project, project_at


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    with project_at(tmp_path / "p") as found:
        found.root.mkdir()
        yield found


@pytest.fixture
def no_gc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What the garbage collector would take away stays."""
    monkeypatch.setattr(gc, "collect", lambda generation=2: 0)
    gc.disable()
    yield
    gc.enable()
