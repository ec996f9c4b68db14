"""The kind of command that serves a target: our options, uvicorn's, and where their values come from."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from fh_dash import options
from fh_dash.errors import UsageError
from fh_dash.settings import ProjectTable, Settings, project_table

EPILOG = """Options also come from the environment (FH_DASH_PORT=8000 for --port, UVICORN_… for uvicorn's)
and from pyproject.toml ([tool.fh-dash], port = 8000). The command line wins, then the environment."""


class ServeCommand(click.Command):
    """Takes a target, `own` options, and those of uvicorn that are not `refused` (flag: what to do).

    A value comes from the command line, the environment, or the table of the pyproject.toml nearest to the
    target, in this order. `serve` gets them all as Settings and returns the exit status.
    """

    def __init__(
        self,
        name: str,
        serve: Callable[[Settings], int],
        *,
        own: list[click.Option],
        refused: Mapping[str, str],
        **attributes: Any,
    ) -> None:
        self.serve = serve
        self.own = [options.from_environment(o, *(["PORT"] if o.name == "port" else [])) for o in own]
        self.borrowed: list[click.Option] = []
        self.refused = refused
        self.table = ProjectTable()
        target = click.Argument(["target"], required=False, default="", metavar="[TARGET]")
        context = {"help_option_names": ["-h", "--help"], "max_content_width": 110}
        params = [target, *self.own, *options.refusals(refused)]
        super().__init__(name, params=params, context_settings=context, epilog=EPILOG, **attributes)

    # ---------------------------------------------------------------------------------------- parsing

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if self._uses_uvicorns(args):
            self.borrow()
        found = self.make_parser(ctx).parse_args(args=list(args))[0].get("target")
        self.table = project_table(_folder(found if isinstance(found, str) else ""))
        ctx.default_map = self._defaults()
        try:
            return super().parse_args(ctx, args)
        except click.BadParameter as error:
            if origin := self._origin(ctx, error.param):
                raise click.BadParameter(error.message + origin, ctx, error.param) from None
            raise

    def borrow(self) -> None:
        """Take uvicorn's options in."""
        if not self.borrowed:
            self.borrowed = options.uvicorn_options(self.own, self.refused)
            self.params += self.borrowed

    def _uses_uvicorns(self, args: list[str]) -> bool:
        ours = {name for p in self.params for name in (*p.opts, *p.secondary_opts)}
        flags = {arg.partition("=")[0] for arg in args if arg.startswith("-")}
        variables = {f"FH_DASH_{options.key(o).upper()}" for o in self.own}
        asked = {name for name in os.environ if re.match("FH_DASH_|UVICORN_", name)}
        return bool(flags - ours or asked - variables)

    def _defaults(self) -> dict[str, Any]:
        """The table's values by the names of the parameters. Raises UsageError for keys that mean nothing."""
        values = dict(self.table.values)
        values.pop("target", None)
        if values.keys() - _names(self.own).keys():
            self.borrow()
        names = _names([*self.own, *self.borrowed])
        others = _OTHER_COMMANDS | {flag.removeprefix("--").replace("-", "_") for flag in self.refused}
        if unknown := values.keys() - names.keys() - others:
            raise UsageError(f"{self.table.file}: [tool.fh-dash] has no setting {sorted(unknown)[0]!r}")
        return {names[k]: self.table.resolved(k) for k in values if k in names}

    def _origin(self, ctx: click.Context, param: click.Parameter | None) -> str:
        if param is None or param.name is None:
            return ""
        source = ctx.get_parameter_source(param.name)
        if source is ParameterSource.DEFAULT_MAP:
            return f" ({self.table.file}, [tool.fh-dash])"
        if source is ParameterSource.ENVIRONMENT and isinstance(param.envvar, list):
            return f" (environment variable {next(n for n in param.envvar if os.environ.get(n))})"
        return ""

    # ----------------------------------------------------------------------------------------- values

    def given(self, ctx: click.Context) -> dict[str, Any]:
        """uvicorn's options that somebody set, by the names of `uvicorn.Config`'s parameters."""
        names = [str(o.name) for o in self.borrowed if o.name != "app_dir"]
        values = {n: ctx.params[n] for n in names if ctx.get_parameter_source(n) is not ParameterSource.DEFAULT}
        if "headers" in values:
            values["headers"] = options.headers(values["headers"])
        return values

    def target(self, ctx: click.Context) -> str:
        """The target; without one on the command line the table's."""
        return str(ctx.params["target"] or self.table.resolved("target") or "")

    def settings(self, ctx: click.Context) -> Settings:
        own = {str(o.name): ctx.params[str(o.name)] for o in self.own}
        own["reload_dirs"] = tuple(map(Path, own.get("reload_dirs", ())))
        return Settings(target=self.target(ctx), uvicorn=self.given(ctx), **own)

    def invoke(self, ctx: click.Context) -> int:
        if ctx.params.get("app_dir"):  # as uvicorn does; it is no parameter of its Config
            sys.path.insert(0, ctx.params["app_dir"])
        return self.serve(self.settings(ctx))

    # ------------------------------------------------------------------------------------------- help

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        self.borrow()
        groups = {
            "Options": [o for o in self.get_params(ctx) if o not in self.borrowed and isinstance(o, click.Option)]
        }
        groups["Options of uvicorn"] = list(self.borrowed)
        for title, params in groups.items():
            if records := [record for p in params if (record := p.get_help_record(ctx)) is not None]:
                with formatter.section(title):
                    formatter.write_dl(records)


def _names(params: Iterable[click.Option]) -> dict[str, str]:
    """Keys of pyproject.toml to names of parameters: `reload_dir`, as the flag, or `reload_dirs`."""
    return {key: str(o.name) for o in params for key in (options.key(o), str(o.name))}


_OTHER_COMMANDS = set(_names([*options.dev_options(False), options.json_option()]))
"""One table is for all commands: what this one does not know may be for another."""


def _folder(target: str) -> Path:
    """Where to look for pyproject.toml: the folder of a file target, else the current one."""
    path = Path(target)
    return path if path.is_dir() else path.parent if path.exists() else Path()
