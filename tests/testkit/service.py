"""A league of two teams in PostgreSQL, models whose blobs MLflow really has, and the service on real servers."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import numpy as np
import pytest
import redis.asyncio
import skops.io
from asgi_lifespan import LifespanManager
from pydantic import SecretStr
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from sqlalchemy.orm import Session
from starlette.types import ASGIApp, Receive, Scope, Send

from cs2.calendar import day_number
from cs2.forecasting.model.features import FEATURE_NAMES, STORED_FEATURE_NAMES
from cs2.forecasting.model.map_model import MapModel
from cs2.forecasting.model.regression_cases import build_regression_cases
from cs2.forecasting.ratings.snapshot import FEATURES_VERSION, RatingSnapshot
from cs2.forecasting.ratings.state import RatingState
from cs2.mongo_client import MongoClient
from cs2.settings import Settings
from cs2.storage.engine import make_engine
from cs2.storage.model_registry import promote, record_gate_result, store_snapshot
from cs2.storage.tables import Map, ModelRow, Player, PlayerAlias, Team, TeamAlias
from ingest_worker.consumer import Consumer
from ingest_worker.store import MongoForecastStore
from serving.app import create_app
from serving.lifespan import Services
from serving.middleware.body_limit import replay

AS_OF = date(2025, 12, 31)
TODAY = date(2026, 1, 5)
JWT_KEY = "k" * 40
PASSWORD = "correct horse battery"
RECONCILE_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class League:
    """Ids of what is in the dictionaries."""

    nuke: int
    teams: list[int]
    lineups: list[list[int]]
    lonely: int
    """A team without a known lineup."""

    def question(self, **changes: Any) -> dict[str, Any]:
        return {"map_id": self.nuke, "team1_id": self.teams[0], "team2_id": self.teams[1], **changes}


@pytest.fixture
def league(postgres_url: str) -> League:
    return make_league(postgres_url)


def make_league(postgres_url: str) -> League:
    engine = make_engine(postgres_url)
    with Session(engine) as session, session.begin():
        maps = [Map(name="Nuke"), Map(name="Mirage")]
        teams = [Team(name=name) for name in ("Vitality", "FURIA", "Los Kogutos")]
        players = [Player(nickname=f"player{i}") for i in range(1, 11)] + [Player(nickname="ZywOo")]
        session.add_all([*maps, *teams, *players])
        session.flush()
        session.add(TeamAlias(team_id=teams[0].id, name="Team Vitalité"))
        session.add_all([TeamAlias(team_id=team.id, name=team.name) for team in teams])
        session.add(PlayerAlias(player_id=players[-1].id, nickname="zywoo"))
        ids = [player.id for player in players]
        found = League(maps[0].id, [team.id for team in teams[:2]], [ids[:5], ids[5:10]], teams[2].id)
    engine.dispose()
    return found


def ratings_of(league: League, *, skill: float = 1.0) -> bytes:
    """Team 1 is better by ``skill``."""
    state = RatingState.empty(n_players=max(map(max, league.lineups)) + 1, n_teams=league.lonely + 1, n_maps=3)
    for team, lineup, sign in zip(league.teams, league.lineups, (0.5, -0.5), strict=True):
        state.skill[lineup, 0] = sign * skill
        state.player_maps[lineup] = 50
        state.lineup[team] = lineup
    day = day_number(AS_OF)
    return RatingSnapshot(as_of=day, features_version=FEATURES_VERSION, state=state).to_bytes()


def trained_pipeline(seed: int = 0) -> Pipeline:
    random = np.random.default_rng(seed)
    X = random.normal(size=(500, len(FEATURE_NAMES)))
    won = X[:, 0] + X[:, 4] + random.normal(size=500) > 0
    regression = LogisticRegression(fit_intercept=False)
    return Pipeline([("scale", StandardScaler(with_mean=False)), ("regression", regression)]).fit(X, won)


@dataclass(frozen=True, slots=True)
class Models:
    """Publishes models and ratings as the pipelines do, without announcing them."""

    postgres_url: str
    mlflow_url: str
    league: League

    def publish(self, *, seed: int = 0, blob: bytes | None = None, skill: float = 1.0, **changes: Any) -> int:
        """A new champion and its ratings; ``changes`` spoil its row."""
        pipeline = trained_pipeline(seed)
        X = np.random.default_rng(1).normal(size=(20, len(FEATURE_NAMES)))
        return publish(
            self.postgres_url,
            self.mlflow_url,
            blob=skops.io.dumps(pipeline) if blob is None else blob,
            ratings=ratings_of(self.league, skill=skill),
            as_of=AS_OF,
            **{"regression_cases": build_regression_cases(MapModel.from_estimator(pipeline), X), **changes},
        )

    def publish_ratings(self, data: bytes) -> int:
        engine = make_engine(self.postgres_url)
        with Session(engine) as session, session.begin():
            snapshot_id = _store(session, data, AS_OF)
        engine.dispose()
        return snapshot_id


def publish(
    postgres_url: str,
    mlflow_url: str,
    *,
    blob: bytes,
    regression_cases: dict[str, Any],
    ratings: bytes,
    as_of: date,
    artifact_uri: str | None = None,
    **changes: Any,
) -> int:
    """A new champion and its ratings, its blob uploaded unless it is there; ``changes`` spoil its row."""
    artifact_uri = artifact_uri or upload(mlflow_url, blob)
    arguments: dict[str, Any] = {
        "status": "candidate",
        "estimator": "logistic_regression",
        "mlflow_run_id": uuid4().hex,
        "dagster_run_id": uuid4().hex,
        "artifact_uri": artifact_uri,
        "sha256": sha256(blob).hexdigest(),
        "features_version": FEATURES_VERSION,
        "feature_names": list(STORED_FEATURE_NAMES),
        "parameters": {},
        "regression_cases": regression_cases,
        "metrics": {},
        "trained_from": date(2024, 1, 1),
        "trained_through": as_of,
        "n_maps": 500,
    }
    engine = make_engine(postgres_url)
    with Session(engine) as session, session.begin():
        row = ModelRow(**{**arguments, "snapshot_id": _store(session, ratings, as_of)})
        session.add(row)
        session.flush()
        record_gate_result(session, row.version, passed=True, reasons=[], metrics={})
        version = promote(session, row.version).version
        for name, value in changes.items():  # afterwards: the registry refuses what another release could have written
            setattr(row, name, value)
    engine.dispose()
    return version


def upload(mlflow_url: str, blob: bytes) -> str:
    path = f"tests/{uuid4().hex}/model.skops"
    httpx.put(f"{mlflow_url}/api/2.0/mlflow-artifacts/artifacts/{path}", content=blob).raise_for_status()
    return f"mlflow-artifacts:/{path}"


def _store(session: Session, data: bytes, as_of: date) -> int:
    return store_snapshot(session, as_of=as_of, features_version=FEATURES_VERSION, data=data, n_rated=10).id


@pytest.fixture
def models(postgres_url: str, mlflow_url: str, league: League) -> Models:
    return Models(postgres_url, mlflow_url, league)


@pytest.fixture
def settings(
    postgres_url: str, redis_url: str, mongo_url: str, mongo_database: str, mlflow_url: str, tmp_path: Path
) -> Settings:
    return Settings(
        database_url=postgres_url,
        redis_url=redis_url,
        mongo_url=mongo_url,
        mongo_database=mongo_database,
        mlflow_url=mlflow_url,
        data_dir=tmp_path,
        clock_date=TODAY,
        jwt_key=SecretStr(JWT_KEY),
        model_refresh_seconds=RECONCILE_SECONDS,
    )


@dataclass(slots=True)
class Service:
    """A running service and a client of it."""

    client: httpx.AsyncClient
    services: Services
    league: League

    def token(self, user_id: int = 1) -> str:
        return self.services.tokens.issue(user_id)

    async def call(self, method: str, path: str, *, user_id: int = 1, **arguments: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.token(user_id)}"}
        return await self.client.request(method, path, headers=headers, **arguments)

    async def forecast(self, **changes: Any) -> httpx.Response:
        question = {key: value for key, value in self.league.question(**changes).items() if value is not ...}
        return await self.client.post(
            "/forecast/get_team1_win_probability",
            json=question,
            headers={"Authorization": f"Bearer {self.token()}"},
        )

    async def get(self, path: str, **parameters: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.token()}"}
        return await self.client.get(path, params=parameters, headers=headers)


Running = Callable[..., AbstractAsyncContextManager[Service]]


def at_once(app: ASGIApp) -> ASGIApp:
    """Bodies arrive whole, as small ones do from uvicorn. httpx hands them on in two parts, which take the long way."""

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        body, has_more = b"", True
        while has_more:
            message = await receive()
            body += message.get("body", b"")
            has_more = message.get("more_body", False)
        await app(scope, replay({"type": "http.request", "body": body, "more_body": False}, receive), send)

    return serve


@asynccontextmanager
async def run_service(settings: Settings, league: League) -> AsyncIterator[Service]:
    app = create_app(settings)
    async with LifespanManager(app, startup_timeout=30, shutdown_timeout=30) as manager:
        transport = httpx.ASGITransport(at_once(manager.app))
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            yield Service(client, manager._state["services"], league)


@pytest.fixture
def running(settings: Settings, league: League) -> Running:
    """Runs the service, by changed settings where given."""
    return lambda **changes: run_service(settings.model_copy(update=changes), league)


@pytest.fixture
async def service(running: Running, models: Models) -> AsyncIterator[Service]:
    models.publish()
    async with running() as service:
        yield service


Sink = Callable[[], Awaitable[int]]


@pytest.fixture
async def sink(redis_url: str, mongo_url: str, mongo_database: str) -> AsyncIterator[Sink]:
    """Takes one batch from the stream into MongoDB."""
    store = MongoForecastStore(MongoClient, mongo_url, mongo_database)
    async with redis.asyncio.Redis.from_url(redis_url, socket_timeout=10) as stream:
        consumer = Consumer(stream, store, "tester")
        await consumer.prepare()
        yield consumer.step
    await store.close()


def damaged(data: bytes) -> bytes:
    return data[: len(data) // 2]


__all__ = ["League", "Models", "Running", "Service", "replace"]
