"""Every operation returns each of its documented statuses."""

from typing import Any

import httpx
import pymongo
import pytest
from uuid_utils import uuid7

from cs2.storage.model_registry import ModelStatus
from serving.app import create_app
from tests.testkit.accounts import users
from tests.testkit.every_status import ACCOUNT, QUESTION, Case, cases, documented
from tests.testkit.published_models import Models, change_model
from tests.testkit.service import Running, Service
from tests.testkit.sink import Sink

ALL = list(cases())
STATES = sorted({case.state for case in ALL})
NOWHERE = "127.0.0.1:1"
CHANGES: dict[str, dict[str, Any]] = {
    "usual": {"login_attempts_per_address_per_minute": 10**6, "login_attempts_per_minute": 10**6},
    "one model": {},
    "no postgres": {"database_url": f"postgresql+psycopg://cs2@{NOWHERE}/cs2"},
    "no mongo": {"mongo_url": f"mongodb://{NOWHERE}/?directConnection=true"},
    "no model": {},
    "no attempts left": {"login_attempts_per_address_per_minute": 1},
}
"""Changes of the settings, by state."""

Asked = dict[str, Any]


def test_every_documented_status_has_a_case_and_no_other() -> None:
    assert {(case.operation, case.status) for case in ALL} == documented(create_app().openapi())


@pytest.mark.parametrize("state", STATES)
async def test_each_case_gets_its_documented_status(
    state: str, running: Running, models: Models, sink: Sink, postgres_url: str, mongo_url: str, mongo_database: str
) -> None:
    known: Asked = {"nobody's forecast": str(uuid7()), "model": 1, "user": 1, "admin": 1}
    if state != "no model":
        known["model"] = models.publish()
    if state == "usual":
        known["refused model"], known["model"] = known["model"], models.publish(seed=1)
        change_model(postgres_url, known["refused model"], status=ModelStatus.REFUSED)
        models.publish(seed=2)
    async with running(**CHANGES[state]) as service:
        if state in {"usual", "one model", "no model", "no mongo"}:
            known["user"], known["other"], known["admin"] = await users(service, "user", "user", "admin")
        if state == "usual":
            await _fill(service, sink, known)
        if state == "no attempts left":
            await service.client.post("/auth/login", data=ACCOUNT)
        wrong = []
        for case in ALL:
            if case.state == state:
                response = await _send_request(service, case, known)
                if not _is_answer(response, case):
                    wrong.append((case, response.status_code, response.text[:300]))
        assert not wrong
    with pymongo.MongoClient(mongo_url) as client:
        client.drop_database(mongo_database)


async def _fill(service: Service, sink: Sink, known: Asked) -> None:
    league = service.league
    known |= {"map": league.nuke, "team": league.teams[0], "player": league.lineups[0][0]}
    (await service.client.post("/auth/register", json=ACCOUNT)).raise_for_status()
    known["stored forecast"] = await _forecast(service, known["user"])
    await sink()
    known["late forecast"] = await _forecast(service, known["user"])


async def _forecast(service: Service, user_id: int) -> str:
    path = "/forecast/get_team1_win_probability"
    answer = await service.call("POST", path, user_id=user_id, json=QUESTION)
    return str(answer.raise_for_status().json()["forecast_id"])


async def _send_request(service: Service, case: Case, known: Asked) -> httpx.Response:
    method, _, path = case.operation.partition(" ")
    if "{" in path:
        start, _, rest = path.partition("{")
        path = f"{start}{known.get(str(case.at), case.at)}{rest.partition('}')[2]}"
    arguments = dict(case.arguments)
    headers = dict(arguments.pop("headers", {}))
    if case.who == "leaver":
        (known["leaver"],) = await users(service, "user")
    if case.who is not None:
        headers["Authorization"] = f"Bearer {service.token(known[case.who])}"
    return await service.client.request(method, path, headers=headers, **arguments)


def _is_answer(response: httpx.Response, case: Case) -> bool:
    if response.status_code != case.status:
        return False
    if case.kind is None:
        return response.headers.get("content-type") != "application/problem+json"
    is_problem = response.headers["content-type"] == "application/problem+json"
    answer = response.json()
    is_documented = answer["type"] == f"urn:cs2-forecast:problem:{case.kind}" and answer["status"] == case.status
    return is_problem and is_documented and bool(answer["detail"])
