"""Examples of questions and of an answer, for the API's document."""

from typing import Any

from fastapi.openapi.models import Example

REQUEST_EXAMPLES: dict[str, Example] = {
    "latest lineups": {
        "summary": "Each team's latest five",
        "value": {"map_id": 3, "team1_id": 12, "team2_id": 7},
    },
    "named lineups": {
        "summary": "The players who play, on a day to come",
        "value": {
            "map_id": 3,
            "team1_id": 12,
            "team2_id": 7,
            "team1_player_ids": [101, 102, 103, 104, 105],
            "team2_player_ids": [201, 202, 203, 204, 205],
            "played_on": "2026-01-24",
        },
    },
}

ANSWER_EXAMPLE: dict[str, Any] = {
    "forecast_id": "019be2a1-7c3e-7d5a-9f0b-2f4f6f1f3c11",
    "team1_win_probability": 0.6312,
    "team2_win_probability": 0.3688,
    "interval": [0.52, 0.73],
    "warnings": ["team 2: 1 of five did not play its latest map"],
    "model": {"version": 4, "trained_through": "2026-01-20", "ratings_as_of": "2026-01-20"},
    "map": {"id": 3, "name": "Nuke"},
    "team1": {"id": 12, "name": "Vitality", "players": [{"id": 101, "name": "ZywOo"}]},
    "team2": {"id": 7, "name": "FURIA", "players": [{"id": 201, "name": "yuurih"}]},
    "played_on": "2026-01-24",
}
