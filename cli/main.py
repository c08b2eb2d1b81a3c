"""The command ``cs2``. Each command imports what it needs when it is called, so that help is quick."""

from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup

COMMANDS = {
    "up": "cli.up:up",
    "down": "cli.up:down",
    "status": "cli.status:status",
    "doctor": "cli.doctor:doctor",
    "migrate": "cli.up:migrate",
    "backup": "cli.backup:backup",
    "restore": "cli.backup:restore",
    "demo": "cli.demo:demo",
    "ingest": "cli.ingest:ingest",
    "train": "cli.train:train",
    "forecast": "cli.forecast:forecast",
    "fixtures": "cli.fixtures:fixtures",
    "models": "cli.models:app",
    "maps": "cli.maps:app",
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
    """Imports a command when it is asked for; of the others only the name is known."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Names in the order of use."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command, imported now."""
        del ctx
        if cmd_name not in COMMANDS:
            return None
        module, name = COMMANDS[cmd_name].split(":")
        found = getattr(import_module(module), name)
        if isinstance(found, typer.Typer):  # a group of commands
            return typer.main.get_group(found)
        single = typer.Typer(add_completion=False)
        single.command(name=cmd_name)(found)
        return typer.main.get_command(single)


app = typer.Typer(
    cls=LazyGroup,
    no_args_is_help=True,
    add_completion=False,
    help="Forecasts of professional Counter-Strike 2 matches. Exit status: 0, 1 a failure, 2 wrong input, "
    "3 a model that the gate refused.",
)


@app.callback()
def main() -> None:
    """Forecasts of professional Counter-Strike 2 matches."""
