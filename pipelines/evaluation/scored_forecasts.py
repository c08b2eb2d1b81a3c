"""Scored forecasts as rows: a forecast with its outcome."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import pandas as pd

from cs2.messages import FORECASTS_COLLECTION, OUTCOMES_COLLECTION
from pipelines.evaluation.stored_forecasts import day_number

BASELINES = ("team_elo", "player_elo")
"""Baselines of an outcome, in the order of the columns of ``cs2.forecasting.evaluation.baselines.elo_log_odds``."""

FORECASTERS = {"forecast": "probability", "team Elo": "team_elo", "player Elo": "player_elo"}
"""Columns with a probability of team 1, by the forecaster's name in tables and plots."""

_FIELDS = (
    *("kind", "model_version", "fixture_id", "response.played_on", "response.map", "response.best_of"),
    *("response.team1_win_probability", "response.interval"),
    *(f"response.team{side}.{name}" for side in (1, 2) for name in ("id", "name")),
)

COLUMNS = {
    "forecast_id": "str",
    "kind": "str",
    "model_version": "int64",
    "is_automatic": "bool",
    "map": "str",
    "match": "object",
    "title": "str",
    "day": "int64",
    "week": "str",
    "tier": "str",
    "probability": "float64",
    "low": "float64",
    "high": "float64",
    "team_elo": "float64",
    "player_elo": "float64",
    "won": "bool",
}


def read_scored_forecasts(database: Any) -> pd.DataFrame:
    """Read every scored forecast, one row each, in the order of their ids.

    Args:
        database: MongoDB, by a synchronous client.

    Returns:
        Columns of :data:`COLUMNS`. ``match`` is equal for all forecasts of one match. ``title`` names both teams.
        ``day`` is the match's first day, ``week`` the ISO week of that day. ``won`` is whether the forecast's team 1
        won. All probabilities are those of team 1.

    Raises:
        pymongo.errors.PyMongoError: If MongoDB does not answer.
    """
    outcomes = {document["_id"]: document for document in database[OUTCOMES_COLLECTION].find()}
    documents = database[FORECASTS_COLLECTION].find({}, dict.fromkeys(_FIELDS, 1)).sort("_id", 1) if outcomes else ()
    rows = [_row(document, outcomes[document["_id"]]) for document in documents if document["_id"] in outcomes]
    return pd.DataFrame.from_records(rows, columns=list(COLUMNS)).astype(COLUMNS)


def _row(forecast: Mapping[str, Any], outcome: Mapping[str, Any]) -> tuple[Any, ...]:
    answer = forecast["response"]
    kind, day = forecast.get("kind", "map"), outcome["played_on"]
    unit = answer["map"]["id"] if kind == "map" else answer["best_of"]
    low, high = answer["interval"]
    return (
        forecast["_id"],
        kind,
        forecast["model_version"],
        forecast.get("fixture_id") is not None,
        answer["map"]["name"] if kind == "map" else "",
        (kind, day, *sorted((answer["team1"]["id"], answer["team2"]["id"])), unit),
        f"{answer['team1']['name']} – {answer['team2']['name']}",
        day_number(day),
        date.fromisoformat(day).strftime("%G-W%V"),
        outcome["tier"],
        answer["team1_win_probability"],
        low,
        high,
        *(outcome["baselines"][name] for name in BASELINES),
        outcome["winner"] == 1,
    )


def latest_per_match(scored: pd.DataFrame, *, per_model: bool = False) -> pd.DataFrame:
    """Keep one forecast per match: its last automatic forecast if it has one, else the last requested one.

    So a match counts once however many requests there are, and no request can replace the automatic forecast.

    Args:
        scored: Scored forecasts.
        per_model: Keep one forecast per match and model version.
    """
    ordered = scored.sort_values(["is_automatic", "forecast_id"])
    key = ["model_version", "match"] if per_model else ["match"]
    return ordered.drop_duplicates(key, keep="last").sort_values("forecast_id")
