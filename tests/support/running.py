"""A real runtime on two threads of the test, and clients for it."""

from __future__ import annotations

import http.client
import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar, cast

from fh_dash.events import Event, LoadFailed, ReloadResult, Serving
from fh_dash.runtime import Runtime
from fh_dash.settings import Settings

E = TypeVar("E")
PATIENCE = 10.0


class Running:
    """`with Running(folder, "app.py") as run:` serves the folder's app; `run.url`, `run.get`, `run.wait_for`."""

    def __init__(self, folder: Path, target: str = "app.py", *, start_reloader: bool = True, **options: Any) -> None:
        self.folder = folder
        self._start_reloader = start_reloader
        self.settings = Settings(target, port=0, **{"gate_wait": 1.0, **options})
        self.events: list[Event] = []
        self._news = threading.Condition()

    def __enter__(self) -> Running:
        with ExitStack() as undo:  # also when nothing comes to run: else the collector would do it, in another test
            undo.enter_context(_world(self.folder))
            self.runtime = Runtime(self.settings, self.post)
            self.url = self.runtime.bind()
            self._undo = undo.pop_all()
        self.port = int(self.url.rpartition(":")[2]) if self.url.startswith("http") else 0
        self.server = threading.Thread(target=self.runtime.run_server, name="test-server", daemon=True)
        self.reloader = threading.Thread(target=self.runtime.run_reloader, name="test-reload", daemon=True)
        self.server.start()
        if self._start_reloader:
            self.reloader.start()
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        with self._undo:
            self.stop()

    def stop(self, patience: float = PATIENCE) -> None:
        """Returns when both threads have ended."""
        self.runtime.stop()
        for thread in (self.server, self.reloader):
            thread.join(patience)
            assert not thread.is_alive(), f"{thread.name} did not end"

    # --------------------------------------------------------------------------------------------- events

    def post(self, event: Event) -> None:
        with self._news:
            self.events.append(event)
            self._news.notify_all()

    def wait_for(
        self,
        kind: type[E],
        test: Callable[[E], bool] = lambda event: True,
        *,
        after: int = 0,
        patience: float = PATIENCE,
    ) -> E:
        """The first event of that kind (behind the first `after` events), as soon as it is there."""

        def found() -> E | None:
            return next((cast(E, e) for e in self.events[after:] if isinstance(e, kind) and test(e)), None)

        with self._news:
            self._news.wait_for(lambda: found() is not None, patience)
            event = found()
        assert event is not None, f"no {kind.__name__} in {self.events[after:]}"
        return event

    def serving(self) -> Serving:
        return self.wait_for(Serving)

    def failed(self) -> LoadFailed:
        return self.wait_for(LoadFailed)

    def save(self, files: dict[str, str]) -> ReloadResult:
        """Write files and wait for what became of it."""
        mark = len(self.events)
        write(self.folder, files)
        return self.wait_for(ReloadResult, after=mark)

    # -------------------------------------------------------------------------------------------- clients

    def get(self, path: str = "/", headers: dict[str, str] | None = None, method: str = "GET") -> tuple[int, str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            connection.request(method, path, headers=headers or {})
            response = connection.getresponse()
            return response.status, response.read().decode()
        finally:
            connection.close()


def write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


@contextmanager
def _world(folder: Path) -> Iterator[None]:
    """What a runtime changes in the interpreter is put back, and the project's modules are forgotten."""
    cwd, path, argv, hooks = os.getcwd(), list(sys.path), list(sys.argv), list(sys.meta_path)
    modules = set(sys.modules)
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(cwd)
        sys.path[:], sys.argv[:], sys.meta_path[:] = path, argv, hooks
        for name in set(sys.modules) - modules:
            if str(getattr(sys.modules[name], "__file__", None)).startswith(str(folder)):
                del sys.modules[name]
