"""Examples of requests and answers in the OpenAPI document."""

from typing import Any

from fastapi.openapi.models import Example

REQUEST_EXAMPLES: dict[str, Example] = {
    "latest lineups": {
        "summary": "By names, each team's latest five",
        "value": {"map": "Nuke", "team1": "Vitality", "team2": "FURIA"},
    },
    "named lineups": {
        "summary": "By ids, the players who play, on a day to come",
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

SERIES_EXAMPLES: dict[str, Example] = {
    "maps unknown": {
        "summary": "Averaged over likely vetoes",
        "value": {"team1": "Vitality", "team2": "FURIA", "best_of": 3},
    },
    "maps known": {
        "summary": "The maps in the order of play",
        "value": {"team1": "Vitality", "team2": "FURIA", "best_of": 3, "maps": ["Nuke", "Mirage", "Inferno"]},
    },
}

BATCH_EXAMPLES: dict[str, Example] = {
    "two": {
        "value": {
            "forecasts": [
                {"map": "Nuke", "team1": "Vitality", "team2": "FURIA"},
                {"map_id": 3, "team1_id": 12, "team2_id": 7},
            ]
        }
    },
}

_MODEL = {"version": 4, "trained_through": "2026-01-20", "ratings_as_of": "2026-01-20"}
_TEAMS = {
    "team1": {"id": 12, "name": "Vitality", "players": [{"id": 101, "name": "ZywOo"}]},
    "team2": {"id": 7, "name": "FURIA", "players": [{"id": 201, "name": "yuurih"}]},
}

ANSWER_EXAMPLE: dict[str, Any] = {
    "forecast_id": "019be2a1-7c3e-7d5a-9f0b-2f4f6f1f3c11",
    "team1_win_probability": 0.6312,
    "team2_win_probability": 0.3688,
    "interval": [0.52, 0.73],
    "warnings": ["team 2: 1 of five did not play its latest map"],
    "model": _MODEL,
    "map": {"id": 3, "name": "Nuke"},
    **_TEAMS,
    "played_on": "2026-01-24",
}

SERIES_ANSWER_EXAMPLE: dict[str, Any] = {
    "forecast_id": "019be2a1-7c3e-7d5a-9f0b-2f4f6f1f3c12",
    "best_of": 3,
    "team1_win_probability": 0.68,
    "team2_win_probability": 0.32,
    "interval": [0.41, 0.87],
    "scores": [
        {"team1_maps": 2, "team2_maps": 0, "probability": 0.43},
        {"team1_maps": 2, "team2_maps": 1, "probability": 0.25},
        {"team1_maps": 1, "team2_maps": 2, "probability": 0.17},
        {"team1_maps": 0, "team2_maps": 2, "probability": 0.15},
    ],
    "maps": [{"map": {"id": 3, "name": "Nuke"}, "team1_win_probability": 0.63, "chance_to_be_played": 0.55}],
    "warnings": [],
    "model": _MODEL,
    **_TEAMS,
    "played_on": "2026-01-24",
}
