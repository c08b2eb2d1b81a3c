"""Stored forecasts as rows: what was asked, and through which day the answer knew results."""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from cs2 import calendar
from cs2.forecasting.probability import sigmoid
from cs2.messages import FORECASTS_COLLECTION

_FIELDS = (
    *("kind", "request.map_ids", "request.maps", "response.map.id", "response.maps.map.id", "response.best_of"),
    *(f"request.team{side}_{name}" for side in (1, 2) for name in ("player_ids", "players")),
    *(f"response.team{side}.{name}" for side in (1, 2) for name in ("id", "players.id")),
    *("response.played_on", "response.model"),
)

_OF_DRIFT = ("kind", "contributions", "request.map_ids", "request.maps")
_OF_QUESTION = ("team1_win_probability", "map.id", "maps.map.id", "best_of", "played_on", "team1.id", "team2.id")

COLUMNS = {
    "forecast_id": "str",
    "kind": "str",
    "unit": "int64",
    "team1_id": "int64",
    "team2_id": "int64",
    "played_on": "int64",
    "known_through": "int64",
    "lineup1": "object",
    "lineup2": "object",
    "named_maps": "object",
}
"""Columns of :func:`read_asked`."""


def day_number(text: str) -> int:
    """Days since 1970-01-01 of a day as YYYY-MM-DD."""
    return calendar.day_number(date.fromisoformat(text))


def read_asked(database: Any) -> pd.DataFrame:
    """Every stored forecast, one row each.

    Args:
        database: MongoDB, by a synchronous client.

    Returns:
        Rows in the order of their answers: ``unit`` is the map of a map, the best-of of a series; ``played_on`` the day
        that was asked for and ``known_through`` the last day of which model or ratings knew results (day numbers);
        ``lineup1`` and ``lineup2`` the five ids in ascending order where the question named them, else None;
        ``named_maps`` the ids of the maps that a question about a series named, else None.

    Raises:
        pymongo.errors.PyMongoError: If MongoDB does not answer.
    """
    found = database[FORECASTS_COLLECTION].find({}, dict.fromkeys(_FIELDS, 1)).sort("_id", 1)
    return asked_of(found)


def asked_of(documents: Iterator[Mapping[str, Any]]) -> pd.DataFrame:
    """Documents of forecasts as the rows of :func:`read_asked`."""
    rows = pd.DataFrame.from_records([_row(document) for document in documents], columns=list(COLUMNS))
    return rows.astype(COLUMNS)


def _row(document: Mapping[str, Any]) -> tuple[Any, ...]:
    request, answer = document["request"], document["response"]
    is_map = document.get("kind", "map") == "map"
    used = answer["model"]
    return (
        document["_id"],
        "map" if is_map else "series",
        answer["map"]["id"] if is_map else answer["best_of"],
        answer["team1"]["id"],
        answer["team2"]["id"],
        day_number(answer["played_on"]),
        max(day_number(used["ratings_as_of"]), day_number(used["trained_through"])),
        _named_lineup(request, answer, 1),
        _named_lineup(request, answer, 2),
        None if is_map else _named_maps(request, answer),
    )


def _named_lineup(request: Mapping[str, Any], answer: Mapping[str, Any], side: int) -> str | None:
    if request.get(f"team{side}_player_ids") is None and request.get(f"team{side}_players") is None:
        return None
    return ",".join(str(number) for number in sorted(player["id"] for player in answer[f"team{side}"]["players"]))


def _named_maps(request: Mapping[str, Any], answer: Mapping[str, Any]) -> frozenset[int] | None:
    if request.get("map_ids") is None and request.get("maps") is None:
        return None
    return frozenset(one["map"]["id"] for one in answer["maps"])


def count_asked(database: Any, first: date, last: date) -> int:
    """How many stored forecasts are of matches on these days.

    Raises:
        pymongo.errors.PyMongoError: If MongoDB does not answer.
    """
    days = {"$gte": str(first), "$lte": str(last)}
    return int(database[FORECASTS_COLLECTION].count_documents({"response.played_on": days}))


def read_recent(database: Any, model_version: int, kind: str, *, limit: int) -> pd.DataFrame:
    """The newest forecasts of maps, or of series on maps that nobody named, by a model, each question once.

    Args:
        database: MongoDB, by a synchronous client.
        model_version: The model.
        kind: map or series.
        limit: So many of the newest forecasts are looked at.

    Returns:
        What each feature added, by its name, and ``probability`` of team 1: of a series that of an average map of it,
        so that the best-of, which is the question's, does not count.

    Raises:
        pymongo.errors.PyMongoError: If MongoDB does not answer.
    """
    fields = dict.fromkeys((*_OF_DRIFT, *(f"response.{name}" for name in _OF_QUESTION)), 1)
    is_kind = kind if kind == "series" else {"$ne": "series"}  # the oldest documents of maps tell no kind
    found = database[FORECASTS_COLLECTION].find({"model_version": model_version, "kind": is_kind}, fields)
    rows: dict[tuple[Any, ...], dict[str, float]] = {}
    for document in found.sort("_id", -1).limit(limit):
        request, answer, contributions = document["request"], document["response"], document.get("contributions")
        if not contributions or (kind == "series" and _named_maps(request, answer) is not None):
            continue
        teams = sorted((answer["team1"]["id"], answer["team2"]["id"]))
        unit = answer["best_of"] if kind == "series" else answer["map"]["id"]
        probability = answer["team1_win_probability"]
        if kind == "series":
            probability = float(sigmoid(np.array(sum(contributions.values()))))
        rows.setdefault((unit, answer["played_on"], *teams), {**contributions, "probability": probability})
    return pd.DataFrame(list(rows.values()))
