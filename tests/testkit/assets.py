"""Fixtures of asset tests: connections to the test servers, models with blobs in MLflow, clock, fixtures, events."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from typing import Any
from uuid import uuid4

import dagster as dg
import pymongo
import pytest
import redis

from cs2.forecasting.ratings.snapshot import FEATURES_VERSION
from cs2.messages import ANY_EVENT, EVENT_FIELD, EVENTS_STREAM, ModelAnnouncement, SeriesEvent
from cs2.settings import get_settings
from cs2.storage.model_registry import ModelRow, ModelStatus, record_gate_result, store_snapshot
from cs2.storage.tables import Fixture
from pipelines.mlflow_client import MlflowTracking
from pipelines.resources import Announcer, Database, Mongo
from tests.testkit.asset_environment import AssetEnvironment, SetToday, trained_model
from tests.testkit.toy_league import League


@pytest.fixture
def database(postgres_url: str) -> Database:
    return Database(url=postgres_url)


@pytest.fixture
def mlflow(mlflow_url: str) -> MlflowTracking:
    name = uuid4().hex  # the server is shared by all tests
    return MlflowTracking(url=mlflow_url, experiment=name, registered_model=name)


@pytest.fixture
def mongo(mongo_url: str, mongo_database: str) -> Iterator[Mongo]:
    """A new MongoDB database, deleted after the test."""
    yield Mongo(url=mongo_url, name=mongo_database)
    with pymongo.MongoClient[dict[str, Any]](mongo_url) as client:
        client.drop_database(mongo_database)


@pytest.fixture
def environment(
    database: Database, mlflow: MlflowTracking, mongo: Mongo, redis_url: str, channel: str, instance: dg.DagsterInstance
) -> AssetEnvironment:
    return AssetEnvironment(database, mlflow, Announcer(url=redis_url, channel=channel), mongo, instance)


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


@pytest.fixture
def channel() -> str:
    return uuid4().hex  # channels are shared by all tests


@pytest.fixture
def announcements(redis_url: str, channel: str) -> Iterator[Callable[[], ModelAnnouncement | None]]:
    """Return the next announcement since the start of the test, None after a second without one."""
    with redis.Redis.from_url(redis_url) as client, client.pubsub(ignore_subscribe_messages=True) as subscription:
        subscription.subscribe(channel)
        subscription.get_message(timeout=5)  # the confirmation

        def next_message() -> ModelAnnouncement | None:
            message = subscription.get_message(timeout=1)
            return None if message is None else ModelAnnouncement.model_validate_json(message["data"])

        yield next_message


@pytest.fixture
def add_candidate(database: Database, mlflow: MlflowTracking) -> Callable[..., int]:
    """Store a candidate, its run and blob in MLflow; ``refusals``: None for no gate result, [] for a passed gate."""

    def add(*, refusals: list[str] | None = None, in_mlflow: bool = True, **changes: Any) -> int:
        run_id = mlflow.log(trained_model()).run_id if in_mlflow else uuid4().hex
        with database.transaction() as session:
            snapshot = store_snapshot(
                session, as_of=date(2025, 12, 31), features_version=FEATURES_VERSION, data=b"ratings", n_rated=1000
            )
            arguments: dict[str, Any] = {
                "status": ModelStatus.CANDIDATE,
                "estimator": "logistic_regression",
                "mlflow_run_id": run_id,
                "dagster_run_id": uuid4().hex,
                "artifact_uri": "mlflow-artifacts:/1/model.skops",
                "sha256": "0" * 64,
                "features_version": FEATURES_VERSION,
                "feature_names": ["rating"],
                "parameters": {},
                "regression_cases": {},
                "metrics": {},
                "trained_from": date(2024, 1, 1),
                "trained_through": date(2025, 12, 31),
                "n_maps": 1000,
                "snapshot_id": snapshot.id,
            }
            row = ModelRow(**{**arguments, **changes})
            session.add(row)
            session.flush()
            if refusals is not None:
                record_gate_result(session, row.version, passed=not refusals, reasons=refusals, metrics={})
            return row.version

    return add


@pytest.fixture
def today(monkeypatch: pytest.MonkeyPatch) -> Iterator[SetToday]:
    """Set the clock to the end of a day; before the first call it is 2026-01-05."""

    def set_today(day: str) -> None:
        monkeypatch.setenv("CS2_CLOCK_DATE", day)
        get_settings.cache_clear()

    set_today("2026-01-05")
    yield set_today
    get_settings.cache_clear()


@pytest.fixture
def announce(database: Database, league: League) -> Callable[..., None]:
    """Store a fixture, or change the one with that id."""

    def announce(number: int, start: str, **changes: Any) -> None:
        facts: dict[str, Any] = {
            "natural_key": f"archive:{number}",
            "source": "archive",
            "start_time": datetime.fromisoformat(start).replace(tzinfo=UTC),
            "event": "Cup",
            "best_of": 3,
            "team1_id": league.teams[0],
            "team2_id": league.teams[1],
            "team1_name": "Vitality",
            "team2_name": "FURIA",
        }
        with database.transaction() as session:
            session.merge(Fixture(id=number, **{**facts, **changes}))

    return announce


@pytest.fixture
def events(redis_url: str) -> Callable[[], list[SeriesEvent]]:
    """Return the series events of the stream."""

    def read() -> list[SeriesEvent]:
        with redis.Redis.from_url(redis_url) as client:
            entries: Any = client.xrange(EVENTS_STREAM)
        parsed = [ANY_EVENT.validate_json(fields[EVENT_FIELD]) for _, fields in entries]
        return [event for event in parsed if isinstance(event, SeriesEvent)]

    return read
