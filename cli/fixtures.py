"""``cs2 fixtures``: the matches to come, each with its newest automatic forecast. Needs PostgreSQL, not the API."""

import json
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from cli.database import session
from cli.stack.layout import settings_of_running_stack


def fixtures(
    limit: Annotated[int, typer.Option(min=1, help="So many of the next matches.")] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Matches that were announced and have not begun, the next one first, with what the system forecast by itself."""
    from cs2.storage.fixtures import upcoming
    from serving.fixtures.schemas import build_fixture

    with session() as rows:
        found = [build_fixture(row) for row in rows.execute(upcoming(settings_of_running_stack().now(), limit=limit))]
    if as_json:
        typer.echo(json.dumps([one.model_dump(mode="json") for one in found], indent=2))
        return
    table = Table("start (UTC)", "event", "best of", "team 1", "team 2", "forecast", "95%", box=None)
    for one in found:
        told = ("-", "-")
        if one.forecast:
            low, high = one.forecast.interval
            told = (f"{one.forecast.team1_win_probability:.3f}", f"{low:.2f}-{high:.2f}")
        best_of = str(one.best_of or "-")
        table.add_row(
            f"{one.start_time:%Y-%m-%d %H:%M}", one.event or "-", best_of, one.team1.name, one.team2.name, *told
        )
    Console(highlight=False).print(table if found else "no match to come is announced")
