"""`fh_utils run`: plain uvicorn. What is wrong with the target is said beforehand; then we are out of the way."""

from __future__ import annotations

import sys
from pathlib import Path

from fh_dash.host.binding import listener
from fh_dash.host.outline import outline
from fh_dash.host.target import Target, resolve
from fh_dash.settings import Settings


def run(settings: Settings) -> int:
    """Serve until stopped. Raises UsageError before; uvicorn itself ends the process when it fails later."""
    target = resolve(settings.target, app=settings.app, factory=settings.factory, cwd=Path.cwd())
    if not settings.uvicorn.keys() & {"uds", "fd"}:
        listener(settings.host, settings.port, {}).close()
    sys.path[:0] = [str(folder) for folder in target.path]
    sys.argv[:] = [target.argument]

    import uvicorn

    uvicorn.run(
        f"{target.module}:{target.attribute or attribute(target)}",
        host=settings.host,
        port=settings.port,
        factory=settings.factory,
        **settings.uvicorn,
    )
    return 0


def attribute(target: Target) -> str:
    """The app's name as far as the source shows it, without importing it here, in each worker's parent."""
    shape = outline(target.file)
    names = list(shape.apps) or (shape.factories if target.factory else []) if shape else []
    return "app" if shape is None or "app" in shape.bound or not names else names[0]
