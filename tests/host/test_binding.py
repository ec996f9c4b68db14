from __future__ import annotations

import socket
from pathlib import Path

import pytest

from fh_dash.errors import PortTakenError, UsageError
from fh_dash.host import binding


def test_a_listener_accepts_from_the_start() -> None:
    """Connections wait in its backlog before anybody serves."""
    with binding.listener("127.0.0.1", 0, {}) as sock:
        port = sock.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port), timeout=5):
            assert binding.url(sock, "127.0.0.1", tls=False) == f"http://127.0.0.1:{port}"


def test_a_port_is_free_again_at_once() -> None:
    """Also while its last connections still linger in the system."""
    with binding.listener("127.0.0.1", 0, {}) as sock:
        port = sock.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)):
            sock.accept()[0].close()

    binding.listener("127.0.0.1", port, {}).close()


def test_the_next_free_port_is_really_free() -> None:
    """The hint leaves out those that are taken too."""
    with binding.listener("127.0.0.1", 0, {}) as first:
        port = first.getsockname()[1]
        with pytest.raises(PortTakenError) as caught:
            binding.listener("127.0.0.1", port, {})

    assert caught.value.free is not None
    assert caught.value.free > port
    binding.listener("127.0.0.1", caught.value.free, {}).close()


def test_a_socket_of_the_process_before_is_taken_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """By its number in the environment, which nobody else sees then; port and host are its own."""
    with binding.listener("127.0.0.1", 0, {}) as before:
        number = before.dup().detach()
        monkeypatch.setenv(binding.INHERITED, str(number))
        with binding.listener("127.0.0.1", 1, {}) as sock:
            assert sock.getsockname() == before.getsockname()
            assert sock.fileno() == number
            assert not sock.get_inheritable()
    with binding.listener("127.0.0.1", 0, {}) as fresh:
        assert fresh.getsockname() != sock


@pytest.mark.parametrize(
    ("host", "shown"), [("0.0.0.0", "127.0.0.1"), ("localhost", "localhost"), ("127.0.0.1", "127.0.0.1")]
)
def test_the_url_can_be_opened_here(host: str, shown: str) -> None:
    """A wildcard address is nothing that a browser could open."""
    with binding.listener("127.0.0.1", 0, {}) as sock:
        port = sock.getsockname()[1]

        assert binding.url(sock, host, tls=True) == f"https://{shown}:{port}"


def test_a_dead_unix_socket_is_replaced_a_live_one_is_not(tmp_path: Path) -> None:
    """As long as somebody listens on it, it is his."""
    place = str(tmp_path / "s")
    with binding.listener("", 0, {"uds": place}) as sock:
        assert binding.url(sock, "", tls=False) == f"unix:{place}"
        with pytest.raises(UsageError, match="somebody listens there already"):
            binding.listener("", 0, {"uds": place})

    binding.listener("", 0, {"uds": place}).close()
