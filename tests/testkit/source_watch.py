"""The sensor of the sources tick by tick, and the ingest that it requests."""

import os
import time
from pathlib import Path
from typing import Any

import dagster as dg
from sqlalchemy import text

from pipelines.defs.etl.assets import match_tables, raw_rows
from pipelines.defs.etl.checks import every_row_is_accounted_for
from pipelines.defs.etl.jobs import SOURCE_TAG, range_tags
from pipelines.defs.etl.sensors import new_results_sensor
from pipelines.defs.ratings.assets import rating_snapshots
from pipelines.resources import Announcer, Database
from tests.testkit.asset_environment import NO_SERVER

ROSTERS = "ana|bob|cid|dan|eve,fay|gus|hal|ida|jim"
HEADER = "date,map,team1,team2,winner,score1,score2,team1_players,team2_players\n"


def write_archive(folder: Path, *days: str, winner: str = "1", age_seconds: float = 60) -> None:
    """Write a map of Alpha against Beta per day into the watched folder."""
    file = folder / "archive" / "maps.csv"
    file.parent.mkdir(exist_ok=True)
    file.write_text(HEADER + "".join(f"{day},Nuke,Alpha,Beta,{winner},,,{ROSTERS}\n" for day in days))
    os.utime(file, (time.time() - age_seconds,) * 2)


class SourceWatch:
    """Ticks of the sensor, one after the other, as the daemon makes them.

    Attributes:
        cursor: Cursor after the last tick.
        run_keys: Keys of all requested runs.
        skip_reason: Why the last tick requested nothing.
    """

    def __init__(self, instance: dg.DagsterInstance) -> None:
        self.instance = instance
        self.cursor: str | None = None
        self.run_keys: list[str | None] = []
        self.skip_reason: str | None = None

    def tick(self) -> list[tuple[str, str]]:
        """Evaluate the sensor. Return source and first month of each requested run."""
        context = dg.build_sensor_context(instance=self.instance, cursor=self.cursor)
        result: Any = new_results_sensor(context)
        if isinstance(result, dg.SkipReason):
            self.skip_reason, self.cursor = result.skip_message, context.cursor
            return []
        self.skip_reason, self.cursor = None, result.cursor
        self.run_keys += [request.run_key for request in result.run_requests]
        return [(r.tags[SOURCE_TAG], r.tags["dagster/asset_partition_range_start"]) for r in result.run_requests]


def ingest(
    database: Database, instance: dg.DagsterInstance, source: str = "", *, last_month: str = "2026-09-01"
) -> dg.ExecuteInProcessResult:
    """Land July to September 2026, or to a later month, of one source, or of all, and rebuild tables and ratings."""
    job = dg.define_asset_job("job", selection=dg.AssetSelection.all())
    definitions = dg.Definitions(
        [raw_rows, match_tables, rating_snapshots],
        jobs=[job],
        asset_checks=[every_row_is_accounted_for],
        resources={"database": database, "announcer": Announcer(url=f"redis://{NO_SERVER}/0")},
    )
    tags = {**range_tags("2026-07-01", last_month), **({SOURCE_TAG: source} if source else {})}
    return definitions.resolve_job_def("job").execute_in_process(instance=instance, tags=tags, raise_on_error=False)


def query(database: Database, statement: str) -> list[tuple[object, ...]]:
    """Rows of a query."""
    with database.engine() as engine, engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(statement))]
