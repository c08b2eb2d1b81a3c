"""Models and ratings published as the pipelines do: rows in PostgreSQL, blobs in a real MLflow server."""

from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from typing import Any
from uuid import uuid4

import httpx
import numpy as np
import pytest
import skops.io
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from sqlalchemy.orm import Session

from cs2.forecasting.model.features import FEATURE_NAMES, STORED_FEATURE_NAMES
from cs2.forecasting.model.map_model import MapModel
from cs2.forecasting.model.regression_cases import build_regression_cases
from cs2.forecasting.ratings.snapshot import FEATURES_VERSION
from cs2.storage.engine import make_engine
from cs2.storage.model_registry import promote, record_gate_result, store_snapshot
from cs2.storage.tables import ModelRow
from tests.testkit.toy_league import AS_OF, League, ratings_of


def trained_pipeline(seed: int = 0) -> Pipeline:
    random = np.random.default_rng(seed)
    X = random.normal(size=(500, len(FEATURE_NAMES)))
    won = X[:, 0] + X[:, 4] + random.normal(size=500) > 0
    regression = LogisticRegression(fit_intercept=False)
    return Pipeline([("scale", StandardScaler(with_mean=False)), ("regression", regression)]).fit(X, won)


@dataclass(frozen=True, slots=True)
class Models:
    """Publisher of models and ratings: as the pipelines, but without announcements."""

    postgres_url: str
    mlflow_url: str
    league: League

    def publish(self, *, seed: int = 0, blob: bytes | None = None, skill: float = 1.0, **changes: Any) -> int:
        """Publish a new champion and its ratings; ``changes`` overwrite columns of its row."""
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


@pytest.fixture
def models(postgres_url: str, mlflow_url: str, league: League) -> Models:
    """Publish models of the toy league."""
    return Models(postgres_url, mlflow_url, league)


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
    """Publish a champion and its ratings, and upload the blob unless ``artifact_uri`` names one.

    ``changes`` overwrite columns of the row, also with values that the registry rejects.
    """
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
        for name, value in changes.items():  # afterwards: the registry rejects values of another release
            setattr(row, name, value)
    engine.dispose()
    return version


def upload(mlflow_url: str, blob: bytes) -> str:
    path = f"tests/{uuid4().hex}/model.skops"
    address = f"{mlflow_url}/api/2.0/mlflow-artifacts/artifacts/{path}"
    httpx.put(address, content=blob, verify=False).raise_for_status()  # no TLS: certificates take 50 ms to load
    return f"mlflow-artifacts:/{path}"


def _store(session: Session, data: bytes, as_of: date) -> int:
    return store_snapshot(session, as_of=as_of, features_version=FEATURES_VERSION, data=data, n_rated=10).id


def change_model(postgres_url: str, version: int, **values: Any) -> None:
    """Overwrite columns of a model's row."""
    engine = make_engine(postgres_url)
    with Session(engine) as session, session.begin():
        row = session.get_one(ModelRow, version)
        for name, value in values.items():
            setattr(row, name, value)
    engine.dispose()
