"""Announced matches of the toy league, and their automatic forecasts."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import dagster as dg
import pytest
from sqlalchemy.orm import Session

from cs2.settings import get_settings
from cs2.storage.engine import make_engine
from cs2.storage.tables import Fixture
from pipelines.defs.fixtures.assets import fixture_forecasts
from pipelines.mlflow_client import MlflowTracking
from pipelines.resources import Announcer, Database
from tests.testkit.toy_league import TODAY, League

NOW = datetime.combine(TODAY, datetime.max.time(), UTC).replace(microsecond=0)
"""The service's clock."""


@pytest.fixture
def announce_match(postgres_url: str, league: League) -> Iterator[Callable[..., None]]:
    """Store a match that starts in a number of hours."""
    engine = make_engine(postgres_url)

    def store(number: int, hours: float, **changes: Any) -> None:
        facts: dict[str, Any] = {
            "natural_key": f"archive:{number}",
            "source": "archive",
            "start_time": NOW + timedelta(hours=hours),
            "event": "Cup",
            "best_of": 3,
            "team1_id": league.teams[0],
            "team2_id": league.teams[1],
            "team1_name": "Vitality",
            "team2_name": "FURIA",
        }
        with Session(engine) as session, session.begin():
            session.merge(Fixture(id=number, **{**facts, **changes}))

    yield store
    engine.dispose()


@pytest.fixture
def forecast_matches(
    postgres_url: str, mlflow_url: str, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[], None]]:
    """Materialize the automatic forecasts."""
    monkeypatch.setenv("CS2_CLOCK_DATE", TODAY.isoformat())
    get_settings.cache_clear()
    resources = {
        "database": Database(url=postgres_url),
        "mlflow": MlflowTracking(url=mlflow_url),
        "announcer": Announcer(url=redis_url),
    }

    def run() -> None:
        with dg.DagsterInstance.ephemeral() as instance:
            assert dg.materialize([fixture_forecasts], instance=instance, resources=resources).success

    yield run
    get_settings.cache_clear()
