"""The commands: `fh-dash`, `fh_utils dev`, `fh_utils run`. Every error is one line on stderr.

Exit status: 0; 1 when the server failed; 2 for arguments, or a target, that cannot be served.
"""

from __future__ import annotations

import gc
import os
import sys

import click

from fh_dash import __version__, options
from fh_dash.command import ServeCommand
from fh_dash.errors import FhDashError, UsageError
from fh_dash.host.leave import leave_soon
from fh_dash.settings import Settings
from fh_dash.text import visible

OLD = "fh_utils"
"""The distribution whose place ours takes; its folder hides our module of the same name."""


def serve_dashboard(settings: Settings) -> int:
    if not (sys.stdin.isatty() and sys.stdout.isatty()) or os.environ.get("TERM") == "dumb":
        return serve_headless(settings)
    from fh_dash.tui.collector import hold_off

    hold_off()
    from fh_dash.runtime import Runtime
    from fh_dash.tui.app import run_dashboard

    return run_dashboard(settings, Runtime)


def serve_headless(settings: Settings) -> int:
    from fh_dash.plain import run_headless
    from fh_dash.runtime import Runtime

    gc.freeze()  # what is ours stays for good: the collector need not go through it again and again for the app
    return run_headless(settings, Runtime)


def serve_production(settings: Settings) -> int:
    from fh_dash.production import run

    return run(settings)


# ------------------------------------------------------------------------------------------- commands

dash = ServeCommand(
    "fh-dash",
    serve_dashboard,
    own=[*options.server_options(), *options.dev_options(live=True)],
    refused=options.DEV_REFUSES,
    help="""Serve an app with hot reload, in a dashboard in this terminal.

    TARGET is a file (app.py, pkg/main.py) or a module with the name of its app (pkg.main:app). Without one it
    is the first of main.py, app.py, app/main.py, … that holds an app.

    The dashboard lists its keys at ?; q quits. Where standard output is no terminal the same comes as plain
    lines.
    """,
)

dev = ServeCommand(
    "dev",
    serve_headless,
    own=[*options.server_options(), *options.dev_options(live=False), options.json_option()],
    refused=options.DEV_REFUSES,
    short_help="Serve an app with hot reload, on plain lines.",
    help="""Serve an app with hot reload, on plain lines.

    TARGET is a file (app.py, pkg/main.py) or a module with the name of its app (pkg.main:app). Without one it
    is the first of main.py, app.py, app/main.py, … that holds an app.

    A save that does not work changes nothing: the app goes on as it was, and the error is shown. Ctrl-C
    stops, SIGHUP starts a new process on the same socket.
    """,
)

run = ServeCommand(
    "run",
    serve_production,
    own=options.server_options(),
    refused=options.RUN_REFUSES,
    short_help="Serve an app for production: plain uvicorn, no reload.",
    help="""Serve an app for production: plain uvicorn, no reload, nothing of ours around the app.

    TARGET is a file (app.py, pkg/main.py) or a module with the name of its app (pkg.main:app).
    """,
)


@click.group(
    invoke_without_command=True,
    commands={"dev": dev, "run": run},
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="`fh_utils dev --help` and `fh_utils run --help` list the options of the two.",
)
@click.pass_context
def utils(ctx: click.Context) -> int:
    """Serve FastHTML and other ASGI apps: `dev` with hot reload, `run` for production.

    The same with a dashboard: fh-dash.
    """
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())
    return 0


def _print_version(ctx: click.Context, _: click.Parameter, asked: bool) -> None:
    if asked:
        click.echo(f"fh-dash {__version__}")
        ctx.exit()


for _command in (dash, utils):
    _version = click.Option(["--version"], is_flag=True, is_eager=True, expose_value=False, callback=_print_version)
    _version.help = "Show the version and exit."
    _command.params.append(_version)


# -------------------------------------------------------------------------------------- console scripts


def dash_main() -> int:
    return leave_soon(main(dash, "fh-dash"))


def utils_main() -> int:
    return leave_soon(main(utils, "fh_utils"))


def main(command: click.Command, name: str, args: list[str] | None = None) -> int:
    """Run a command; the exit status."""
    try:
        refuse_old_distribution()
        return int(command.main(args, name, standalone_mode=False) or 0)
    except click.UsageError as error:
        where = error.ctx.command_path if error.ctx else name
        return _fail(where, f"{error.format_message()} ({where} --help lists the options)")
    except click.ClickException as error:
        return _fail(name, error.format_message())
    except FhDashError as error:
        return _fail(name, str(error))
    except (click.Abort, KeyboardInterrupt):
        return 130


def _fail(name: str, message: str) -> int:
    print(f"{name}: {' '.join(map(visible, message.splitlines()))}", file=sys.stderr)
    return 2


def refuse_old_distribution() -> None:
    """Raises UsageError when it is installed: `import fh_utils` would find that one."""
    if not any(_holds_old(folder) for folder in sys.path):
        return
    import importlib.metadata  # slow to import, and hardly ever needed

    try:
        version = importlib.metadata.version(OLD)
    except importlib.metadata.PackageNotFoundError:
        return
    raise UsageError(
        f"the package {OLD} {version} is installed, too, and hides the fh_utils of fh-dash. Remove it:"
        f" pip uninstall {OLD} && pip install --force-reinstall --no-deps fh-dash"
    )


def _holds_old(folder: str) -> bool:
    """Whether the metadata of a distribution of that name lie in `folder`."""
    try:
        names = os.listdir(folder or ".")
    except OSError:
        return False
    return any(name.replace("-", "_").lower().startswith(OLD + "_") and name.endswith("-info") for name in names)
