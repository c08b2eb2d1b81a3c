"""Launch backfills through GraphQL as Dagster's UI does, and compare the tables that they fill."""

from collections.abc import Sequence
from typing import Any

import httpx
import psycopg

ASSETS = (
    "raw_rows", "maps", "teams", "players", "events", "lineups", "series", "map_results", "standings",
    "player_map_stats", "vetoes", "fixtures", "identity_findings", "rejected_rows", "rating_snapshots",
)  # fmt: skip

_LAUNCH = """
mutation LaunchPartitionBackfill($backfillParams: LaunchBackfillParams!) {
  launchPartitionBackfill(backfillParams: $backfillParams) { __typename
    ... on LaunchBackfillSuccess { backfillId }
    ... on Error { message } } }
"""
_STATUS = """
query Backfill($backfillId: String!) { partitionBackfillOrError(backfillId: $backfillId) { __typename
  ... on PartitionBackfill { status error { message } runs(limit: 20) { runId status } }
  ... on Error { message } } }
"""
_RUNS = "query { runsOrError(limit: 50) { ... on Runs { results { runId jobName status } } } }"

_FIVE = """(SELECT string_agg(nickname, '|' ORDER BY nickname) FROM lineup_players
             JOIN players ON players.id = player_id WHERE lineup_id = {})"""

CONTENT = {
    "raw_rows": "SELECT source, kind, month, row_key, content_hash FROM raw_rows",
    "map_results": f"""
        SELECT m.natural_key, s.natural_key, maps.name, m.played_on, m.start_time, m.map_number, t1.name, t2.name,
               {_FIVE.format("m.lineup1_id")}, {_FIVE.format("m.lineup2_id")}, m.rounds1, m.rounds2, m.score_exact,
               m.winner, m.rank1, m.rank2, m.points1, m.points2, m.order_in_day, m.winner_conflict, m.date_suspect,
               m.never_played, m.doubtful, m.doubt, m.is_rated
        FROM map_results m JOIN series s ON s.id = m.series_id JOIN maps ON maps.id = m.map_id
             JOIN teams t1 ON t1.id = m.team1_id JOIN teams t2 ON t2.id = m.team2_id""",
    "series": f"""
        SELECT s.natural_key, e.name, first_day, last_day, forecast_day, learn_day, best_of, t1.name, t2.name,
               {_FIVE.format("lineup1_id")}, {_FIVE.format("lineup2_id")}, winner, is_lan, rank1, rank2,
               points1, points2
        FROM series s JOIN teams t1 ON t1.id = team1_id JOIN teams t2 ON t2.id = team2_id
             LEFT JOIN events e ON e.id = event_id""",
    "standings": "SELECT natural_key, published_on, teams.name, rank, points, region FROM standings "
    "JOIN teams ON teams.id = team_id",
    "player_map_stats": """
        SELECT m.natural_key, nickname, kills, deaths, adr, kast, rating FROM player_map_stats
        JOIN map_results m ON m.id = map_result_id JOIN players ON players.id = player_id""",
    "vetoes": """
        SELECT s.natural_key, step, t.name, action, maps.name FROM vetoes JOIN series s ON s.id = series_id
        JOIN maps ON maps.id = map_id LEFT JOIN teams t ON t.id = team_id""",
    "fixtures": "SELECT natural_key, start_time, event, best_of, team1_name, team2_name FROM fixtures",
    "rejected_rows": "SELECT source, kind, row_key, reasons::text FROM rejected_rows JOIN raw_rows ON "
    "raw_rows.id = raw_row_id",
}
"""Natural keys and values by table, without surrogate ids and times of writing. Dictionaries are compared through the
names in the other tables: a dictionary never deletes an entry, so a homonym that was separated before all months were
ingested leaves an entry without references."""


def content(url: str) -> dict[str, tuple[int, str]]:
    """Return the number of rows and a checksum by table."""
    with psycopg.connect(url) as connection:
        return {
            table: connection.execute(
                f"SELECT count(*), md5(coalesce(string_agg(line, ';' ORDER BY line), '')) "  # type: ignore[arg-type]
                f'FROM (SELECT t::text COLLATE "C" AS line FROM ({query}) t) lines'
            ).fetchone()
            for table, query in CONTENT.items()
        }  # type: ignore[return-value]


def forget(url: str) -> None:
    """Empty every table that a backfill fills."""
    tables = "raw_rows, maps, teams, players, events, lineups, series, rating_snapshots"
    with psycopg.connect(url) as connection:
        connection.execute(f"TRUNCATE {tables} RESTART IDENTITY CASCADE")  # type: ignore[arg-type]


class Dagster:
    """Client of the webserver at ``url``."""

    def __init__(self, url: str) -> None:
        self.url = url

    def launch_backfill(self, months: Sequence[str], assets: Sequence[str] = ASSETS) -> str:
        """Launch a backfill of months; return its id."""
        parameters = {
            "assetSelection": [{"path": [asset]} for asset in assets],
            "partitionNames": list(months),
            "fromFailure": False,
            "tags": [],
        }
        answer = self._execute(_LAUNCH, backfillParams=parameters)["launchPartitionBackfill"]
        assert answer["__typename"] == "LaunchBackfillSuccess", answer
        return str(answer["backfillId"])

    def ended(self, backfill_id: str) -> dict[str, Any] | None:
        """Return status and runs of a finished backfill; None while it runs or its state is unknown."""
        backfill: dict[str, Any] = self._execute(_STATUS, backfillId=backfill_id)["partitionBackfillOrError"]
        is_running = backfill["__typename"] != "PartitionBackfill" or backfill["status"] in ("REQUESTED", "CANCELING")
        return None if is_running else backfill

    def runs(self) -> list[dict[str, str]]:
        """Return the last runs, newest first."""
        results: list[dict[str, str]] = self._execute(_RUNS)["runsOrError"]["results"]
        return results

    def _execute(self, query: str, **variables: Any) -> dict[str, Any]:
        answer = httpx.post(f"{self.url}/graphql", json={"query": query, "variables": variables}, timeout=60).json()
        assert "errors" not in answer, answer
        data: dict[str, Any] = answer["data"]
        return data
