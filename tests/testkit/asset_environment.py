"""Connections of the assets to real servers, and models to log."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import dagster as dg
import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sqlalchemy import select

from cs2.messages import ModelAnnouncement
from cs2.storage.model_registry import ModelRow, ServedVersions, get_served_versions
from pipelines.mlflow_client import MlflowTracking
from pipelines.mlflow_run import TrainedModel
from pipelines.resources import Announcer, Database, Mongo

Add = Callable[..., int]
SetToday = Callable[[str], None]
Listen = Callable[[], ModelAnnouncement | None]

NO_SERVER = "127.0.0.1:1"
"""Address on which no server listens."""

importing_mlflow = pytest.mark.filterwarnings("ignore:.*Any type hint is inferred as AnyType:UserWarning")


@dataclass(frozen=True, slots=True)
class AssetEnvironment:
    """Resources of the assets, all on real servers, and a Dagster instance."""

    database: Database
    mlflow: MlflowTracking
    announcer: Announcer
    mongo: Mongo
    instance: dg.DagsterInstance

    def resources(self) -> dict[str, Any]:
        return {
            "database": self.database,
            "mlflow": self.mlflow,
            "announcer": self.announcer,
            "mongo": self.mongo,
        }

    def materialize(
        self,
        definitions: Sequence[Any],
        *,
        config: dict[str, Any] | None = None,
        tags: dict[str, str] | None = None,
        **other_resources: Any,
    ) -> dg.ExecuteInProcessResult:
        return dg.materialize(
            definitions,
            instance=self.instance,
            resources={**self.resources(), **other_resources},
            run_config={"ops": config or {}},
            tags=tags,
            raise_on_error=False,
        )

    def served(self) -> ServedVersions:
        with self.database.transaction() as session:
            return get_served_versions(session)

    def run_ids(self) -> dict[int, str]:
        with self.database.transaction() as session:
            return {row.version: row.mlflow_run_id for row in session.scalars(select(ModelRow))}


def trained_model(**changes: Any) -> TrainedModel:
    X = np.array([[1.0], [-1.0]])
    arguments: dict[str, Any] = {
        "name": "logistic_regression",
        "estimator": LogisticRegression(fit_intercept=False).fit(X, [True, False]),
        "feature_names": ["rating"],
        "X": X,
        "parameters": {},
        "metrics": {},
        "tags": {},
        "is_registered": True,
    }
    return TrainedModel(**{**arguments, **changes})
