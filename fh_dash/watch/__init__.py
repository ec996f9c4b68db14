"""Files on disk to batches of changes: from a save to the callback in a few milliseconds.

`Watcher` is an iterator of batches; `Filters` say which paths matter. Nothing here reads file contents or
knows what a change means.
"""

from fh_dash.watch.filters import Filters, Kind
from fh_dash.watch.watcher import Watcher, watching

__all__ = ["Filters", "Kind", "Watcher", "watching"]
