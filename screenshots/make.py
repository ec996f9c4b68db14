"""Takes the pictures of the dashboard: `python -m screenshots.make [scene …]` writes SVG and PNG beside this file.

One scripted run of a real app, `screenshots/shop`: it is copied, served, asked and edited while the dashboard watches
(`story.py`), and all that the pictures say was measured in that run. PNG needs Playwright and a Chromium; without them
use `--svg-only`.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import shutil
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from fh_dash.tui import _textual_compat as compat  # noqa: E402
from fh_dash.tui.widgets.imports import importing  # noqa: E402
from screenshots.story import Story, browse, edit, environment, grow, request, unpack  # noqa: E402
from screenshots.svg import render  # noqa: E402
from tests.support.ports import free_port, is_free  # noqa: E402

WIDE, NARROW = (120, 36), (80, 24)
PORT = 5001


class Album:
    """The pictures that were taken so far, as SVG."""

    def __init__(self, story: Story) -> None:
        self.story = story
        self.pictures: dict[str, str] = {}

    def take(self, name: str) -> None:
        app = self.story.app
        colors = app.palette
        self.pictures[name] = render(compat.strips(app), *app.size, colors.text.hex, colors.background.hex)

    async def with_keys(self, name: str, *keys: str, leave: tuple[str, ...] = ()) -> None:
        await self.story.press(*keys)
        self.take(name)
        await self.story.press(*leave)


async def play(album: Album) -> None:
    story, store = album.story, album.story.store
    async with story.running(WIDE):
        await story.until(lambda: any(run.module == "models" for run in store.imports.stack) and importing(store))
        await asyncio.sleep(1.2)
        await story.until(lambda: True)
        album.take("import")
        await story.until(lambda: store.status.phase == "serving")
        await browse(story)
        await edit(story)
        await broken(album)
        await story.press("1")
        await grow(story)
        await overview(album)
        await details(album)
        await small_and_light(album)


async def broken(album: Album) -> None:
    """A bad save, and the next good one."""
    story = album.story
    good = 'return layout(GREETING, Form(Input(name="text"), Button("Find it")'
    bad = good.replace('Button("Find it")', 'Button("Find it"')
    await story.save("app.py", good, bad)
    await story.ask("/items/2")
    await album.with_keys("broken", "1")
    await story.size(*NARROW)
    album.take("narrow-broken")
    await story.size(*WIDE)
    await story.save("app.py", bad, good)


async def overview(album: Album) -> None:
    await album.with_keys("overview", "1")
    await album.with_keys("reload", "enter", leave=("escape",))


async def details(album: Album) -> None:
    story = album.story
    await story.choose("caches", lambda row: getattr(row, "stale", False))
    album.take("caches")
    await album.with_keys("cache", "enter", leave=("escape",))
    await story.choose("requests", request("/predict"))
    await album.with_keys("request", "enter", leave=("escape",))
    await story.choose("requests", request("/broken"))
    await album.with_keys("exception", "enter", leave=("escape", "escape"))
    await album.with_keys("filter", "2", "slash", *"htmx !status:5xx", leave=("escape",))
    await album.with_keys("modules", "5", leave=("z",))
    await album.with_keys("tree", "t", leave=("escape",))
    await album.with_keys("imports", "i", leave=("escape",))
    await album.with_keys("routes", "6", leave=("z",))
    await album.with_keys("help", "question_mark", leave=("escape",))


async def small_and_light(album: Album) -> None:
    story = album.story
    await story.press("2")
    await story.size(*NARROW)
    album.take("narrow")
    await story.size(*WIDE)
    await album.with_keys("light", "1", "ctrl+t")


def clean(svg: str, folder: Path) -> str:
    """The picture; an AssertionError when it tells where it was taken."""
    for private in (folder.name, "/tmp/", str(Path(sys.prefix)), str(HERE.parent)):
        assert private not in svg, f"{private} is in the picture"
    return svg


def picture(svgs: list[Path]) -> None:
    """Each SVG as a PNG beside it, sharp on dense screens too."""
    from playwright.sync_api import sync_playwright

    flags = "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"),
            args=[*flags.split(), "--disable-component-update", "--disable-sync"],
        )
        for svg in svgs:
            text = svg.read_text(encoding="utf-8")
            width, height = map(float, re.findall(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', text)[0])
            page = browser.new_page(viewport={"width": round(width), "height": round(height)}, device_scale_factor=1.5)
            page.set_content(f"<body style='margin:0'>{text}</body>")
            page.screenshot(path=str(svg.with_suffix(".png")), omit_background=True)
            page.close()
        browser.close()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("scenes", nargs="*", help="default: all")
    parser.add_argument("--svg-only", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve()
        unpack(folder)
        environment(folder)
        album = Album(Story(folder, PORT if is_free(PORT) else free_port()))
        asyncio.run(play(album))
        made = []
        for scene, svg in album.pictures.items():
            if not options.scenes or scene in options.scenes:
                file = HERE / f"{scene}.svg"
                file.write_text(clean(svg, folder), encoding="utf-8")
                made.append(file)
    if not options.svg_only:
        picture(made)
    print(f"{len(made)} scenes in {HERE}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
