"""Automatic forecasts in process, and ratings that change them."""

from datetime import date
from typing import Any

from cs2.forecasting.ratings.snapshot import FEATURES_VERSION
from cs2.storage.model_registry import store_snapshot
from pipelines.defs.fixtures.assets import fixture_forecasts
from pipelines.resources import Database
from tests.testkit.asset_environment import AssetEnvironment
from tests.testkit.toy_league import AS_OF, League, ratings_of


def run(environment: AssetEnvironment, **resources: Any) -> dict[str, Any] | None:
    """Run the automatic forecasts; return the metadata, None if the run failed."""
    result = environment.materialize([fixture_forecasts], **resources)
    if not result.success:
        return None
    (event,) = result.asset_materializations_for_node("fixture_forecasts")
    return {name: value.value for name, value in event.metadata.items()}


def better_ratings(database: Database, league: League, as_of: date = AS_OF, skill: float = 2.0) -> int:
    """Store ratings that differ from the published ones; return their id."""
    with database.transaction() as session:
        data = ratings_of(league, skill=skill)
        return store_snapshot(session, as_of=as_of, features_version=FEATURES_VERSION, data=data, n_rated=11).id
