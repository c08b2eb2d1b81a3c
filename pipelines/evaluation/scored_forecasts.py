"""Judged forecasts as rows: what was forecast beside what happened."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import pandas as pd

from cs2.messages import FORECASTS_COLLECTION, OUTCOMES_COLLECTION
from pipelines.evaluation.stored_forecasts import day_number

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


def read_judged(database: Any) -> pd.DataFrame:
    """Every judged forecast, one row each, in the order of their answers.

    Args:
        database: MongoDB, by a synchronous client.

    Returns:
        Columns of :data:`COLUMNS`; ``match`` is the same for all forecasts of one match, ``title`` both teams, ``day``
        its first day, ``week`` the ISO week of it, ``won`` whether the forecast's team 1 won; all probabilities are
        those of team 1.

    Raises:
        pymongo.errors.PyMongoError: If MongoDB does not answer.
    """
    outcomes = {document["_id"]: document for document in database[OUTCOMES_COLLECTION].find()}
    found = database[FORECASTS_COLLECTION].find({}, dict.fromkeys(_FIELDS, 1)).sort("_id", 1) if outcomes else ()
    rows = [_row(document, outcomes[document["_id"]]) for document in found if document["_id"] in outcomes]
    return pd.DataFrame.from_records(rows, columns=list(COLUMNS)).astype(COLUMNS)


def _row(forecast: Mapping[str, Any], outcome: Mapping[str, Any]) -> tuple[Any, ...]:
    answer = forecast["response"]
    kind, day = forecast.get("kind", "map"), outcome["played_on"]
    played = answer["map"]["id"] if kind == "map" else answer["best_of"]
    low, high = answer["interval"]
    return (
        forecast["_id"],
        kind,
        forecast["model_version"],
        forecast.get("fixture_id") is not None,
        answer["map"]["name"] if kind == "map" else "",
        (kind, day, *sorted((answer["team1"]["id"], answer["team2"]["id"])), played),
        f"{answer['team1']['name']} – {answer['team2']['name']}",
        day_number(day),
        date.fromisoformat(day).strftime("%G-W%V"),
        outcome["tier"],
        answer["team1_win_probability"],
        low,
        high,
        outcome["baselines"]["team_elo"],
        outcome["baselines"]["player_elo"],
        outcome["winner"] == 1,
    )


def one_a_match(judged: pd.DataFrame, *, of_each_model: bool = True) -> pd.DataFrame:
    """Each match once a model, or once: its last automatic forecast where there is one, else the last one asked for.

    However often somebody asks, a match counts once; and nobody can push the system's own forecast aside.
    """
    ordered = judged.sort_values(["is_automatic", "forecast_id"])
    by = ["model_version", "match"] if of_each_model else ["match"]
    return ordered.drop_duplicates(by, keep="last").sort_values("forecast_id")
