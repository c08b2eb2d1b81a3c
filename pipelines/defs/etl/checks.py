"""Claims about the stored tables."""

import dagster as dg
import pandas as pd
import pandera.pandas as pa
from sqlalchemy import text

from cs2.settings import get_settings
from pipelines.etl.validation import TABLE_SCHEMAS
from pipelines.resources import Database


def _keeps_its_contract(table: str) -> dg.AssetChecksDefinition:
    @dg.asset_check(asset=table, name=f"{table}_keep_their_contract", description="What is stored obeys its schema.")
    def check(database: Database) -> dg.AssetCheckResult:
        with database.engine() as engine, engine.connect() as connection:
            stored = pd.read_sql_query(text(f"SELECT * FROM {table}"), connection)  # noqa: S608 - our own names
        try:
            TABLE_SCHEMAS[table].validate(stored, lazy=True)
        except pa.errors.SchemaErrors as errors:
            cases = errors.failure_cases
            return dg.AssetCheckResult(
                passed=False,
                metadata={"failures": len(cases), "first": dg.MetadataValue.text(cases.head(20).to_string())},
            )
        return dg.AssetCheckResult(passed=True, metadata={"rows": len(stored)})

    return check


map_results_keep_their_contract = _keeps_its_contract("map_results")
series_keep_their_contract = _keeps_its_contract("series")
lineups_keep_their_contract = _keeps_its_contract("lineups")
fixtures_keep_their_contract = _keeps_its_contract("fixtures")


@dg.asset_check(asset="raw_rows", description="Stored, merged and rejected rows add up to what came in.")
def every_row_is_accounted_for(context: dg.AssetCheckExecutionContext, database: Database) -> dg.AssetCheckResult:
    """Each newest raw map row is a map result, a rejected row, or one that another source tells, too."""
    query = """
    SELECT (SELECT count(DISTINCT (source, row_key)) FROM raw_rows
            WHERE kind = 'map' AND source = ANY(:sources)) AS came,
           (SELECT count(*) FROM map_results) AS stored,
           (SELECT count(*) FROM rejected_rows JOIN raw_rows ON raw_rows.id = raw_row_id WHERE kind = 'map') AS rejected
    """
    with database.engine() as engine, engine.connect() as connection:
        sources = [name.value for name in get_settings().sources]
        came, stored, rejected = connection.execute(text(query), {"sources": sources}).one()
    merged = _told_of_maps(context.instance).get("map_rows_merged", 0)
    return dg.AssetCheckResult(
        passed=came == stored + merged + rejected,
        metadata={"came_in": came, "stored": stored, "merged": merged, "rejected": rejected},
    )


def _told_of_maps(instance: dg.DagsterInstance) -> dict[str, int]:
    """What the last rebuild told of its map rows."""
    event = instance.get_latest_materialization_event(dg.AssetKey("map_results"))
    told = event.asset_materialization if event else None
    if told is None:
        return {}
    values = {name: value.value for name, value in told.metadata.items() if isinstance(value, dg.IntMetadataValue)}
    return {name: n for name, n in values.items() if n is not None}
