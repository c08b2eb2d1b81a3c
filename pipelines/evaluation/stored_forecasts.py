"""Stored forecasts as rows: the question, and the last day whose results the answer knew."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from cs2 import calendar
from cs2.forecasting.model.features import FEATURE_NAMES, STORED_FEATURE_NAMES
from cs2.forecasting.probability import sigmoid
from cs2.messages import FORECASTS_COLLECTION

_FIELDS = (
    *("kind", "request.map_ids", "request.maps", "response.map.id", "response.maps.map.id", "response.best_of"),
    *(f"request.team{side}_{name}" for side in (1, 2) for name in ("player_ids", "players")),
    *(f"response.team{side}.{name}" for side in (1, 2) for name in ("id", "players.id")),
    *("response.played_on", "response.model"),
)

_DRIFT_FIELDS = (
    *("kind", "contributions", "request.map_ids", "request.maps", "response.team1_win_probability"),
    *("response.map.id", "response.maps.map.id", "response.best_of", "response.played_on"),
    *("response.team1.id", "response.team2.id"),
)

_FEATURE_OF_STORED = dict(zip(STORED_FEATURE_NAMES, FEATURE_NAMES, strict=True))

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
"""Columns of :func:`read_forecasts`."""


def day_number(text: str) -> int:
    """Days since 1970-01-01 of a day as YYYY-MM-DD."""
    return calendar.day_number(date.fromisoformat(text))


def read_forecasts(database: Any) -> pd.DataFrame:
    """Read every stored forecast, one row each, in the order of their ids.

    Args:
        database: MongoDB, by a synchronous client.

    Returns:
        Columns of :data:`COLUMNS`. ``unit`` is the map of a map, the best-of of a series. ``played_on`` is the
        requested day, ``known_through`` the last day whose results the model or its ratings knew (day numbers).
        ``lineup1`` and ``lineup2`` are the five player ids in ascending order if the request named them, else None.
        ``named_maps`` is the set of maps if a request for a series named them, else None.

    Raises:
        pymongo.errors.PyMongoError: If MongoDB does not answer.
    """
    return parse_forecasts(database[FORECASTS_COLLECTION].find({}, dict.fromkeys(_FIELDS, 1)).sort("_id", 1))


def parse_forecasts(documents: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """Turn documents of forecasts into the rows of :func:`read_forecasts`."""
    rows = pd.DataFrame.from_records([_row(document) for document in documents], columns=list(COLUMNS))
    return rows.astype(COLUMNS)


def _row(document: Mapping[str, Any]) -> tuple[Any, ...]:
    request, answer = document["request"], document["response"]
    is_map = document.get("kind", "map") == "map"
    model = answer["model"]
    return (
        document["_id"],
        "map" if is_map else "series",
        answer["map"]["id"] if is_map else answer["best_of"],
        answer["team1"]["id"],
        answer["team2"]["id"],
        day_number(answer["played_on"]),
        max(day_number(model["ratings_as_of"]), day_number(model["trained_through"])),
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


def count_forecasts(database: Any, first: date, last: date) -> int:
    """Count the stored forecasts of matches on some days, both ends included.

    Raises:
        pymongo.errors.PyMongoError: If MongoDB does not answer.
    """
    days = {"$gte": str(first), "$lte": str(last)}
    return int(database[FORECASTS_COLLECTION].count_documents({"response.played_on": days}))


def read_recent_contributions(database: Any, model_version: int, kind: str, *, limit: int) -> pd.DataFrame:
    """Read the features' contributions to a model's newest forecasts, each question once.

    Series on named maps are left out: their contributions are means over other maps than those of the training.

    Args:
        database: MongoDB, by a synchronous client.
        model_version: The model.
        kind: map or series.
        limit: How many of the newest forecasts are read.

    Returns:
        One column per feature with its contribution, and ``probability`` of team 1. For a series it is the
        probability of an average map, so that the best-of does not count.

    Raises:
        pymongo.errors.PyMongoError: If MongoDB does not answer.
    """
    is_kind = kind if kind == "series" else {"$ne": "series"}  # the oldest documents of maps have no kind
    query = {"model_version": model_version, "kind": is_kind}
    documents = database[FORECASTS_COLLECTION].find(query, dict.fromkeys(_DRIFT_FIELDS, 1)).sort("_id", -1)
    rows: dict[tuple[Any, ...], dict[str, float]] = {}
    for document in documents.limit(limit):
        request, answer, contributions = document["request"], document["response"], document.get("contributions")
        if not contributions or (kind == "series" and _named_maps(request, answer) is not None):
            continue
        teams = sorted((answer["team1"]["id"], answer["team2"]["id"]))
        unit = answer["best_of"] if kind == "series" else answer["map"]["id"]
        probability = answer["team1_win_probability"]
        if kind == "series":
            probability = float(sigmoid(np.array(sum(contributions.values()))))
        by_feature = {_FEATURE_OF_STORED.get(name, name): value for name, value in contributions.items()}
        rows.setdefault((unit, answer["played_on"], *teams), {**by_feature, "probability": probability})
    return pd.DataFrame(list(rows.values()))
