"""``cs2 maps``: the active pool. Needs PostgreSQL, not the API."""

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

app = typer.Typer(no_args_is_help=True, help="Maps: list, take one out of the active pool, bring it back.")

MapName = Annotated[str, typer.Argument(help="Name of a map; upper and lower case are the same.")]


@app.command("list")
def list_maps() -> None:
    """Maps in the order of their ids; whether they are in the active pool, and who says so."""
    from cs2.forecasting.ratings.map_pool import active_maps
    from cs2.forecasting.ratings.snapshot import FEATURES_VERSION, RatingSnapshot

    with session() as rows:
        maps = list(rows.scalars(select(Map).order_by(Map.id)))
        newest = registry.get_latest_snapshot(rows)
        data = newest.data if newest and newest.features_version == FEATURES_VERSION else None
    active: set[int] = set()
    if data is not None:
        snapshot = RatingSnapshot.from_bytes(data)
        active = set(active_maps(snapshot.state, snapshot.as_of).nonzero()[0].tolist())
    table = Table("id", "name", "pool", box=None)
    for row in maps:
        table.add_row(str(row.id), row.name, "retired" if row.retired else "active" if row.id in active else "rare")
    Console(highlight=False).print(table if maps else "no map was ever stored: cs2 ingest")


@app.command()
def retire(name: MapName) -> None:
    """Take a map out of the active pool: forecasts on it warn, and no veto leads to it."""
    _change(name, retired=True)


@app.command()
def restore(name: MapName) -> None:
    """Take the word back: a map is in the pool again where it is at least 2% of the maps of 90 days."""
    _change(name, retired=False)


def _change(name: str, *, retired: bool) -> None:
    with session() as rows:
        found = rows.scalars(select(Map).where(func.lower(Map.name) == name.strip().lower())).one_or_none()
        if found is not None:
            found.retired = retired
        now = registry.get_served_versions(rows)
    if found is None:
        fail(f"no map is called {name}; see: cs2 maps list", ExitCode.WRONG_INPUT)
    console = Console(highlight=False)
    console.print(f"{found.name} is {'retired' if retired else 'in the pool where it is played enough'} now")
    announce(AnnouncementKind.RATINGS, now, console)
