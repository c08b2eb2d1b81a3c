"""What the demo prints: forecasts beside results, the history, one explanation, and the automatic forecasts."""

import time
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Column, Table

from cli.api import SERIES_PATH

if TYPE_CHECKING:
    from cli.api import Api
    from cli.demo_matches import DemoMatch, DemoMatches
    from cli.stack.layout import Layout

ROWS = 20
HISTORY_SECONDS = 60
AUTOMATIC_DAYS = 7


class DemoError(Exception):
    """The demo cannot continue; the message says why."""


def show_beside_outcomes(console: Console, matches: "DemoMatches", answers: Sequence[dict[str, Any]]) -> None:
    """Print the last forecasts beside the results, and the log loss of all forecasts.

    Raises:
        DemoError: If there are no matches.
    """
    import numpy as np

    from cli.demo_matches import outcomes
    from cs2.forecasting.evaluation import metrics

    known = matches.known
    if not known:
        raise DemoError(f"there are no {matches.unit} in the last days whose teams and players have earlier results")
    table = Table(Column("day", no_wrap=True), "map", "team 1", "team 2", "forecast", "95%", "Elo", "won", box=None)
    for match, answer in list(zip(known, answers, strict=True))[-ROWS:]:
        low, high = answer["interval"]
        table.add_row(
            *match.label,
            f"{answer['team1_win_probability']:.3f}",
            f"{low:.2f}-{high:.2f}",
            f"{match.elo:.3f}",
            "team 1" if match.team1_won else "team 2",
        )
    console.print(f"\nThe last {min(ROWS, len(known))} of them, forecast beside result:")
    console.print(table)
    elo, won = outcomes(known)
    probability = np.array([answer["team1_win_probability"] for answer in answers])
    outcome = won.astype(bool)
    console.print(
        f"\nLog loss on {len(known)} {matches.unit}: forecasts {metrics.log_loss(probability, outcome):.4f},"
        f" team Elo {metrics.log_loss(elo, outcome):.4f}, a coin {np.log(2):.4f}."
    )
    console.print("This is no evidence: two weeks are too short to compare forecasters (see docs/quality.md).")


def check_history(console: Console, layout: "Layout", ids: Sequence[str]) -> None:
    """Find every forecast in MongoDB by its id.

    Raises:
        DemoError: If one is missing.
    """
    import pymongo

    from cs2.messages import FORECASTS_COLLECTION

    client: pymongo.MongoClient[dict[str, Any]] = pymongo.MongoClient(layout.mongo)
    try:
        forecasts = client["cs2"][FORECASTS_COLLECTION]
        deadline = time.monotonic() + HISTORY_SECONDS
        while (count := forecasts.count_documents({"_id": {"$in": list(ids)}})) < len(ids):
            if time.monotonic() > deadline:
                break
            time.sleep(0.2)
    finally:
        client.close()
    console.print(f"Read back from MongoDB by id: {count} of {len(ids)} forecasts found.")
    if count < len(ids):
        raise DemoError(f"{len(ids) - count} forecasts are missing in the history")


def show_explanation(console: Console, api: "Api", match: "DemoMatch", answer: dict[str, Any]) -> None:
    """Print the explanation of a forecast, and the forecast of a series of the same teams."""
    from cli.forecast import show
    from cli.history import show_reasons

    console.print("\nThe last of them, read back over GET /forecast/{id}:")
    forecast = api.request("GET", f"/forecast/{answer['forecast_id']}")
    show(forecast["answer"], console)
    show_reasons(forecast["explanation"], console)
    series = {name: value for name, value in match.request.items() if name != "map_id"}
    console.print("\nThe same teams in a series whose maps are not known yet, by POST /forecast/series:")
    show(api.request("POST", SERIES_PATH, json={**series, "best_of": 3}), console)


def show_automatic(console: Console, api: "Api", cut: date) -> None:
    """Print the automatic forecasts of the announced matches.

    Raises:
        DemoError: If a match of the next days has no forecast.
    """
    last = cut + timedelta(days=AUTOMATIC_DAYS)
    deadline = time.monotonic() + HISTORY_SECONDS
    while True:
        fixtures = api.request("GET", "/fixtures", params={"limit": 200})["items"]
        near = [fixture for fixture in fixtures if datetime.fromisoformat(fixture["start_time"]).date() <= last]
        missing = [fixture for fixture in near if fixture["forecast"] is None and fixture["best_of"] != 2]
        if not missing or time.monotonic() > deadline:
            break
        time.sleep(0.2)
    if not near:
        console.print("\nAutomatic forecasts: none, because the source announces no matches.")
        return
    if missing:
        raise DemoError(f"{len(missing)} of {len(near)} announced matches have no automatic forecast")
    first = near[0]
    console.print(
        f"\nAutomatic forecasts: all {len(near)} announced matches of the next {AUTOMATIC_DAYS} days. The next one is\n"
        f"{first['team1']['name']} against {first['team2']['name']} on {first['start_time'][:10]}:"
        f" {first['forecast']['team1_win_probability']:.3f}. They are public: GET /track-record, or cs2 fixtures."
    )
