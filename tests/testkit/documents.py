"""Documents of forecasts as the sink stores them."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import orjson
from uuid_utils import uuid7

from ingest_worker.events import Document, build_document


def forecast(
    played_on: str,
    *,
    team1: int = 1,
    team2: int = 2,
    map_id: int = 1,
    best_of: int | None = None,
    probability: float = 0.6,
    as_of: str | None = None,
    trained_through: str = "2025-12-31",
    lineup1: list[int] | None = None,
    named_maps: list[int] | None = None,
    **event: Any,
) -> Document:
    """Build a stored forecast of a map, or of a series if ``best_of`` is given, from ratings of the day before."""
    day_before = date.fromisoformat(played_on) - timedelta(days=1)
    forecast_id = str(uuid7())
    request: dict[str, Any] = {"team1_id": team1, "team2_id": team2, "team1_player_ids": lineup1}
    answer: dict[str, Any] = {
        "forecast_id": forecast_id,
        "team1_win_probability": probability,
        "team2_win_probability": 1 - probability,
        "interval": [max(probability - 0.3, 0.01), min(probability + 0.3, 0.99)],
        "warnings": [],
        "model": {"version": 1, "trained_through": trained_through, "ratings_as_of": as_of or str(day_before)},
        "team1": _team(team1, lineup1),
        "team2": _team(team2, None),
        "played_on": played_on,
    }
    if best_of is None:
        request["map_id"] = map_id
        answer["map"] = {"id": map_id, "name": f"map {map_id}"}
    else:
        request |= {"best_of": best_of, "map_ids": named_maps}
        maps = [{"id": one, "name": f"map {one}"} for one in named_maps or [1, 2, 3]]
        answer |= {
            "best_of": best_of,
            "scores": [],
            "maps": [{"map": one, "team1_win_probability": 0.5, "chance_to_be_played": 1.0} for one in maps],
        }
    common = {"event_id": forecast_id, "occurred_at": datetime.now(UTC), "user_id": 1, "model_version": 1}
    content = {"kind": "map" if best_of is None else "series", "request": request, "response": answer}
    return build_document(orjson.dumps({**common, **content, "snapshot_id": 1, "latency_ms": 1.0, **event}))


def _team(number: int, lineup: list[int] | None) -> dict[str, Any]:
    players = [{"id": one, "name": f"player {one}"} for one in lineup or ()]
    return {"id": number, "name": f"team {number}", "players": players}
