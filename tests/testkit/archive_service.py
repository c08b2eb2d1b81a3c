"""Publish dictionaries, ratings and a model: the service then forecasts an archive from a given day on."""

from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import skops.io

from cs2.calendar import day_number
from cs2.forecasting.evaluation.walk_forward import build_training_set
from cs2.forecasting.matches import MatchHistory
from cs2.forecasting.model.estimators import fit_logistic
from cs2.forecasting.model.map_model import MapModel
from cs2.forecasting.model.regression_cases import build_regression_cases
from cs2.forecasting.ratings.engine import compute_ratings
from cs2.forecasting.ratings.snapshot import RatingSnapshot
from cs2.storage.engine import make_engine
from pipelines.etl.id_register import Identities
from pipelines.etl.match_history import history_from_tables
from pipelines.etl.rebuild import rebuild
from pipelines.etl.repository import store
from pipelines.etl.tabulate import Tables
from pipelines.sources.archive import ArchiveSource
from tests.testkit.published_models import publish


@dataclass(frozen=True, slots=True)
class ServedArchive:
    """The stored tables, the published ratings and model, and the history of the whole archive."""

    tables: Tables
    history: MatchHistory
    snapshot: RatingSnapshot
    estimator: Any


def serve_archive(folder: Path, cut: date, last: date, postgres_url: str, mlflow_url: str) -> ServedArchive:
    """Store the dictionaries of an archive through ``last``; publish ratings and a model through ``cut``."""
    rebuilt = rebuild(ArchiveSource(folder).published(last).frames, Identities())
    engine = make_engine(postgres_url)
    with engine.begin() as connection:
        store(connection, replace(rebuilt, outcomes=rebuilt.outcomes[:0]))  # no raw rows are landed here
    engine.dispose()
    tables = rebuilt.tables
    history = history_from_tables(tables.map_results, tables.series, tables.lineups)
    day = day_number(cut)
    data = build_training_set(history, through=day)
    estimator, snapshot = fit_logistic(data), compute_ratings(history, through=day)
    regression_cases = build_regression_cases(MapModel.from_estimator(estimator), data.X)
    publish(
        postgres_url,
        mlflow_url,
        blob=skops.io.dumps(estimator),
        regression_cases=regression_cases,
        ratings=snapshot.to_bytes(),
        as_of=cut,
    )
    return ServedArchive(tables, history, snapshot, estimator)
