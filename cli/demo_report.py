"""What the demo shows of the answers: beside the outcomes, in the history, one of them closely."""

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

SHOWN = 20
HISTORY_SECONDS = 60
AUTOMATIC_DAYS = 7


class DemoError(Exception):
    """The demo cannot go on; the message says why."""


def show_beside_outcomes(console: Console, wanted: "DemoMatches", answers: Sequence[dict[str, Any]]) -> None:
    """The last forecasts beside what happened, and the log loss of all.

    Raises:
        DemoError: If nothing was asked.
    """
    import numpy as np

    from cli.demo_matches import outcomes
    from cs2.forecasting.evaluation import metrics

    asked = wanted.asked
    if not asked:
        raise DemoError(f"there are no {wanted.unit} in the last days that the service could be asked about")
    table = Table(Column("day", no_wrap=True), "map", "team 1", "team 2", "forecast", "95%", "Elo", "won", box=None)
    for question, answer in list(zip(asked, answers, strict=True))[-SHOWN:]:
        low, high = answer["interval"]
        table.add_row(
            *question.label,
            f"{answer['team1_win_probability']:.3f}",
            f"{low:.2f}-{high:.2f}",
            f"{question.elo:.3f}",
            "team 1" if question.team1_won else "team 2",
        )
    console.print(f"\nThe last {min(SHOWN, len(asked))} of them, forecast beside outcome:")
    console.print(table)
    elo, won = outcomes(asked)
    ours = np.array([answer["team1_win_probability"] for answer in answers])
    outcome = won.astype(bool)
    console.print(
        f"\nLog loss on {len(asked)} {wanted.unit}: forecasts {metrics.log_loss(ours, outcome):.4f},"
        f" team Elo {metrics.log_loss(elo, outcome):.4f}, a coin {np.log(2):.4f}."
    )
    console.print("A show, not evidence: two weeks are too few to tell forecasters apart (docs/quality.md has years).")


def read_back(console: Console, layout: "Layout", ids: Sequence[str]) -> None:
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
        while (found := forecasts.count_documents({"_id": {"$in": list(ids)}})) < len(ids):
            if time.monotonic() > deadline:
                break
            time.sleep(0.2)
    finally:
        client.close()
    console.print(f"Read back from MongoDB by id: {found} of {len(ids)} forecasts found.")
    if found < len(ids):
        raise DemoError(f"{len(ids) - found} forecasts are missing in the history")


def show_one_closely(console: Console, api: "Api", question: "DemoMatch", answer: dict[str, Any]) -> None:
    """The reasons of a forecast, and the series of the same teams."""
    from cli.forecast import show
    from cli.history import show_reasons

    console.print("\nThe last of them, read back over GET /forecast/{id}:")
    found = api.request("GET", f"/forecast/{answer['forecast_id']}")
    show(found["answer"], console)
    show_reasons(found["explanation"], console)
    series = {name: value for name, value in question.request.items() if name != "map_id"}
    console.print("\nThe same teams in a series, by POST /forecast/series, its maps not known yet:")
    show(api.request("POST", SERIES_PATH, json={**series, "best_of": 3}), console)


def show_automatic(console: Console, api: "Api", cut: date) -> None:
    """What the system forecast by itself of the matches that the source announces.

    Raises:
        DemoError: If a match of the next days has no forecast.
    """
    last = cut + timedelta(days=AUTOMATIC_DAYS)
    deadline = time.monotonic() + HISTORY_SECONDS
    while True:
        found = api.request("GET", "/fixtures", params={"limit": 200})["items"]
        near = [one for one in found if datetime.fromisoformat(one["start_time"]).date() <= last]
        missing = [one for one in near if one["forecast"] is None and one["best_of"] != 2]
        if not missing or time.monotonic() > deadline:
            break
        time.sleep(0.2)
    if not near:
        console.print("\nAutomatic forecasts: none, as the source announces no matches to come.")
        return
    if missing:
        raise DemoError(f"{len(missing)} of {len(near)} matches to come have no automatic forecast")
    first = near[0]
    console.print(
        f"\nAutomatic forecasts: all {len(near)} matches of the next {AUTOMATIC_DAYS} days, before they start and with"
        f" nobody asking; the next one is\n{first['team1']['name']} against {first['team2']['name']} on"
        f" {first['start_time'][:10]}: {first['forecast']['team1_win_probability']:.3f}. All of them, for everybody:"
        " GET /track-record, or cs2 fixtures."
    )
