"""The commands' options as data: our own, and uvicorn's, taken from its command instead of spelled again."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import click


def _option(*names: str, **attributes: Any) -> click.Option:
    return click.Option(list(names), **attributes)


def _repeatable(name: str, metavar: str, help: str, **attributes: Any) -> click.Option:
    variable = name.removeprefix("--").replace("-", "_") + "s"  # reload_dirs, as uvicorn calls it
    return _option(name, variable, multiple=True, metavar=metavar, help=f"{help} Repeatable.", **attributes)


def _seconds(name: str, default: float, help: str) -> click.Option:
    kind = click.FloatRange(min=0)
    return _option(name, type=kind, default=float(default), metavar="SECONDS", help=f"{help}  [default: {default}]")


def flag(option: click.Parameter) -> str:
    """`--reload-dir`."""
    return option.opts[0]


def key(option: click.Parameter) -> str:
    """`reload_dir`: its name in the environment, in capitals, and in pyproject.toml."""
    return flag(option).removeprefix("--").replace("-", "_")


def from_environment(option: click.Option, *more: str) -> click.Option:
    """The option, also read from `FH_DASH_…` and from the variables `more`."""
    option.envvar = [f"FH_DASH_{key(option).upper()}", *more]
    return option


def server_options() -> list[click.Option]:
    """For every command that serves."""
    return [
        _option("--app", metavar="NAME", help="Name of the app in its module; found if not given."),
        _option("--factory", is_flag=True, help="NAME is a function that makes the app: call it."),
        _option("--host", default="127.0.0.1", show_default=True, help="Address to listen on."),
        _option(
            "--port",
            type=click.IntRange(0, 65535),
            default=5001,
            metavar="PORT",
            help="Port to listen on; 0: any free one.  [default: 5001, or PORT of the environment]",
        ),
    ]


def dev_options(live: bool) -> list[click.Option]:
    """For the commands that reload; `live`: whether open pages follow when nothing is said."""
    return [
        _option(
            "--reload",
            type=click.Choice(["fast", "full", "no"]),
            default="fast",
            is_flag=False,
            flag_value="fast",
            show_default=True,
            help="fast: re-run the modules that an edit touches; full: a new process after each edit.",
        ),
        _option("--live/--no-live", default=live, show_default=True, help="Open pages follow each reload."),
        _option(
            "--live-reports/--no-live-reports",
            default=True,
            help="With --live: pages tell their script errors and failed requests to Output.",
        ),
        _repeatable(
            "--reload-dir",
            "FOLDER",
            "Watch this folder instead of the app's own.",
            type=click.Path(exists=True, file_okay=False),
        ),
        _repeatable("--reload-include", "GLOB", "Watch such files, too."),
        _repeatable("--reload-exclude", "GLOB", "Do not watch such files."),
        _repeatable("--allowed-host", "NAME", "Answer to this name, too; *.NAME: to its subdomains."),
        _seconds("--gate-wait", 1, "How long a reload waits for requests in flight."),
        _seconds("--startup-wait", 30, "How long the start-up of a new app may take."),
        _seconds("--shutdown-wait", 5, "How long the shutdown of an app may take."),
    ]


def json_option() -> click.Option:
    return _option("--json", is_flag=True, help="Print one JSON object per event, for scripts.")


# --------------------------------------------------------------------------------------------- uvicorn

_NOT_UVICORNS = {"app", "version"}
"""Those mean the target, and our own version."""

DEV_REFUSES = {"--workers": "hot reload has one process; `fh_utils run` takes --workers"}
RUN_REFUSES = dict.fromkeys(
    ("--reload", "--reload-dir", "--reload-include", "--reload-exclude", "--reload-delay", "--live"),
    "`fh_utils run` does not reload; `fh_utils dev` does",
)


def uvicorn_options(own: list[click.Option], refused: Mapping[str, str]) -> list[click.Option]:
    """uvicorn's options that are neither among our `own` ones nor `refused`."""
    from uvicorn.main import main  # 50 ms, spent only when one of its options is used or listed

    taken = {flag(option) for option in own} | refused.keys()
    copies = [copy.copy(p) for p in main.params if isinstance(p, click.Option)]
    kept = [p for p in copies if p.name not in _NOT_UVICORNS and flag(p) not in taken]
    for option in kept:
        from_environment(option, f"UVICORN_{(option.name or '').upper()}")
        if option.name == "fd":  # FH_DASH_FD is how a full reload hands its socket on
            option.envvar = "UVICORN_FD"
    return kept


def refusals(refused: Mapping[str, str]) -> list[click.Option]:
    """Hidden options that say why they are not there."""

    def refuse(context: click.Context, option: click.Parameter, value: str | None) -> None:
        if value is not None:
            raise click.UsageError(f"{flag(option)}: {refused[flag(option)]}")

    attributes: dict[str, Any] = {"is_flag": False, "flag_value": "", "default": None, "hidden": True}
    return [_option(flag, expose_value=False, callback=refuse, **attributes) for flag in refused]


def headers(pairs: tuple[str, ...]) -> list[tuple[str, str]]:
    """uvicorn's `--header Name:Value`, split as it splits them. Raises BadParameter."""
    split = [pair.partition(":") for pair in pairs]
    if wrong := [pair for pair, (_, colon, _) in zip(pairs, split, strict=True) if not colon]:
        raise click.BadParameter(f"{wrong[0]!r} is not Name:Value", param_hint="'--header'")
    return [(name, value) for name, _, value in split]
