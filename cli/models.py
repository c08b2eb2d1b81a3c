"""``cs2 models``: list, show, promote and roll back model versions. Needs PostgreSQL, not the API."""

import json
from collections.abc import Callable
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from sqlalchemy import select
from sqlalchemy.orm import Session

from cli.database import announce, fail, session
from cli.exit_codes import ExitCode
from cs2.messages import AnnouncementKind
from cs2.storage import model_registry as registry
from cs2.storage.model_registry import ModelRow

app = typer.Typer(no_args_is_help=True, help="Manage model versions: list, show, promote, rollback.")

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command("list")
def list_models(
    limit: Annotated[int, typer.Option(min=1, help="Number of versions, from the newest.")] = 20,
    as_json: AsJson = False,
) -> None:
    """List the versions, the newest first."""
    newest = select(ModelRow).order_by(ModelRow.version.desc()).limit(limit)
    with session() as transaction:
        versions = [_fields(row) for row in transaction.scalars(newest)]
    if as_json:
        typer.echo(json.dumps(versions, indent=2))
        return
    table = Table(
        "version", "status", "estimator", "trained through", "maps", "log loss", "Elo's", "promoted", box=None
    )
    for row in versions:
        metrics = row["metrics"].get("gate") or row["metrics"]
        losses = [f"{metrics[name]:.4f}" if name in metrics else "-" for name in ("log_loss", "elo_log_loss")]
        table.add_row(
            *(str(row[name]) for name in ("version", "status", "estimator", "trained_through", "n_maps")),
            *losses,
            (row["promoted_at"] or "-")[:16],
        )
    Console(highlight=False).print(table if versions else "no model was trained yet: cs2 train")


@app.command()
def show(version: int, as_json: AsJson = False) -> None:
    """Show all fields of one version."""
    with session() as transaction:
        row = transaction.get(ModelRow, version)
        if row is None:
            fail(f"there is no version {version}; see: cs2 models list", ExitCode.WRONG_INPUT)
        fields = _fields(row)
    if as_json:
        typer.echo(json.dumps(fields, indent=2))
    else:
        table = Table(show_header=False, box=None)
        for name, value in fields.items():
            table.add_row(name, json.dumps(value, indent=2) if isinstance(value, dict | list) else str(value))
        Console(highlight=False).print(table)


@app.command()
def promote(version: int) -> None:
    """Serve a version that passed the gate; the present champion retires."""
    _change(lambda transaction: registry.promote(transaction, version))


@app.command()
def rollback() -> None:
    """Serve the previous champion."""
    _change(registry.roll_back)


def _change(change: Callable[[Session], ModelRow]) -> None:
    try:
        with session() as transaction:
            champion = change(transaction).version
            versions = registry.get_served_versions(transaction)
    except registry.PromotionRefusedError as error:
        fail(str(error), ExitCode.WRONG_INPUT)
    console = Console(highlight=False)
    console.print(f"version {champion} is the champion")
    announce(AnnouncementKind.MODEL, versions, console)


def _fields(row: ModelRow) -> dict[str, Any]:
    names = [
        column.key for column in ModelRow.__table__.columns if column.key not in {"regression_cases", "parameters"}
    ]
    values = {name: getattr(row, name) for name in names}
    return {
        name: value if isinstance(value, int | str | dict | list | None) else str(value)
        for name, value in values.items()
    }
