"""Decided maps and series as rows."""

from datetime import date

import pandas as pd
from sqlalchemy import Connection, text

from pipelines.etl.match_history import day_numbers

_RESULTS = """
SELECT 'map' AS kind, map_results.map_id AS unit, played_on AS first_day, played_on AS last_day,
       team1_id, team2_id, winner, rank1, rank2, NOT is_rated AS is_flagged,
       first.roster AS lineup1, second.roster AS lineup2, NULL::integer[] AS maps
FROM map_results
LEFT JOIN lineups AS first ON first.id = lineup1_id LEFT JOIN lineups AS second ON second.id = lineup2_id
WHERE played_on BETWEEN :first AND :last
UNION ALL
SELECT 'series', coalesce(best_of, 0), first_day, last_day,
       series.team1_id, series.team2_id, series.winner, series.rank1, series.rank2, false,
       first.roster, second.roster,
       (SELECT array_agg(map_id) FROM map_results WHERE series_id = series.id)
FROM series
LEFT JOIN lineups AS first ON first.id = lineup1_id LEFT JOIN lineups AS second ON second.id = lineup2_id
WHERE last_day >= :first AND first_day <= :last AND winner IS NOT NULL
ORDER BY first_day, kind, unit, team1_id, team2_id
"""


def read_results(connection: Connection, *, first: date, last: date) -> pd.DataFrame:
    """Read the decided matches of some days.

    Args:
        connection: PostgreSQL.
        first: First day.
        last: Last day.

    Returns:
        ``kind``: map or series. ``unit``: the map, or the best-of (0 if unknown). ``first_day`` and ``last_day``: day
        numbers. ``team1_id``, ``team2_id``, ``winner`` (1 or 2), ``rank1``, ``rank2`` (NaN if unranked).
        ``is_flagged``: the row is excluded from ratings and scores. ``lineup1``, ``lineup2``: player ids
        in ascending order, joined by commas (None if unknown). ``maps``: set of a series' maps (empty if unknown).
    """
    rows = pd.read_sql_query(text(_RESULTS), connection, params={"first": first, "last": last})
    rows["maps"] = rows["maps"].map(lambda maps: frozenset(maps or ()))
    for column in ("first_day", "last_day"):
        rows[column] = day_numbers(rows[column])
    for column in ("rank1", "rank2"):
        rows[column] = rows[column].astype(float)
    for column in ("lineup1", "lineup2"):
        rows[column] = rows[column].astype(object)
    return rows


def with_current_ids(connection: Connection, forecasts: pd.DataFrame) -> pd.DataFrame:
    """Replace ids of teams and players that were merged since a forecast was stored.

    Args:
        connection: PostgreSQL.
        forecasts: Columns of :data:`pipelines.evaluation.stored_forecasts.COLUMNS`.
    """
    teams, players = (_merged(connection, table) for table in ("teams", "players"))
    forecasts = forecasts.copy()
    for column in ("team1_id", "team2_id"):
        forecasts[column] = forecasts[column].replace(teams)
    for column in ("lineup1", "lineup2"):
        forecasts[column] = forecasts[column].map(lambda lineup: _current_lineup(lineup, players))
    return forecasts


def _merged(connection: Connection, table: str) -> dict[int, int]:
    """Return the id that took up each merged one."""
    query = text(f"SELECT id, merged_into FROM {table} WHERE merged_into IS NOT NULL")  # noqa: S608 - our own names
    merged = {int(number): int(into) for number, into in connection.execute(query)}

    def survivor(number: int) -> int:
        return survivor(merged[number]) if number in merged else number

    return {number: survivor(number) for number in merged}


def _current_lineup(lineup: object, players: dict[int, int]) -> object:
    if not isinstance(lineup, str):
        return lineup
    return ",".join(map(str, sorted(players.get(int(player), int(player)) for player in lineup.split(","))))
