"""``cs2 maps``: show and change the active map pool. Needs PostgreSQL, not the API."""

from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from sqlalchemy import func, select

from cli.database import announce, fail, session
from cli.exit_codes import ExitCode
from cs2.messages import AnnouncementKind
from cs2.storage import model_registry as registry
from cs2.storage.dictionaries import Map

app = typer.Typer(no_args_is_help=True, help="Manage the active map pool: list, retire, restore.")

MapName = Annotated[str, typer.Argument(help="Name of a map; case does not matter.")]


@app.command("list")
def list_maps() -> None:
    """List the maps in the order of their ids: active, rarely played, or retired by an admin."""
    from cs2.forecasting.ratings.map_pool import active_maps
    from cs2.forecasting.ratings.snapshot import FEATURES_VERSION, RatingSnapshot

    with session() as transaction:
        maps = list(transaction.scalars(select(Map).order_by(Map.id)))
        newest = registry.get_latest_snapshot(transaction)
        data = newest.data if newest and newest.features_version == FEATURES_VERSION else None
    active: set[int] = set()
    if data is not None:
        snapshot = RatingSnapshot.from_bytes(data)
        active = set(active_maps(snapshot.state, snapshot.as_of).nonzero()[0].tolist())
    table = Table("id", "name", "pool", box=None)
    for row in maps:
        table.add_row(str(row.id), row.name, "retired" if row.retired else "active" if row.id in active else "rare")
    Console(highlight=False).print(table if maps else "no map is stored yet: cs2 ingest")


@app.command()
def retire(name: MapName) -> None:
    """Exclude a map from the active pool: its forecasts get a warning, and series forecasts leave it out."""
    _change(name, retired=True)


@app.command()
def restore(name: MapName) -> None:
    """Undo `retire`: the map is in the pool if it is at least 2% of the maps of the last 90 days."""
    _change(name, retired=False)


def _change(name: str, *, retired: bool) -> None:
    with session() as transaction:
        row = transaction.scalars(select(Map).where(func.lower(Map.name) == name.strip().lower())).one_or_none()
        if row is None:
            fail(f"no map has the name {name}; see: cs2 maps list", ExitCode.WRONG_INPUT)
        row.retired = retired
        versions = registry.get_served_versions(transaction)
    console = Console(highlight=False)
    console.print(f"{row.name} is {'retired now' if retired else 'in the pool now, if it is played often enough'}")
    announce(AnnouncementKind.RATINGS, versions, console)
