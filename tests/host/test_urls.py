"""The addresses under which others reach the app."""

from __future__ import annotations

import pytest

from fh_dash.host import urls


def test_all_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    """The port and the scheme are those of this machine's URL."""
    monkeypatch.setattr(urls, "_addresses", lambda: ["192.168.1.7"])

    assert urls.network_urls("https://127.0.0.1:5001", "0.0.0.0") == ("https://192.168.1.7:5001",)


@pytest.mark.parametrize(("url", "host"), [("http://127.0.0.1:5001", "127.0.0.1"), ("unix:/run/app.sock", "0.0.0.0")])
def test_nowhere_else(url: str, host: str) -> None:
    """One address only, or none."""
    assert urls.network_urls(url, host) == ()
