"""Steps that fail because a server is briefly unavailable are retried in the same run."""

import dagster as dg
import pytest

from cs2.settings import SourceName
from cs2.storage.engine import make_engine
from pipelines import resources
from pipelines.defs.etl.assets import match_tables
from pipelines.etl.landing import land
from pipelines.resources import Database
from tests.testkit.asset_environment import NO_SERVER
from tests.testkit.rows import map_row, published


def test_a_step_without_postgresql_is_retried(
    database: Database, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    with database.engine() as engine, engine.begin() as connection:
        land(connection, SourceName.ARCHIVE, published([map_row("2026-01-12")], []))
    unavailable = iter([f"postgresql+psycopg://cs2@{NO_SERVER}/cs2"])  # for the first attempt only
    monkeypatch.setattr(resources, "make_engine", lambda url: make_engine(next(unavailable, url)))
    result = dg.materialize([match_tables], instance=instance, resources={"database": database}, raise_on_error=False)
    assert result.success
    assert [event.event_type_value for event in result.all_events].count("STEP_RESTARTED") == 1
