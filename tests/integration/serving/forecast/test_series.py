"""``POST /forecast/series``."""

from typing import Any

import httpx
import pytest
import redis.asyncio

from cs2.forecasting.probability import sigmoid
from cs2.messages import ANY_EVENT, EVENT_FIELD, EVENTS_STREAM, SeriesEvent
from tests.testkit.published_models import Models
from tests.testkit.service import Running, Service

PATH = "/forecast/series"


async def post_series(service: Service, **changes: Any) -> httpx.Response:
    question = {"team1": "Vitality", "team2": "FURIA", **changes}
    headers = {"Authorization": f"Bearer {service.token()}"}
    body = {name: value for name, value in question.items() if value is not ...}
    return await service.client.post(PATH, json=body, headers=headers)


async def test_a_request_without_a_token_is_refused(shared_service: Service) -> None:
    response = await shared_service.client.post(PATH, json={"team1": "Vitality", "team2": "FURIA"})
    assert response.status_code == 401


@pytest.mark.parametrize("best_of", [1, 3, 5])
async def test_swapped_sides_give_the_mirrored_score_lines(shared_service: Service, best_of: int) -> None:
    answer = (await post_series(shared_service, best_of=best_of)).json()
    other = (await post_series(shared_service, best_of=best_of, team1="FURIA", team2="Vitality")).json()
    scores = {(one["team1_maps"], one["team2_maps"]): one["probability"] for one in answer["scores"]}
    needed = best_of // 2 + 1
    assert len(scores) == 2 * needed
    assert sum(scores.values()) == pytest.approx(1, abs=1e-12)
    won = sum(p for (one, two), p in scores.items() if one > two)
    assert answer["team1_win_probability"] == pytest.approx(won, abs=1e-12)
    assert other["team2_win_probability"] == pytest.approx(answer["team1_win_probability"], abs=1e-12)
    low, high = answer["interval"]
    assert low < answer["team1_win_probability"] < high
    assert other["interval"] == pytest.approx([1 - high, 1 - low], abs=1e-12)


async def test_a_best_of_one_on_a_named_map_equals_its_map_forecast(shared_service: Service) -> None:
    alone = (await shared_service.forecast()).json()
    series = (await post_series(shared_service, best_of=1, maps=["Nuke"])).json()
    assert series["team1_win_probability"] == pytest.approx(alone["team1_win_probability"], abs=1e-12)
    assert series["interval"] == pytest.approx(alone["interval"], abs=1e-12)
    (played,) = series["maps"]
    assert played["map"]["name"] == "Nuke"
    assert played["chance_to_be_played"] == 1
    assert played["team1_win_probability"] == pytest.approx(alone["team1_win_probability"], abs=1e-12)


async def test_the_event_holds_request_and_contributions(shared_service: Service, redis_url: str) -> None:
    answer = (await post_series(shared_service)).json()
    async with redis.asyncio.Redis.from_url(redis_url) as client:
        ((_, fields),) = await client.xrange(EVENTS_STREAM)
    event = ANY_EVENT.validate_json(fields[EVENT_FIELD])
    assert isinstance(event, SeriesEvent)
    assert event.response.model_dump(mode="json") == answer
    assert event.request.best_of == 3
    assert event.user_id == 1
    on_a_map = float(sigmoid(sum(event.contributions.values())))
    assert on_a_map == pytest.approx(answer["maps"][0]["team1_win_probability"], abs=1e-9)


async def test_a_longer_series_favours_the_stronger_team(shared_service: Service) -> None:
    probabilities = [
        (await post_series(shared_service, best_of=best_of)).json()["team1_win_probability"] for best_of in (1, 3, 5)
    ]
    assert 0.5 < probabilities[0] < probabilities[1] < probabilities[2]


@pytest.mark.parametrize(
    ("changes", "kind", "field", "right"),
    [
        ({"best_of": 2}, "invalid-request", "best_of", "1, 3 or 5"),
        ({"best_of": "3 maps"}, "invalid-request", "best_of", "1, 3 or 5"),
        ({"maps": ["Nuke"]}, "number-of-maps", "maps", "3 maps, not 1"),
        ({"best_of": 3, "maps": ["Nuke", "Mirage", "Nuke"]}, "repeated-map", "maps", "twice"),
        ({"best_of": 1, "maps": ["Nuk"]}, "unknown-map", "maps", "did you mean Nuke?"),
        ({"best_of": 1, "map_ids": [999_999]}, "unknown-map", "map_ids", "GET /maps"),
        ({"best_of": 1, "map_ids": [1], "maps": ["Nuke"]}, "invalid-request", "map_ids", "not both"),
        ({"team1": ...}, "invalid-request", "team1_id", "exactly one"),
        ({"team2": "Vitality"}, "same-team", "team2", "another team"),
        ({"played_on": "2025-12-30"}, "day-in-the-past", "played_on", "2025-12-31"),
        ({"map": "Nuke"}, "invalid-request", "map", "not permitted"),
    ],
)
async def test_a_wrong_field_is_named(
    shared_service: Service, changes: dict[str, Any], kind: str, field: str, right: str
) -> None:
    response = await post_series(shared_service, **changes)
    assert response.status_code == 422, response.text
    assert response.json()["type"] == f"urn:cs2-forecast:problem:{kind}"
    (error,) = response.json()["errors"]
    assert error["field"] == field
    assert right in error["message"]


async def test_without_a_champion_the_request_is_refused(running: Running, models: Models) -> None:
    async with running() as service:
        response = await post_series(service)
        assert (response.status_code, response.json()["type"]) == (503, "urn:cs2-forecast:problem:no-model")
