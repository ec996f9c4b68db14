"""The listening socket: bound once, by us, for the whole run and for the process after a full reload."""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fh_dash.errors import PortTakenError, UsageError

INHERITED = "FH_DASH_FD"
"""Environment variable with the number of the socket that a full reload hands on."""
LOOK_AHEAD = 50
"""So many ports after a taken one are tried for the hint."""

_REASONS = {
    errno.EACCES: "no permission to listen on port {port} (those below 1024 need more rights)",
    errno.EADDRNOTAVAIL: "this machine has no address {host}: --host 127.0.0.1 or 0.0.0.0",
}


def listener(host: str, port: int, options: Mapping[str, Any]) -> socket.socket:
    """A listening socket: connections wait in its backlog from now on.

    `options` by uvicorn's names: `fd`, `uds`, `backlog`. Raises UsageError and PortTakenError.
    """
    backlog = options.get("backlog") or 2048
    inherited = os.environ.pop(INHERITED, None)
    if inherited is not None:
        sock = _adopt(int(inherited))
    elif options.get("fd") is not None:
        sock = _adopt(int(options["fd"]))
    elif options.get("uds"):
        sock = _unix(Path(options["uds"]))
    else:
        return _internet(host, port, backlog)
    sock.listen(backlog)
    return sock


def close(sock: socket.socket, options: Mapping[str, Any]) -> None:
    """Stop listening; the file of a `uds` goes, as with uvicorn."""
    sock.close()
    if options.get("uds"):
        Path(options["uds"]).unlink(missing_ok=True)


def url(sock: socket.socket, host: str, *, tls: bool) -> str:
    """Where a person on this machine reaches it: `http://127.0.0.1:5001`, `unix:/run/app.sock`."""
    name = sock.getsockname()
    if not isinstance(name, tuple):
        return f"unix:{os.fsdecode(name)}"
    anywhere = {"0.0.0.0": "127.0.0.1", "::": "[::1]", "": "127.0.0.1"}
    shown = anywhere.get(host) or (f"[{host}]" if ":" in host else host)
    return f"{'https' if tls else 'http'}://{shown}:{name[1]}"


def _internet(host: str, port: int, backlog: int) -> socket.socket:
    if not 0 <= port <= 65535:
        raise UsageError(f"port {port} is out of range: --port takes 1 to 65535, or 0 for any free one")
    sock = socket.socket(_family(host))
    try:
        # Without it a port stays taken for a minute after its last connection.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((host, port))
        sock.listen(backlog)
    except OSError as error:
        sock.close()
        raise _explained(error, host, port) from None
    return sock


def _explained(error: OSError, host: str, port: int) -> UsageError:
    if error.errno == errno.EADDRINUSE:
        return PortTakenError(host, port, _next_free(host, port))
    if isinstance(error, socket.gaierror):
        return UsageError(f"--host {host}: no such host ({error.strerror})")
    reason = _REASONS.get(error.errno or 0, "cannot listen on {host}, port {port}: " + str(error))
    return UsageError(reason.format(host=host, port=port))


def _next_free(host: str, port: int) -> int | None:
    for candidate in range(port + 1, min(port + LOOK_AHEAD, 65536)):
        with socket.socket(_family(host)) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, candidate))
                probe.listen(1)
            except OSError:
                continue
            return candidate
    return None


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def _adopt(number: int) -> socket.socket:
    try:
        sock = socket.socket(fileno=number)
        sock.getsockname()
    except OSError as error:
        raise UsageError(f"file descriptor {number} is no socket: {error.strerror}") from None
    sock.set_inheritable(False)
    return sock


def _unix(path: Path) -> socket.socket:
    """As uvicorn: open to all, a socket file that nobody listens on is replaced."""
    mode = path.stat().st_mode if path.exists() else 0o666
    if path.is_socket():
        _refuse_live(path)
    sock = socket.socket(socket.AF_UNIX)
    try:
        if path.is_socket():
            path.unlink()
        sock.bind(str(path))
        path.chmod(mode & 0o777)
    except OSError as error:
        sock.close()
        raise UsageError(f"--uds {path}: {error.strerror}") from None
    return sock


def _refuse_live(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as probe:
        if probe.connect_ex(str(path)) == 0:
            raise UsageError(f"--uds {path}: somebody listens there already")
