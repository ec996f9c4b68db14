"""What can go wrong, as one tree.

    FhDashError             root: `str(error)` is the whole message for the person at the terminal
    ├── UsageError          bad arguments or a bad target; the commands exit with status 2
    ├── PortTakenError      the address is in use; also status 2
    └── ReloadError         the engine could not go on (a fault of ours, not of the app)

Errors in the app's own code are never wrapped: they travel as the original exception, turned into an
`events.ErrorReport` where they are shown.
"""

from __future__ import annotations


class FhDashError(Exception):
    """Root of all errors that fh-dash raises on purpose."""


class UsageError(FhDashError):
    """The command line, the environment or the target names something that cannot be served."""


class PortTakenError(UsageError):
    """Somebody else listens on the address.

    Attributes: `port` (the one asked for) and `free` (the next free one, or None).
    """

    def __init__(self, host: str, port: int, free: int | None = None) -> None:
        hint = f"; port {free} is free: --port {free}" if free else ""
        super().__init__(f"port {port} on {host} is already in use{hint}")
        self.port, self.free = port, free


class ReloadError(FhDashError):
    """The engine met a state that it cannot handle; a full reload is the way out."""
