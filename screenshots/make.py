"""Makes the pictures of the dashboard: `python -m screenshots.make [scene …]` writes SVG and PNG beside this file.

The scenes are played by a scripted run: a small shop, its saves, its requests. PNG needs Playwright and a Chromium;
without them only the SVGs are made.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import re
import shutil
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from fh_dash.events import Event  # noqa: E402
from fh_dash.tui import _textual_compat as compat  # noqa: E402
from fh_dash.tui.widgets import header  # noqa: E402
from screenshots.svg import render  # noqa: E402
from tests.support import dashboard  # noqa: E402
from tests.support import fake_runtime as story  # noqa: E402

WIDE, NARROW = (120, 36), (80, 24)


@dataclass(frozen=True, slots=True)
class Scene:
    events: Callable[[], list[Event]] = story.story
    keys: tuple[str, ...] = ()
    size: tuple[int, int] = WIDE
    theme: str = ""
    fresh: bool = False
    """A process that has just begun: no caches, no routes."""


SCENES = {
    "overview": Scene(),
    "reload": Scene(keys=("enter",)),
    "broken": Scene(events=story.broken),
    "caches": Scene(keys=("3", "j")),
    "cache": Scene(keys=("3", "j", "enter")),
    "request": Scene(keys=("2", "j", "j", "j", "enter")),
    "exception": Scene(keys=("2", "j", "j", "j", "j", "j", "enter")),
    "import": Scene(events=story.importing, fresh=True),
    "filter": Scene(keys=("2", "slash", *"slow:100ms !/events")),
    "routes": Scene(keys=("6",)),
    "narrow": Scene(keys=("2",), size=NARROW),
    "narrow-broken": Scene(events=story.broken, size=NARROW),
    "light": Scene(theme="fh-light"),
}


async def shoot(scene: Scene) -> str:
    """The scene as SVG."""
    app = dashboard.make(
        scene.events(), theme=scene.theme, runtime=story.FakeRuntime() if scene.fresh else story.told()
    )
    async with dashboard.running(app, scene.size) as pilot:
        for key in scene.keys:
            await pilot.press(key)
            await pilot.pause()
        colors = app.palette
        return render(compat.strips(app), *scene.size, colors.text.hex, colors.background.hex)


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
    parser.add_argument("scenes", nargs="*", choices=[*SCENES, []], help="default: all")
    parser.add_argument("--svg-only", action="store_true")
    options = parser.parse_args()
    os.environ["TZ"] = "UTC"
    time.tzset()
    os.chdir(Path(story.ROOT).parent)
    header.PYTHON = "py 3.13"
    made = []
    for name in options.scenes or SCENES:
        file = HERE / f"{name}.svg"
        file.write_text(asyncio.run(shoot(SCENES[name])), encoding="utf-8")
        made.append(file)
    if not options.svg_only:
        picture(made)
    print(f"{len(made)} scenes in {HERE}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
