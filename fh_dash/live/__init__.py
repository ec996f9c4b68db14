"""The browser follows: pages refresh themselves after a reload, and errors are shown where one looks.

`LiveHub` is told what happened, from any thread. `LiveMiddleware` serves the channel and puts a script into
complete HTML pages. `AccessCheck` keeps foreign websites out, with or without the rest.
"""

from __future__ import annotations

from fh_dash.live.access import AccessCheck, Hosts
from fh_dash.live.errorpage import error_page
from fh_dash.live.hub import LiveHub
from fh_dash.live.middleware import LiveMiddleware

__all__ = ["AccessCheck", "Hosts", "LiveHub", "LiveMiddleware", "error_page"]
