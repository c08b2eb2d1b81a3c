"""``cs2 fixtures``: upcoming matches, each with its newest automatic forecast. Needs PostgreSQL, not the API."""

import json
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from cli.database import session
from cli.stack.layout import settings_of_running_stack


def fixtures(
    limit: Annotated[int, typer.Option(min=1, help="How many of the next matches.")] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List the announced matches that have not begun, the next one first, with their automatic forecasts."""
    from cs2.storage.fixtures import upcoming
    from serving.fixtures.schemas import build_fixture

    with session() as rows:
        upcoming_fixtures = [
            build_fixture(row) for row in rows.execute(upcoming(settings_of_running_stack().now(), limit=limit))
        ]
    if as_json:
        typer.echo(json.dumps([fixture.model_dump(mode="json") for fixture in upcoming_fixtures], indent=2))
        return
    table = Table("start (UTC)", "event", "best of", "team 1", "team 2", "forecast", "95%", box=None)
    for fixture in upcoming_fixtures:
        numbers = ("-", "-")
        if fixture.forecast:
            low, high = fixture.forecast.interval
            numbers = (f"{fixture.forecast.team1_win_probability:.3f}", f"{low:.2f}-{high:.2f}")
        table.add_row(
            f"{fixture.start_time:%Y-%m-%d %H:%M}",
            fixture.event or "-",
            str(fixture.best_of or "-"),
            fixture.team1.name,
            fixture.team2.name,
            *numbers,
        )
    Console(highlight=False).print(table if upcoming_fixtures else "no upcoming match is announced")
