"""Claims about what was published: a broken one warns, as the data may be right and the world have changed."""

from datetime import date

import dagster as dg
import pandas as pd

from cs2.settings import get_settings
from pipelines.etl import data_quality as quality
from pipelines.resources import Database

FRESH_DAYS = 7
USUAL_FACTOR = 3.0
REJECTED_SHARE = 0.05
NOT_FIVE_SHARE = 0.01
POOL_MAPS = 50
"""Maps within a month from which on its pool can be told."""


def _look(database: Database, query: str) -> pd.DataFrame:
    with database.engine() as engine, engine.connect() as connection:
        return quality.found(connection, query, get_settings().current_day())


def _warn(passed: bool, problem: str, rows: pd.DataFrame, **numbers: int | float) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        passed=passed,
        severity=dg.AssetCheckSeverity.WARN,
        description=None if passed else problem,
        metadata={"found": dg.MetadataValue.text(rows.head(20).to_string(index=False)), **numbers},
    )


@dg.asset_check(
    asset="raw_rows", description=f"Every source that is turned on has a result of the last {FRESH_DAYS} days."
)
def sources_are_fresh(database: Database) -> dg.AssetCheckResult:
    """A source that fell silent, or never told anything, is named; one that is turned off is not missed."""
    rows, settings = _look(database, quality.FRESHNESS), get_settings()
    newest = dict(zip(rows["source"], map(date.fromisoformat, rows["newest"]), strict=True))
    old = [
        f"{name}: {(settings.current_day() - newest[name]).days} days" if name in newest else f"{name}: nothing yet"
        for name in settings.sources
        if name not in newest or (settings.current_day() - newest[name]).days > FRESH_DAYS
    ]
    return _warn(not old, "; ".join(old), rows)


@dg.asset_check(asset="series", description="The last whole month has about as many series as the year before it.")
def rows_are_as_many_as_usual(database: Database) -> dg.AssetCheckResult:
    """Within a factor of three of the median month; months are told only after three of them."""
    rows = _look(database, quality.MONTHLY)
    before = get_settings().current_day().replace(day=1)
    last = (pd.Timestamp(before) - pd.DateOffset(months=1)).date()
    earlier = rows[rows["month"] != last]["series"]
    n_last = int(rows[rows["month"] == last]["series"].sum())
    usual = float(earlier.median()) if len(earlier) >= 3 else float(n_last)
    passed = usual / USUAL_FACTOR <= n_last <= usual * USUAL_FACTOR
    return _warn(passed, f"{n_last} series in {last:%Y-%m}, usual are {usual:g}", rows, series=n_last, usual=usual)


@dg.asset_check(
    asset="rejected_rows", description=f"At most {REJECTED_SHARE:.0%} of maps, series, standings or fixtures."
)
def few_rows_are_rejected(database: Database) -> dg.AssetCheckResult:
    """Statistics are shown and not judged: most come of maps that nobody else published."""
    rows = _look(database, quality.REJECTED)
    rows["share"] = rows["rejected"] / rows["rows"]
    many = rows[(rows["kind"] != "player_map") & (rows["share"] > REJECTED_SHARE)]
    problem = "; ".join(f"{kind}: {share:.1%}" for kind, share in zip(many["kind"], many["share"], strict=True))
    shares = {f"{kind}_share": float(share) for kind, share in zip(rows["kind"], rows["share"], strict=True)}
    return _warn(many.empty, problem, rows, **shares)


@dg.asset_check(asset="maps", description="The maps of the last 30 days are those of the half year before.")
def map_pool_is_known(database: Database) -> dg.AssetCheckResult:
    """Names maps that are new, back in the pool, or gone from it."""
    rows = _look(database, quality.POOL)
    now, before = rows["last_30_days"], rows["before"]
    if now.sum() < POOL_MAPS or before.sum() < POOL_MAPS:
        return _warn(True, "", rows)
    joined = rows[(now > 0) & (before == 0)]["map"]
    left = rows[(now == 0) & (before > 0.05 * before.sum())]["map"]
    problem = "; ".join([*(f"{name} is new" for name in joined), *(f"{name} is gone" for name in left)])
    return _warn(not problem, problem, rows)


@dg.asset_check(asset="lineups", description="No five played under two teams within 90 days.")
def one_team_a_lineup(database: Database) -> dg.AssetCheckResult:
    """A team that was renamed, or one that two sources spell differently."""
    rows = _look(database, quality.SHARED_LINEUPS)
    return _warn(rows.empty, "; ".join(rows["teams"].head(5)), rows, lineups=len(rows))


@dg.asset_check(asset="map_results", description="Final scores are such as the rules of the game allow.")
def scores_are_possible(database: Database) -> dg.AssetCheckResult:
    """13 rounds win in CS2 and 16 did in CS:GO, more only after overtime. Judged are the last 365 days."""
    rows = _look(database, quality.IMPOSSIBLE)
    today = get_settings().current_day()
    recent = rows[[(today - day).days <= 365 for day in rows["played_on"]]]
    problem = f"{len(recent)} impossible scores within a year"
    return _warn(recent.empty, problem, rows, impossible=len(rows), within_a_year=len(recent))


@dg.asset_check(asset="raw_rows", description=f"At most {NOT_FIVE_SHARE:.0%} of rows name other than five a side.")
def lineups_have_five(database: Database) -> dg.AssetCheckResult:
    """Such a row is stored without its lineup."""
    rows, total = _look(database, quality.NOT_FIVE), int(_look(database, quality.FRESHNESS)["rows"].sum())
    share = len(rows) / max(total, 1)
    return _warn(share <= NOT_FIVE_SHARE, f"{len(rows)} of {total} rows", rows, not_five=len(rows), share=share)
