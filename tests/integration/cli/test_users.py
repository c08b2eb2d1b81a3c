"""``cs2 users delete``: delete an account, anonymise its forecasts, revoke its tokens."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pymongo
import pytest
from typer.testing import CliRunner

from cli.main import app
from cs2.messages import FORECASTS_COLLECTION
from tests.testkit.accounts import call_as, new_token, register
from tests.testkit.published_models import Models
from tests.testkit.service import Running
from tests.testkit.waiting import until


def delete(name: str) -> Any:
    return CliRunner().invoke(app, ["users", "delete", name])


@pytest.fixture(autouse=True)
def environment(
    postgres_url: str, mongo_url: str, mongo_database: str, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    variables = {"DATABASE_URL": postgres_url, "MONGO_URL": mongo_url, "MONGO_DATABASE": mongo_database}
    for name, value in {**variables, "DATA_DIR": str(tmp_path)}.items():
        monkeypatch.setenv(f"CS2_{name}", value)


async def test_delete_anonymises_forecasts_and_revokes_tokens(
    running: Running, models: Models, mongo_url: str, mongo_database: str
) -> None:
    models.publish()
    async with running() as service:
        user_id = (await register(service)).json()["id"]
        token = await new_token(service)
        with pymongo.MongoClient(mongo_url) as mongo:
            stored = mongo[mongo_database][FORECASTS_COLLECTION]
            now = datetime.now(UTC)
            stored.insert_many(
                [
                    {"_id": "hers", "user_id": user_id, "occurred_at": now - timedelta(days=1)},
                    {"_id": "another's", "user_id": user_id + 1, "occurred_at": now},
                ]
            )
            result = await in_a_thread("Ada")
            assert result.exit_code == 0, result.output
            names = {document["_id"]: document["user_id"] for document in stored.find()}
            assert names == {"hers": None, "another's": user_id + 1}
            erasure = mongo[mongo_database]["erasures"].find_one({"_id": user_id})
            assert erasure is not None, "late events are anonymised, too"
            mongo.drop_database(mongo_database)

        async def is_refused() -> bool:
            return (await call_as(service, token, "GET", "/maps")).status_code == 401

        await until(is_refused)


async def in_a_thread(name: str) -> Any:
    """Run the command in a thread, because it starts its own event loop."""
    return await asyncio.to_thread(delete, name)


def test_an_unknown_name_is_wrong_input(postgres_url: str) -> None:
    result = delete("nobody")
    assert result.exit_code == 2
    assert "no account has the name nobody" in result.output


async def test_without_mongodb_the_account_stays(
    running: Running, models: Models, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cli.users.SERVER_MS", 300)
    monkeypatch.setenv("CS2_MONGO_URL", "mongodb://127.0.0.1:1/?directConnection=true")
    models.publish()
    async with running() as service:
        await register(service)
        result = await in_a_thread("ada")
        assert result.exit_code == 1
        assert "MongoDB does not answer" in result.output
        token = await new_token(service)
        assert (await call_as(service, token, "GET", "/auth/me")).status_code == 200
