"""The addresses under which others reach the app."""

from __future__ import annotations

import socket
from urllib.parse import urlsplit, urlunsplit

_ANYWHERE = {"0.0.0.0", "::"}


def network_urls(url: str) -> list[str]:
    """Empty unless the app listens on all addresses."""
    parts = urlsplit(url)
    if parts.hostname not in _ANYWHERE:
        return []
    return [urlunsplit(parts._replace(netloc=f"{address}:{parts.port}")) for address in _addresses()]


def _addresses() -> list[str]:
    """The address of the interface that leads outward; nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return []
        return [str(probe.getsockname()[0])]
