"""The addresses under which others reach the app."""

from __future__ import annotations

import socket
from urllib.parse import urlsplit, urlunsplit

_ANYWHERE = {"0.0.0.0", "::", ""}


def network_urls(url: str, host: str) -> tuple[str, ...]:
    """From the URL for this machine and `--host`; empty unless the app listens on all addresses."""
    parts = urlsplit(url)
    if host not in _ANYWHERE or not parts.port:
        return ()
    return tuple(urlunsplit(parts._replace(netloc=f"{address}:{parts.port}")) for address in _addresses())


def _addresses() -> list[str]:
    """The address of the interface that leads outward; nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return []
        return [str(probe.getsockname()[0])]
