"""The pictures are of the real app: its script fits it, and they tell nothing about where they were taken."""

from __future__ import annotations

import ast
import asyncio
from collections.abc import Mapping
from pathlib import Path

import pytest

from screenshots import make
from screenshots.story import Story, browse, edit, grow, unpack

PICTURES = Path(make.__file__).parent


class Rehearsal(Story):
    """Only the saves are carried out."""

    def __init__(self, folder: Path) -> None:
        self.shop = folder / "shop"
        self.saves = 0

    async def ask(self, path: str, form: Mapping[str, object] | None = None, headers: Mapping[str, str] = {}) -> None:
        assert path.startswith("/")

    async def save(self, file: str, old: str, new: str) -> None:
        path = self.shop / file
        text = path.read_text()
        assert old in text, (file, old)
        path.write_text(text.replace(old, new))
        ast.parse(path.read_text())
        self.saves += 1


def test_the_script_fits_the_app(tmp_path: Path) -> None:
    """Each save finds what it replaces and leaves Python behind."""
    unpack(tmp_path)
    story = Rehearsal(tmp_path)

    async def rehearse() -> None:
        for part in (browse, edit, grow):
            await part(story)

    asyncio.run(rehearse())
    assert story.saves == 6


@pytest.mark.parametrize("svg", sorted(PICTURES.glob("*.svg")), ids=lambda file: file.stem)
def test_pictures_keep_quiet(svg: Path) -> None:
    """No temporary folder and nobody's home; and each has its PNG."""
    text = svg.read_text()

    assert [name for name in ("tmp", "home", "root") if f"/{name}/" in text] == []
    assert svg.with_suffix(".png").exists()
