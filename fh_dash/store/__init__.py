"""Events in, state out: everything that the dashboard shows, kept without any user interface.

`Store.apply` is called from one thread. Rings are capped by count and by bytes and count what they drop.
"""

from __future__ import annotations

from fh_dash.store.store import Limits, Store

__all__ = ["Limits", "Store"]
