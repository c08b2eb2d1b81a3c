"""The command ``cs2``. Each command imports what it needs when it runs, so that help is fast."""

from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup

COMMANDS = {
    "up": "cli.up:up",
    "down": "cli.down:down",
    "status": "cli.status:status",
    "doctor": "cli.doctor:doctor",
    "migrate": "cli.migrate:migrate",
    "backup": "cli.backup:backup",
    "restore": "cli.backup:restore",
    "demo": "cli.demo:demo",
    "check": "cli.check:check",
    "ingest": "cli.ingest:ingest",
    "fill": "cli.fill:fill",
    "train": "cli.train:train",
    "forecast": "cli.forecast:forecast",
    "fixtures": "cli.fixtures:fixtures",
    "identities": "cli.identities:identities",
    "models": "cli.models:app",
    "maps": "cli.maps:app",
    "rows": "cli.rows:app",
    "users": "cli.users:app",
    "history": "cli.history:app",
    "report": "cli.report:report",
    "dead-letters": "cli.dead_letters:app",
    "prune": "cli.prune:prune",
    "openapi": "cli.openapi:openapi",
    "backtest": "cli.backtest:backtest",
}
"""Command by name, as ``module:function``, or ``module:app`` for a group of commands."""


class LazyGroup(TyperGroup):
    """Imports a command only when it runs or its help is shown."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the names in the order of use."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Import the command."""
        del ctx
        if cmd_name not in COMMANDS:
            return None
        module, name = COMMANDS[cmd_name].split(":")
        command = getattr(import_module(module), name)
        if isinstance(command, typer.Typer):  # a group of commands
            return typer.main.get_group(command)
        single = typer.Typer(add_completion=False)
        single.command(name=cmd_name)(command)
        return typer.main.get_command(single)


app = typer.Typer(
    cls=LazyGroup,
    no_args_is_help=True,
    add_completion=False,
    help="Forecasts of professional Counter-Strike 2 matches. Exit status: 0 success, 1 failure, 2 wrong input, "
    "3 the gate rejected the model.",
)


@app.callback()
def main() -> None:
    """Forecasts of professional Counter-Strike 2 matches."""
