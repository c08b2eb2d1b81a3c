"""Checks of the stored tables and of what the sources published.

A broken contract is an error. A broken expectation about the published rows only warns: the rows may be right, and the
scene may have changed.
"""

from dataclasses import asdict
from datetime import date, timedelta
from typing import TYPE_CHECKING

import dagster as dg

from cs2.settings import get_settings
from pipelines.etl import data_quality as quality
from pipelines.resources import Database

if TYPE_CHECKING:
    import pandas as pd

FRESH_DAYS = 7
USUAL_FACTOR = 3.0
REJECTED_SHARE = 0.05
NOT_FIVE_SHARE = 0.01
OF_OTHER_ROWS = ("player_map", "lineup", "veto")
"""Kinds of rows that need a map or series of another row."""
POOL_MAPS = 50
"""Fewer maps within a month say too little about the map pool."""
RECENT_DAYS = 365


def _build_contract_check(table: str) -> dg.AssetChecksDefinition:
    @dg.asset_check(asset=table, name=f"{table}_keep_their_contract", description="Stored rows obey their schema.")
    def check(database: Database) -> dg.AssetCheckResult:
        import pandera.pandas as pa

        from pipelines.etl.validation import TABLE_SCHEMAS

        with database.engine() as engine, engine.connect() as connection:
            stored = quality.read_table(connection, table)
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


map_results_keep_their_contract = _build_contract_check("map_results")
series_keep_their_contract = _build_contract_check("series")
lineups_keep_their_contract = _build_contract_check("lineups")
fixtures_keep_their_contract = _build_contract_check("fixtures")


@dg.asset_check(asset="raw_rows", description="Stored, merged and rejected map rows add up to the landed ones.")
def every_row_is_accounted_for(context: dg.AssetCheckExecutionContext, database: Database) -> dg.AssetCheckResult:
    """Each newest landed map row is a map result, a rejected row, or a duplicate of another source's row."""
    sources = [name.value for name in get_settings().sources]
    with database.engine() as engine, engine.connect() as connection:
        counts = quality.count_map_rows(connection, sources)
    merged = _last_map_counts(context.instance).get("map_rows_merged", 0)
    return dg.AssetCheckResult(
        passed=counts.landed == counts.stored + merged + counts.rejected,
        metadata={**asdict(counts), "merged": merged},
    )


def _last_map_counts(instance: dg.DagsterInstance) -> dict[str, int]:
    """Counts in the metadata of the last rebuilt ``map_results``."""
    event = instance.get_latest_materialization_event(dg.AssetKey("map_results"))
    materialization = event.asset_materialization if event else None
    if materialization is None:
        return {}
    counts = {
        name: value.value for name, value in materialization.metadata.items() if isinstance(value, dg.IntMetadataValue)
    }
    return {name: count for name, count in counts.items() if count is not None}


def _query(database: Database, query: str) -> "pd.DataFrame":
    with database.engine() as engine, engine.connect() as connection:
        return quality.run_query(connection, query, get_settings().current_day())


def _warning_unless(passed: bool, problem: str, rows: "pd.DataFrame", **numbers: int | float) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        passed=passed,
        severity=dg.AssetCheckSeverity.WARN,
        description=None if passed else problem,
        metadata={"rows": dg.MetadataValue.text(rows.head(20).to_string(index=False)), **numbers},
    )


@dg.asset_check(asset="raw_rows", description=f"Every configured source has a result of the last {FRESH_DAYS} days.")
def sources_are_fresh(database: Database) -> dg.AssetCheckResult:
    """Names each configured source without a recent result, also one that has never published any."""
    rows, settings = _query(database, quality.FRESHNESS), get_settings()
    newest = dict(zip(rows["source"], map(date.fromisoformat, rows["newest"]), strict=True))
    ages = {name: (settings.current_day() - newest[name]).days for name in settings.sources if name in newest}
    stale = [
        f"{name}: {ages[name]} days" if name in ages else f"{name}: nothing yet"
        for name in settings.sources
        if name not in ages or ages[name] > FRESH_DAYS
    ]
    return _warning_unless(not stale, "; ".join(stale), rows)


@dg.asset_check(asset="series", description="The last whole month has about as many series as the year before it.")
def rows_are_as_many_as_usual(database: Database) -> dg.AssetCheckResult:
    """Compares with the median month, within a factor of three. Passes with fewer than three earlier months."""
    rows = _query(database, quality.MONTHLY)
    this_month = get_settings().current_day().replace(day=1)
    last_month = (this_month - timedelta(days=1)).replace(day=1)
    earlier = rows[rows["month"] != last_month]["series"]
    n_last = int(rows[rows["month"] == last_month]["series"].sum())
    usual = float(earlier.median()) if len(earlier) >= 3 else float(n_last)
    passed = usual / USUAL_FACTOR <= n_last <= usual * USUAL_FACTOR
    problem = f"{n_last} series in {last_month:%Y-%m}, usual are {usual:g}"
    return _warning_unless(passed, problem, rows, series=n_last, usual=usual)


@dg.asset_check(
    asset="rejected_rows", description=f"At most {REJECTED_SHARE:.0%} of maps, series, standings or fixtures."
)
def few_rows_are_rejected(database: Database) -> dg.AssetCheckResult:
    """Leaves out statistics, lineups and vetoes: most rejected ones belong to maps that no source published."""
    rows = _query(database, quality.REJECTED)
    rows["share"] = rows["rejected"] / rows["rows"]
    many = rows[~rows["kind"].isin(OF_OTHER_ROWS) & (rows["share"] > REJECTED_SHARE)]
    problem = "; ".join(f"{kind}: {share:.1%}" for kind, share in zip(many["kind"], many["share"], strict=True))
    shares = {f"{kind}_share": float(share) for kind, share in zip(rows["kind"], rows["share"], strict=True)}
    return _warning_unless(many.empty, problem, rows, **shares)


@dg.asset_check(asset="maps", description="The maps of the last 30 days are those of the half year before.")
def map_pool_is_known(database: Database) -> dg.AssetCheckResult:
    """Names maps that are new, back in the pool, or gone from it."""
    rows = _query(database, quality.POOL)
    recent, before = rows["last_30_days"], rows["before"]
    if recent.sum() < POOL_MAPS or before.sum() < POOL_MAPS:
        return _warning_unless(True, "", rows)
    joined = rows[(recent > 0) & (before == 0)]["map"]
    left = rows[(recent == 0) & (before > 0.05 * before.sum())]["map"]
    problem = "; ".join([*(f"{name} is new" for name in joined), *(f"{name} is gone" for name in left)])
    return _warning_unless(not problem, problem, rows)


@dg.asset_check(asset="lineups", description="No five played under two teams within 90 days.")
def one_team_a_lineup(database: Database) -> dg.AssetCheckResult:
    """Names teams that share a five although they met, or played side by side with other fives."""
    rows = _query(database, quality.SHARED_LINEUPS)
    return _warning_unless(rows.empty, "; ".join(rows["teams"].head(5)), rows, lineups=len(rows))


@dg.asset_check(asset="map_results", description="Final scores of the last year obey the rules of the game.")
def scores_are_possible(database: Database) -> dg.AssetCheckResult:
    """13 rounds win a map in CS2, 16 did in CS:GO; a higher score needs an overtime."""
    rows = _query(database, quality.IMPOSSIBLE)
    today = get_settings().current_day()
    recent = rows[[(today - day).days <= RECENT_DAYS for day in rows["played_on"]]]
    problem = f"{len(recent)} impossible scores within a year"
    return _warning_unless(recent.empty, problem, rows, impossible=len(rows), within_a_year=len(recent))


@dg.asset_check(asset="raw_rows", description=f"At most {NOT_FIVE_SHARE:.0%} of rows have a lineup that is not five.")
def lineups_have_five(database: Database) -> dg.AssetCheckResult:
    """A row with another number of players is stored without its lineup."""
    rows, total = _query(database, quality.NOT_FIVE), int(_query(database, quality.FRESHNESS)["rows"].sum())
    share = len(rows) / max(total, 1)
    problem = f"{len(rows)} of {total} rows"
    return _warning_unless(share <= NOT_FIVE_SHARE, problem, rows, not_five=len(rows), share=share)
