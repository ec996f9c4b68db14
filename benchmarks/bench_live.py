"""From the save to the changed pixel, in a real browser: a style sheet that is exchanged, and a page that is loaded
afresh with everything put back.

    python benchmarks/bench_live.py [--rounds 40]

Runs `fh_utils dev --live` on a small FastHTML app. The clock starts when the file is written; it stops at the time that
the browser gives to the first frame in which the pixel has its new colour. `told` starts at the message to the pages
instead: the part that is ours alone. Needs playwright and Chromium.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from tests.live.conftest import ARGUMENTS  # noqa: E402
from tests.live.screen import Color, record  # noqa: E402
from tests.live.site import Reply, Site, page  # noqa: E402
from tests.support.command import DEV, free_port, running  # noqa: E402

SIZE = {"width": 160, "height": 120}
COLORS: tuple[Color, Color] = ((16, 32, 48), (48, 96, 16))
GOALS = {"style sheet": 100, "page": 200}
BODY = '<form id="f"><input name="q"><textarea name="t"></textarea></form><div style="height:3000px">words</div>'
APP = """
from fasthtml.common import *
app, rt = fast_app(pico=False, default_hdrs=False, hdrs=[Link(rel="stylesheet", href="/app.css")])
PAINT = "COLOR"

@rt("/")
def get():
    return Title("Shop"), Style(f"html {{ background: {PAINT} !important }}"), NotStr('BODY')

serve()
"""


def css(color: Color) -> str:
    return f"html {{ background: rgb{color} }}"


def put_in(tab: Page) -> None:
    """What a person has in the page."""
    tab.locator("[name=q]").fill("typed")
    tab.locator("[name=t]").fill("more")
    tab.evaluate("scrollTo(0, 800)")


def is_back(tab: Page) -> bool:
    script = """() => [document.querySelector("[name=q]")?.value, document.querySelector("[name=t]")?.value,
        Math.round(scrollY), document.activeElement?.name].join()"""
    return bool(tab.evaluate(script) == "typed,more,800,t")


def rounds(tab: Page, count: int, change: Callable[[Color], None], *, check: Callable[[], bool]) -> list[float]:
    """Milliseconds of each change."""
    times = []
    for number in range(count + 2):  # the first two warm things up
        color = COLORS[number % 2]
        with record(tab) as recording:
            since = time.time()
            change(color)
            end = time.monotonic() + 10
            while not (frame := recording.first(color)):
                assert time.monotonic() < end, "the pixel did not change"
                tab.wait_for_timeout(2)
        times.append((frame.time - since) * 1000)
        tab.wait_for_timeout(150)
        assert check(), "not everything is back"
    return times[2:]


def show(name: str, kind: str, times: list[float]) -> None:
    p95 = statistics.quantiles(times, n=20)[-1]
    median = statistics.median(times)
    verdict = "" if name == "told" else ("ok" if median <= GOALS[kind] else "over")
    print(f"{kind:12} {name:6} median {median:6.1f} ms   p95 {p95:6.1f} ms   goal {GOALS[kind]} ms  {verdict}")


@contextmanager
def visitor() -> Iterator[Page]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=ARGUMENTS)
        tab = browser.new_page(viewport=SIZE)  # type: ignore[arg-type]
        yield tab
        tab.goto("about:blank")
        browser.close()


def from_message(tab: Page, count: int) -> None:
    site = Site()
    link = "<link rel=stylesheet href=/app.css>"
    with site.serve():
        site.pages["/app.css"] = css((0, 0, 0))
        site.pages["/"] = page(BODY, link)
        tab.goto(site.url)
        site.wait_for_listeners()

        def sheet(color: Color) -> None:
            site.pages["/app.css"] = Reply(css(color))
            site.hub.assets([Path("/srv/app.css")])

        def code(color: Color) -> None:
            site.pages["/"] = page(BODY, f"<style>{css(color)}</style>")
            site.reload()

        show("told", "style sheet", rounds(tab, count, sheet, check=lambda: True))
        put_in(tab)
        show("told", "page", rounds(tab, count, code, check=lambda: is_back(tab)))
        tab.goto("about:blank")


def from_save(tab: Page, count: int, folder: Path) -> None:
    def write(color: Color | None = None) -> None:
        paint = f"rgb{color}" if color else ""
        (folder / "app.py").write_text(APP.replace("COLOR", paint).replace("BODY", BODY))

    write()
    (folder / "app.css").write_text(css((0, 0, 0)))
    port = free_port()
    environment = {"PYTHONPATH": os.pathsep.join((str(ROOT), str(folder)))}
    with running(*DEV, "app.py", "--live", "--port", str(port), cwd=folder, port=port, env=environment) as command:
        command.says("serving")
        tab.goto(f"http://127.0.0.1:{port}")
        tab.wait_for_timeout(300)
        show("saved", "style sheet", rounds(tab, count, lambda c: _save(folder, c), check=lambda: True))
        put_in(tab)
        show("saved", "page", rounds(tab, count, write, check=lambda: is_back(tab)))
        tab.goto("about:blank")
        try:
            command.end()
        except subprocess.TimeoutExpired:
            pass


def _save(folder: Path, color: Color) -> None:
    (folder / "app.css").write_text(css(color))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=40)
    count = parser.parse_args().rounds
    with visitor() as tab, tempfile.TemporaryDirectory() as folder:
        from_message(tab, count)
        from_save(tab, count, Path(folder))


if __name__ == "__main__":
    main()
