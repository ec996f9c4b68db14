"""How this process began, to begin again: command line, environment, folder."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn

from fh_dash.host.binding import INHERITED


class Origin:
    """To be made before any code of the app has run."""

    def __init__(self) -> None:
        self.cwd = Path.cwd()
        self._environ = dict(os.environ)

    def again(self, sock: socket.socket, environ: Mapping[str, str]) -> NoReturn:
        """Become a fresh process that listens on the same socket; on the main thread."""
        sock.set_inheritable(True)
        os.chdir(self.cwd)
        variables = {**self._environ, **environ, INHERITED: str(sock.fileno())}
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], variables)
