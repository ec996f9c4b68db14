from __future__ import annotations

import tracemalloc
from dataclasses import replace

from fh_dash.events import (
    ErrorReport,
    Frame,
    ImportFinished,
    ImportStarted,
    Listening,
    LoadFailed,
    ModuleReport,
    OutputLine,
    Phases,
    ReloadResult,
    ReloadStarted,
    RequestFinished,
    RequestStarted,
    ServerStopped,
    Serving,
)
from fh_dash.store import Limits, Store
from fh_dash.store.lanes import MAX_BYTES, Lanes
from fh_dash.store.requests import is_noise
from tests.support import fake_runtime as story

ERROR = ErrorReport("syntax", "SyntaxError", "bad", "/p/app.py", 3)


def store(**limits: int) -> Store:
    return Store("app.py", limits=Limits(**limits), clock=lambda: story.NOW)


def request(id_: int, **more: object) -> RequestFinished:
    base = RequestFinished(id_, 1000.0 + id_, "GET", "/", "", 200, 5.0, 0.0, 10, "app.index", 1)
    return replace(base, **more)  # type: ignore[arg-type]


def test_the_phases_of_a_run() -> None:
    """Starting, importing, serving, broken and healed again, stopped."""
    it = store()
    phases = [it.status.phase]
    for event in (
        Listening("http://127.0.0.1:1", 1.0),
        ImportStarted("app", 2.0, True),
        Serving(1, 3.0, 900.0, "app:app"),
        ReloadStarted(4.0, ("app.py",)),
        ReloadResult(1, 5.0, ("app.py",), error=ERROR),
        ReloadResult(2, 6.0, ("app.py",)),
        ServerStopped(7.0),
    ):
        it.apply([event])
        phases.append(it.status.phase)

    assert phases == [
        "starting", "starting", "importing", "serving", "reloading", "broken", "serving", "stopped",
    ]  # fmt: skip
    assert it.status.error is None
    assert it.status.generation == 2


def test_a_broken_save_leaves_the_old_generation_up() -> None:
    """The error is pinned, the generation is the one that serves on."""
    it = store()
    it.apply([Serving(7, 1.0, 1.0, "app:app"), ReloadResult(7, 2.0, ("app.py",), error=ERROR)])

    assert it.status.error == ERROR
    assert it.status.up
    assert it.status.generation == 7


def test_an_app_that_never_loaded_is_not_up() -> None:
    """After a failed start nothing serves, and a reload is an import again."""
    it = store()
    it.apply([LoadFailed(ERROR, 1.0)])

    assert (it.status.phase, it.status.up) == ("broken", False)
    it.apply([ReloadStarted(2.0, ("app.py",))])

    assert it.status.phase == "importing"


def test_events_after_the_end_do_not_revive() -> None:
    """A reload that was under way when the server stopped changes nothing any more."""
    it = store()
    it.apply([Serving(1, 1.0, 1.0, "a:a"), ServerStopped(2.0), ReloadStarted(3.0, ()), ReloadResult(2, 3.0, ())])

    assert it.status.phase == "stopped"


def test_unknown_events_are_left_out() -> None:
    """A newer part may post what this one does not know."""
    store().apply(["something"])  # type: ignore[list-item]


def test_reload_numbers_come_from_good_reloads() -> None:
    """Median, p95 and the trend ignore saves that failed or re-ran nothing."""
    it = store()
    for i, total in enumerate((10.0, 20.0, 30.0)):
        it.apply([ReloadResult(i, 1.0, ("a.py",), (ModuleReport("a", "", "re-run"),), phases=Phases(execute=total))])
    it.apply([ReloadResult(4, 1.0, ("a.py",), phases=Phases(execute=0.1))])
    it.apply([ReloadResult(9, 1.0, ("a.py",), error=ERROR, phases=Phases(execute=500.0))])

    assert it.reloads.median == 20.0
    assert it.reloads.p95 == 30.0
    assert len(it.reloads.trend(12)) == 3
    assert (it.reloads.count, it.reloads.failed) == (4, 1)


def test_a_request_is_one_row_from_its_start_to_its_end() -> None:
    """The row of a running request becomes the finished one, in its place."""
    it = store()
    it.apply([RequestStarted(1, 1000.0, "GET", "/slow"), request(2), request(1, path="/slow")])

    assert [row.id for row in it.requests.rows] == [1, 2]
    assert it.requests.running == 0
    assert isinstance(it.requests.by_id(1), RequestFinished)
    assert it.requests.handler(1) == "app.index"


def test_request_numbers() -> None:
    """Rate and p95 leave out noise, the p95 also WebSockets."""
    it = store()
    it.apply([request(i, time=100.0 + i % 5, milliseconds=float(i)) for i in range(1, 21)])
    it.apply(
        [
            request(50, time=100.0, milliseconds=1.0, path="/_fh_dash/live"),
            request(51, time=100.0, method="WS", milliseconds=500.0),
        ]
    )

    assert it.requests.p95 == 19.0
    assert it.requests.rate(105.5) == 21 / 5
    assert it.requests.total == 22


def test_what_counts_as_noise() -> None:
    """Static files that went well, the favicon and our own channel; a failing one is worth a look."""
    assert is_noise(request(1, path="/static/APP.CSS"))
    assert is_noise(request(1, path="/favicon.ico"))
    assert is_noise(request(1, path="/page", ours=True))
    assert is_noise(RequestStarted(1, 1.0, "GET", "/_fh_dash/events"))
    assert not is_noise(request(1, path="/static/app.css", status=500))
    assert not is_noise(request(1, path="/items"))


def test_caps_by_count_and_bytes() -> None:
    """Rows and bytes are bounded; what went is counted."""
    it = store(output=100, requests=50, max_bytes=200_000)
    it.apply([OutputLine(1.0, "stdout", "x" * 8000) for _ in range(100)])
    it.apply([request(i) for i in range(200)])

    assert it.output.rows.bytes <= 200_000
    assert len(it.output.rows) + it.output.rows.dropped == 100
    assert len(it.requests.rows) == 50
    assert it.requests.by_id(3) is None
    assert it.requests.by_id(199) is not None


def test_a_progress_bar_is_one_line() -> None:
    """An unfinished line is replaced by what follows from the same writer, and only from it."""
    it = store()
    it.apply([OutputLine(1.0, "stderr", "10%", thread="a", partial=True), OutputLine(1.0, "stdout", "other")])
    it.apply(
        [OutputLine(2.0, "stderr", "90%", thread="a", partial=True), OutputLine(3.0, "stderr", "done", thread="a")]
    )
    it.apply([OutputLine(4.0, "stderr", "next", thread="a")])

    assert [line.text for line in it.output.rows] == ["done", "other", "next"]
    assert it.output.revised == 0


def test_imports_nest_and_know_their_own_time() -> None:
    """The stack is what runs now; a module's own time is without that of what it imported."""
    it = store()
    it.apply([
        ImportStarted("app", 10.0, True, 0),
        ImportStarted("models", 10.1, True, 1),
        ImportStarted("torch", 10.2, False, 2),
    ])  # fmt: skip
    assert [running.module for running in it.imports.stack] == ["app", "models", "torch"]
    it.apply([ImportFinished("torch", 700.0, False, True, 2), ImportFinished("models", 900.0, True, True, 1)])

    own = {item.module: item.own for item in it.imports.done}
    assert own == {"torch": 700.0, "models": 200.0}
    assert [item.module for item in it.imports.slowest(1)] == ["torch"]
    assert it.modules.imported_by("models") == ["app"]


def test_an_import_that_was_torn_down_does_not_stick() -> None:
    """When an exception swallowed the ends, the next start says where we are."""
    it = store()
    it.apply(
        [ImportStarted("app", 1.0, True, 0), ImportStarted("gone", 1.0, False, 1), ImportStarted("b", 2.0, False, 1)]
    )

    assert [running.module for running in it.imports.stack] == ["app", "b"]
    it.apply([LoadFailed(ERROR, 3.0)])

    assert it.imports.stack == []


def test_modules_count_their_runs() -> None:
    """Imports and re-runs count, rebinding does not; an unloaded module goes."""
    it = store()
    it.apply([ImportStarted("pages", 1.0, True), ImportFinished("pages", 6.0, True)])
    for outcome in ("re-run", "rebound"):
        if outcome == "re-run":
            it.apply([ImportStarted("pages", 4.0, True), ImportFinished("pages", 3.0, True)])
        it.apply([ReloadResult(2, 5.0, ("x.py",), (ModuleReport("pages", "/p/pages.py", outcome, "why", (), 3.0),))])  # type: ignore[arg-type]
    pages = it.modules.named("pages")

    assert pages is not None
    assert (pages.runs, pages.reruns, pages.outcome, pages.milliseconds) == (2, 1, "rebound", 3.0)
    it.apply([ReloadResult(3, 6.0, (), (ModuleReport("pages", "", "unloaded"),))])

    assert it.modules.named("pages") is None


def test_a_module_that_failed_is_well_after_the_next_good_save() -> None:
    """Also when that save did not run it: the old one is in force again."""
    it = store()
    it.apply([ImportStarted("pages", 1.0, True), ImportFinished("pages", 6.0, True, ok=False)])

    assert it.modules.rows[0].failed
    it.apply([ReloadResult(2, 5.0, ("x.py",))])

    assert not it.modules.rows[0].failed


def test_the_import_tree() -> None:
    """From those that nobody imports downwards; what was shown is not spelled out again; circles end."""
    it = store()
    for name in ("app", "pages", "conf", "a", "b"):
        it.apply([ImportStarted(name, 1.0, True), ImportFinished(name, 6.0, True)])
    it.modules.link({"pages": ("app",), "conf": ("app", "pages"), "a": ("b",), "b": ("a",)})

    assert list(it.modules.tree()) == [
        (0, "app", False), (1, "conf", False), (1, "pages", False), (2, "conf", False),
        (0, "a", False), (1, "b", False), (2, "a", True),
    ]  # fmt: skip
    version = it.modules.version
    it.modules.link({"pages": ("app",), "conf": ("app", "pages"), "a": ("b",), "b": ("a",)})

    assert it.modules.version == version


def test_a_reload_is_no_import() -> None:
    """The table of import times keeps what the start cost."""
    it = store()
    for milliseconds in (900.0, 3.0):
        it.apply([ImportStarted("app", 1.0, True), ImportFinished("app", milliseconds, True)])

    assert [(i.module, i.milliseconds) for i in it.imports.done] == [("app", 900.0)]


def test_a_failed_reload_changes_no_module() -> None:
    """A bad save changes nothing, here neither."""
    it = store()
    it.apply([ReloadResult(1, 5.0, ("x.py",), (ModuleReport("pages", "", "re-run"),), error=ERROR)])

    assert len(it.modules) == 0


def test_routes_find_their_requests() -> None:
    """Handlers share names: method and path decide; counts outlive a reload that keeps the route."""
    it = store()
    table = (
        story.FakeRoute("GET", "/a", "app.get", "/p/app.py", 1),
        story.FakeRoute("GET", "/b/{id:int}", "app.get", "/p/app.py", 5),
        story.FakeRoute("GET", "/f/{rest:path}", "app.get", "/p/app.py", 9),
    )
    it.routes.update(table)
    it.apply([request(1, path="/b/3", handler="app.get"), request(2, path="/f/x/y.txt", handler="app.get", status=500)])
    it.apply([request(3, path="/a", handler="app.get", method="HEAD"), request(4, path="/zzz", handler="app.get")])

    assert [stats.hits for stats in it.routes.rows] == [1, 1, 1]
    assert [stats.errors for stats in it.routes.rows] == [0, 0, 1]
    it.routes.update(table[1:])

    assert [stats.hits for stats in it.routes.rows] == [1, 1]


def test_caches_sum_up() -> None:
    """Saved seconds and stale ones over all; an update that changes nothing says so."""
    it = store()

    assert it.caches.update(story.CACHES)
    assert not it.caches.update(story.CACHES)
    assert it.caches.stale == 1
    assert round(it.caches.saved) == 1458
    assert it.caches.named("shop:prices") is story.CACHES[1]


def test_rings_count_the_bytes_that_rows_take() -> None:
    """Also those of wide characters, four each, and of exceptions with their frames."""
    it = store(max_bytes=1_000_000)
    frames = tuple(Frame("/p/app.py", n, "f", f"line {n} = compute(something)", True) for n in range(30))
    report = replace(ERROR, frames=frames)
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        it.apply(OutputLine(float(i), "stdout", f"{i} " + "\N{GRINNING FACE}" * 1000) for i in range(600))
        lines = tracemalloc.get_traced_memory()[0] - before
        it.apply(request(i, error=replace(report, message=f"{i} " * 400)) for i in range(600))
        both = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()

    assert it.output.rows.dropped > 0
    assert it.requests.rows.dropped > 0
    assert lines < 1_500_000
    assert both - lines < 1_500_000


def test_a_flood_of_prints_pushes_out_nothing_else() -> None:
    """State changes and requests travel in lanes of their own; what is pushed out is counted."""
    lanes = Lanes(bulk_limit=10)
    lanes.post(Serving(1, 1.0, 1.0, "app:app"))
    lanes.post(RequestStarted(1, 1.0, "GET", "/"))
    for i in range(100):
        lanes.post(OutputLine(1.0, "stdout", str(i)))
    events = lanes.drain()

    assert isinstance(events[0], Serving)
    assert isinstance(events[1], RequestStarted)
    assert len(events) == 12
    assert (lanes.output.dropped, lanes.requests.dropped) == (90, 0)


def test_long_lines_that_wait_are_bounded_by_their_bytes() -> None:
    """While nobody reads, as at a `breakpoint()`, output does not fill the memory; what is newest stays."""
    lanes = Lanes()
    for i in range(3_000):
        lanes.post(OutputLine(1.0, "fd", f"{i} {'x' * 8_000}"))
    events = lanes.drain()
    lanes.post(OutputLine(1.0, "fd", "after"))

    assert 1_900 < len(events) <= MAX_BYTES / 8_000
    assert lanes.output.dropped == 3_000 - len(events)
    assert isinstance(events[-1], OutputLine)
    assert events[-1].text.startswith("2999 ")
    assert len(lanes.drain()) == 1


def test_one_wake_per_burst() -> None:
    """Producers wake the reader when there was nothing before, not for each event."""
    lanes, woken = Lanes(), []
    lanes.on_wake(lambda: woken.append(1))
    for i in range(5):
        lanes.post(OutputLine(1.0, "stdout", str(i)))
    lanes.drain()
    lanes.post(OutputLine(1.0, "stdout", "again"))

    assert len(woken) == 2
