"""Two themes of our own, and the few roles that anything on the screen is painted in.

Four meanings have a colour: ok, slow, error, stale. The rest is text, muted text, or the accent of what is in
focus. The roles are derived for every other theme too, with a contrast of at least 4.5:1 for text.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

from textual.color import Color, ColorParseError
from textual.theme import Theme

CONTRAST = 4.5

FH_DARK = Theme(
    name="fh-dark",
    dark=True,
    primary="#8fb0ff",
    secondary="#c9a2f2",
    accent="#8fb0ff",
    foreground="#d6dbe3",
    background="#101319",
    surface="#161a22",
    panel="#1c212b",
    success="#84cf96",
    warning="#e3b65f",
    error="#f5847b",
    variables={"border": "#323946"},
)
FH_LIGHT = Theme(
    name="fh-light",
    dark=False,
    primary="#3252c4",
    secondary="#7b3fb3",
    accent="#3252c4",
    foreground="#23282f",
    background="#fbfaf7",
    surface="#f3f1ec",
    panel="#eae7e0",
    success="#1d7538",
    warning="#8a5600",
    error="#ba2b24",
    variables={"border": "#d3cfc5"},
)


@dataclass(frozen=True, slots=True)
class Palette:
    """Colours by role; all but `border`, `background` and `raised` are for text."""

    text: Color
    muted: Color
    ok: Color
    slow: Color
    error: Color
    stale: Color
    accent: Color
    border: Color
    background: Color
    raised: Color
    """Behind the selected row."""

    @property
    def variables(self) -> dict[str, str]:
        """For the style sheet: `$fh-muted`, `$fh-border`, …"""
        return {f"fh-{field.name}": getattr(self, field.name).hex for field in fields(self)}


def palette(theme: Theme) -> Palette:
    values = theme.to_color_system().generate()
    base = Color.parse("#101319" if theme.dark else "#fbfaf7")
    background = _solid(values["background"], base)
    text = _solid(values["foreground"], Color.parse("#d6dbe3" if theme.dark else "#23282f"))
    raised = background.blend(text, 0.10 if theme.dark else 0.07)

    def ink(name: str) -> Color:
        return readable(_solid(values[name], text), raised, text)

    return Palette(
        text=readable(text, raised, text),
        muted=readable(background.blend(text, 0.58), raised, text),
        ok=ink("success"),
        slow=ink("warning"),
        error=ink("error"),
        stale=ink("secondary"),
        accent=ink("accent"),
        border=_solid(theme.variables.get("border", ""), background.blend(text, 0.20)),
        background=background,
        raised=raised,
    )


def readable(color: Color, background: Color, text: Color) -> Color:
    """`color`, moved towards `text` (and then to black or white) until it can be read on `background`."""
    extreme = Color(255, 255, 255) if text.brightness >= background.brightness else Color(0, 0, 0)
    for goal in (text, extreme):
        for step in range(11):
            mixed = color.blend(goal, step / 10)
            if contrast(mixed, background) >= CONTRAST:
                return mixed
    return extreme


def contrast(one: Color, two: Color) -> float:
    """The ratio of WCAG 2, 1 to 21."""
    light, dark = sorted((_luminance(one), _luminance(two)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(color: Color) -> float:
    channels = (c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in color.normalized)
    red, green, blue = channels
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _solid(value: str, fallback: Color) -> Color:
    """`value` as an opaque colour; the terminal's own colours (`ansi_…`) and `auto` cannot be mixed."""
    try:
        color = Color.parse(value)
    except ColorParseError:
        return fallback
    return fallback if color.ansi is not None or color.auto else Color(*color.rgb)
