"""Queries of the data quality checks. Each returns the rows that a person should inspect.

Days count back from ``:today``, so that an archive that ends in the past can be checked as of its end.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from sqlalchemy import Connection, text

from pipelines.etl.row_versions import NEWEST_ROWS

if TYPE_CHECKING:
    import pandas as pd

FRESHNESS = (
    NEWEST_ROWS
    + """
SELECT source, max(payload->>'date') AS newest, count(*) AS rows FROM newest
WHERE kind IN ('map', 'series') AND payload->>'date' BETWEEN '2000' AND cast(:today AS text)
GROUP BY source ORDER BY source
"""
)

MONTHLY = """
SELECT date_trunc('month', first_day)::date AS month, count(*) AS series FROM series
WHERE first_day >= date_trunc('month', cast(:today AS date)) - interval '13 months'
  AND first_day < date_trunc('month', cast(:today AS date))
GROUP BY 1 ORDER BY 1
"""

REJECTED = (
    NEWEST_ROWS
    + """
SELECT kind, count(*) AS rows, count(raw_row_id) AS rejected
FROM newest LEFT JOIN rejected_rows ON raw_row_id = newest.id GROUP BY kind ORDER BY kind
"""
)

NOT_FIVE = (
    NEWEST_ROWS
    + """
SELECT source, payload->>'date' AS day, payload->>'team1' AS team1, payload->>'team2' AS team2,
       payload->>'team1_players' AS players1, payload->>'team2_players' AS players2
FROM newest
WHERE kind IN ('map', 'series') AND EXISTS (
    SELECT FROM unnest(ARRAY[payload->>'team1_players', payload->>'team2_players']) AS side
    WHERE side <> '' AND cardinality(string_to_array(side, '|')) <> 5)
ORDER BY day DESC
"""
)

POOL = """
SELECT maps.name AS map,
       count(*) FILTER (WHERE played_on > cast(:today AS date) - 30) AS last_30_days,
       count(*) FILTER (WHERE played_on BETWEEN cast(:today AS date) - 210 AND cast(:today AS date) - 30) AS before,
       min(played_on) AS first_played
FROM map_results JOIN maps ON maps.id = map_id WHERE played_on <= :today GROUP BY maps.name ORDER BY maps.name
"""

SHARED_LINEUPS = """
WITH fielded AS (
    SELECT lineup1_id AS lineup_id, last_day FROM series UNION ALL SELECT lineup2_id, last_day FROM series
)
SELECT roster, string_agg(DISTINCT teams.name, ' = ' ORDER BY teams.name) AS teams, max(last_day) AS last_day
FROM fielded JOIN lineups ON lineups.id = lineup_id JOIN teams ON teams.id = lineups.team_id
WHERE last_day BETWEEN cast(:today AS date) - 90 AND :today
GROUP BY roster HAVING count(DISTINCT team_id) > 1 ORDER BY roster
"""

# A half has 12 rounds in CS2 and had 15 in CS:GO. Events that began in CS:GO ended in it, so both are valid in between.
# An overtime has six rounds: four win it, and three all repeats it. Before 2016 ten rounds were usual.
IMPOSSIBLE = """
WITH scores AS (
    SELECT id, played_on, greatest(rounds1, rounds2) AS high, least(rounds1, rounds2) AS low FROM map_results
    WHERE score_exact AND rounds1 IS NOT NULL AND rounds2 IS NOT NULL
), rules AS (
    SELECT 12 AS half, date '2023-09-01' AS since, date '9999-12-31' AS until
    UNION ALL SELECT 15, date '2000-01-01', date '2023-12-31'
)
SELECT id, played_on, high, low FROM scores WHERE NOT EXISTS (
    SELECT FROM rules WHERE played_on BETWEEN since AND until AND (
        (high = half + 1 AND low < half)
        OR (high >= half + 4 AND (high - half - 4) % 3 = 0 AND high - low BETWEEN 2 AND 4)
        OR (played_on < '2016-01-01' AND high >= half + 6 AND (high - half - 6) % 5 = 0 AND high - low BETWEEN 2 AND 6))
) ORDER BY played_on DESC, id
"""


MAP_ROW_COUNTS = f"""{NEWEST_ROWS}
SELECT (SELECT count(*) FROM newest WHERE kind = 'map' AND source = ANY(:sources)) AS landed,
       (SELECT count(*) FROM map_results) AS stored,
       (SELECT count(*) FROM rejected_rows JOIN raw_rows ON raw_rows.id = raw_row_id WHERE kind = 'map') AS rejected
"""  # noqa: S608 - a constant


@dataclass(frozen=True, slots=True, kw_only=True)
class MapRowCounts:
    """Numbers of map rows: landed by the sources, stored as results, and rejected."""

    landed: int
    stored: int
    rejected: int


def count_map_rows(connection: Connection, sources: Sequence[str]) -> MapRowCounts:
    """Count the map rows of ``sources``, each with its newest version only."""
    counts = connection.execute(text(MAP_ROW_COUNTS), {"sources": list(sources)}).mappings().one()
    return MapRowCounts(**counts)


def read_table(connection: Connection, table: str) -> "pd.DataFrame":
    """Read a whole table; ``table`` is put into the statement as it is."""
    import pandas as pd

    return pd.read_sql_query(text(f"SELECT * FROM {table}"), connection)  # noqa: S608 - our own names


def run_query(connection: Connection, query: str, today: date) -> "pd.DataFrame":
    """Run one of the queries of rows above."""
    import pandas as pd

    parameters = {"today": today} if ":today" in query else {}
    return pd.read_sql_query(text(query), connection, params=parameters)
