"""Numbers as people read them: fixed units, never more digits than help."""

from __future__ import annotations

import time as _time

_SIZES = ((1e9, "GB"), (1e6, "MB"), (1e3, "kB"))


def clock(time: float, *, seconds: bool = True) -> str:
    """The local time of day."""
    return _time.strftime("%H:%M:%S" if seconds else "%H:%M", _time.localtime(time))


def milliseconds(value: float) -> str:
    if value < 1:
        return "<1 ms"
    if value < 999.5:
        return f"{value:.0f} ms"
    return seconds(value / 1000)


def seconds(value: float) -> str:
    """`1.24 s`, `12.4 s`, `23 min 55 s`, `3 h 05 min`."""
    if value < 9.995:
        return f"{value:.2f} s"
    if value < 59.95:
        return f"{value:.1f} s"
    whole = round(value)
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def age(value: float) -> str:
    """A rough span that does not jump about: `now`, `12 s`, `4 min`, `2 h`, `3 d`."""
    if value < 1:
        return "now"
    for limit, divisor, unit in ((60, 1, "s"), (3600, 60, "min"), (86400, 3600, "h")):
        if value < limit:
            return f"{int(value // divisor)} {unit}"
    return f"{int(value // 86400)} d"


def size(value: int) -> str:
    for factor, unit in _SIZES:
        if value >= factor:
            scaled = value / factor
            return f"{scaled:.1f} {unit}" if scaled < 99.95 else f"{scaled:.0f} {unit}"
    return f"{value} B"


def memory(value: int) -> str:
    return f"{value / 1e9:.1f} GB" if value >= 1e9 else f"{value / 1e6:.0f} MB"


def count(number: int, one: str, many: str | None = None) -> str:
    """`1 hit`, `2 hits`."""
    return f"{number} {one if number == 1 else many or one + 's'}"
