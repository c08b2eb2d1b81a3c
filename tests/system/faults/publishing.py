"""Publish models as the pipelines do: blob in MLflow, row, announcement. ``python -m`` publishes until it is killed."""

import json
import sys
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import psycopg
import skops.io
from sqlalchemy.orm import Session

from cs2.forecasting.model.features import FEATURE_NAMES
from cs2.forecasting.model.map_model import MapModel
from cs2.forecasting.model.regression_cases import build_regression_cases
from cs2.messages import AnnouncementKind
from cs2.settings import get_settings
from cs2.storage.engine import make_engine
from cs2.storage.model_registry import get_served_versions
from tests.testkit.published_models import publish, trained_pipeline, upload
from tests.testkit.toy_league import AS_OF, League, ratings_of

PICKLE = b"\x80\x04\x95\x05\x00\x00\x00\x00\x00\x00\x00]\x94."


@cache
def model(seed: int) -> tuple[bytes, dict[str, Any]]:
    """Return a model's blob and its regression cases."""
    pipeline = trained_pipeline(seed)
    X = np.random.default_rng(1).normal(size=(20, len(FEATURE_NAMES)))
    return skops.io.dumps(pipeline), build_regression_cases(MapModel.from_estimator(pipeline), X)


def bad_models() -> dict[str, dict[str, Any]]:
    """Return models that the API rejects, as changes of a valid model's row and blob, by the reason."""
    blob, _ = model(0)
    return {
        "SHA-256": {"sha256": "0" * 64},
        "cannot be read": {"blob": PICKLE},
        "cannot be read:": {"blob": blob[:-200]},
        "not an antisymmetric": {"blob": skops.io.dumps({"coef": [1.0]})},
        "features of version 1,": {"features_version": 1},
        "features of version 999": {"features_version": 999},
        "regression cases are off": {
            "regression_cases": {"features": [[1.0] * len(FEATURE_NAMES)], "probability": [0.123]},
        },
    }


@dataclass(frozen=True, slots=True)
class Publisher:
    """Publisher of models into one testbed."""

    postgres_url: str
    mlflow_url: str
    redis_url: str
    league: League

    def publish(self, seed: int, **changes: Any) -> int:
        """Publish a new champion with new ratings, announce it, and return its version."""
        blob, regression_cases = model(seed % 10)
        arguments = {"blob": blob, "regression_cases": regression_cases, **changes}
        ratings = ratings_of(self.league, skill=0.1 + seed / 100)
        version = publish(self.postgres_url, self.mlflow_url, ratings=ratings, as_of=AS_OF, **arguments)
        self.announce()
        return version

    def upload(self, seed: int) -> str:
        """Upload a blob alone; return its address in MLflow."""
        return upload(self.mlflow_url, model(seed % 10)[0])

    def announce(self) -> None:
        from pipelines.resources import Announcer

        engine = make_engine(self.postgres_url)
        with Session(engine) as session:
            now = get_served_versions(session)
        engine.dispose()
        Announcer(url=self.redis_url).announce(AnnouncementKind.MODEL, now)


def champions(postgres_url: str) -> list[int]:
    """Return the versions that are champion; publishing is atomic if there is one."""
    with psycopg.connect(postgres_url.replace("+psycopg", "")) as connection:
        rows = connection.execute("SELECT version FROM ml_models WHERE status = 'champion'").fetchall()
    return [version for (version,) in rows]


def main(league: str, seed: int) -> None:
    """Publish until killed."""
    settings = get_settings()
    ids = League(**json.loads(league))
    publisher = Publisher(settings.database_url, settings.mlflow_url, settings.redis_url, ids)
    print("publishes", flush=True)
    while True:
        publisher.publish(seed)
        seed += 1


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
