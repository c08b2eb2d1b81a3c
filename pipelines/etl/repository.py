"""Statements of a rebuild: load the newest rows and the ids, store the tables, load the history.

Every function runs in the transaction of its caller.
"""

from collections.abc import Sequence
from typing import Any

import orjson
import pandas as pd
from sqlalchemy import Connection, text

from cs2.forecasting.matches import MatchHistory
from cs2.settings import SourceName
from pipelines.etl.id_register import Identities, IdRegister, NameRegister
from pipelines.etl.match_history import history_from_tables
from pipelines.etl.pg_copy import copy_frame, copy_rows
from pipelines.etl.rebuild import TableSet
from pipelines.etl.row_versions import NEWEST_ROWS
from pipelines.sources.base import RowKind

_SELECT_NEWEST = (
    NEWEST_ROWS
    + """
SELECT id, source, kind, row_key, payload, first_id FROM newest WHERE source = ANY(:sources)
ORDER BY source, kind, row_key
"""
)
_INSERT_LINEUP_PLAYERS = """
INSERT INTO lineup_players (lineup_id, player_id)
SELECT id, unnest(string_to_array(roster, ',')::integer[]) FROM lineups
WHERE NOT EXISTS (SELECT FROM lineup_players WHERE lineup_id = lineups.id)
"""
_INSERT_RESULT_IDS = """
INSERT INTO result_ids (result, id, natural_key)
SELECT 'map_results', id, natural_key FROM map_results UNION ALL
SELECT 'series', id, natural_key FROM series UNION ALL
SELECT 'standings', id, published_on::text || ' ' || natural_key FROM standings
ON CONFLICT (result, id) DO UPDATE SET natural_key = excluded.natural_key
WHERE result_ids.natural_key <> excluded.natural_key
"""

GROWING = {
    "maps": ["id"],
    "teams": ["id"],
    "team_aliases": ["name", "homonym_no"],
    "players": ["id"],
    "player_aliases": ["nickname", "homonym_no"],
    "events": ["id"],
    "lineups": ["id"],
}
"""Tables that never lose a row, with the key of each: a stored forecast may refer to any id."""

REPLACED = ("series", "map_results", "standings", "player_map_stats", "vetoes", "fixtures", "identity_findings")
"""Tables that every rebuild replaces as a whole, referenced tables first."""

NULLABLE = frozenset(
    {
        *("rounds1", "rounds2", "rank1", "rank2", "best_of", "winner"),
        *("predecessor1_id", "predecessor2_id"),
        *("lineup1_id", "lineup2_id", "forecast_lineup1_id", "forecast_lineup2_id"),
    }
)
"""Integer columns that may be NULL: pandas would read them as floats."""


def load_newest_rows(connection: Connection, sources: Sequence[SourceName]) -> dict[RowKind, pd.DataFrame]:
    """Load the newest version of every row, in an order that is independent of when it landed.

    Args:
        connection: PostgreSQL.
        sources: Sources by precedence.

    Returns:
        One frame a kind, indexed by the id in ``raw_rows``. ``row_key`` begins with the source, as two sources may both
        count from 1; ``source_rank`` is the position of the source in ``sources``. Announced matches also have
        ``source`` and ``first_id``, the id of their first version, which never changes.
    """
    ranks = {name.value: rank for rank, name in enumerate(sources)}
    rows = connection.execute(text(_SELECT_NEWEST), {"sources": list(ranks)}).all()
    frames = {}
    for kind in RowKind:
        of_kind = [row for row in rows if row.kind == kind]
        if of_kind:
            frame = pd.DataFrame([row.payload for row in of_kind], index=[row.id for row in of_kind]).fillna("")
            frame["source_rank"] = [ranks[row.source] for row in of_kind]
            if kind is RowKind.FIXTURE:
                frame["source"] = [row.source for row in of_kind]
                frame["first_id"] = [row.first_id for row in of_kind]
            frame["row_key"] = [f"{row.source}:{row.row_key}" for row in of_kind]
            if "date" not in frame:  # none of the rows is readable
                frame["date"] = ""
            frames[kind] = frame.sort_values(["date", "row_key"], kind="stable")
    return frames


def load_identities(connection: Connection) -> Identities:
    """Load every id assigned so far."""

    def register(query: str, parameters: dict[str, str] | None = None) -> IdRegister[Any]:
        rows = connection.execute(text(query), parameters).all()
        return IdRegister({(row[0] if len(row) == 2 else tuple(row[:-1])): row[-1] for row in rows})

    def names(table: str, aliases: str) -> NameRegister:
        former = connection.execute(text(f"SELECT id, former_key FROM {table} WHERE former_key IS NOT NULL"))  # noqa: S608
        keys = {key.partition(":")[::2]: number for number, key in former}
        return NameRegister(
            register(aliases).ids,
            former={(name, int(homonym_no)): number for (homonym_no, name), number in keys.items()},
            reserved=connection.scalar(text(f"SELECT coalesce(max(id), 0) FROM {table}")) or 0,  # noqa: S608
        )

    results = "SELECT natural_key, id FROM result_ids WHERE result = :result ORDER BY id"
    standings = register(results, {"result": "standings"})
    return Identities(
        maps=register("SELECT name, id FROM maps ORDER BY id"),
        teams=names("teams", "SELECT name, homonym_no, team_id FROM team_aliases ORDER BY id"),
        players=names("players", "SELECT nickname, homonym_no, player_id FROM player_aliases ORDER BY id"),
        events=register("SELECT name, id FROM events ORDER BY id"),
        lineups=register("SELECT team_id, roster, id FROM lineups ORDER BY id"),
        series=register(results, {"result": "series"}),
        map_results=register(results, {"result": "map_results"}),
        standings=IdRegister({tuple(key.split(" ", 1)): number for key, number in standings.ids.items()}),
    )


def store(connection: Connection, rebuilt: TableSet) -> None:
    """Replace the stored tables; readers see the old ones until the transaction commits."""
    frames = dict(rebuilt.tables.items())
    for table in ("player_map_stats", "vetoes"):
        frames[table] = frames[table].drop(columns="published_index")
    for table in reversed(REPLACED):
        connection.execute(text(f"DELETE FROM {table}"))  # noqa: S608 - a constant of this module
    for table, key in GROWING.items():
        _upsert(connection, table, frames[table], key)
    connection.execute(text(_INSERT_LINEUP_PLAYERS))
    for table in REPLACED:
        copy_frame(connection, table, frames[table])
    connection.execute(text(_INSERT_RESULT_IDS))
    _store_rejected(connection, rebuilt.outcomes)


def _upsert(connection: Connection, table: str, frame: pd.DataFrame, key: Sequence[str]) -> None:
    """Insert new rows and update changed ones; delete none."""
    columns = list(frame.columns)
    values = [column for column in columns if column not in key]
    connection.execute(text(f"CREATE TEMPORARY TABLE staged (LIKE {table} INCLUDING DEFAULTS) ON COMMIT DROP"))
    if "id" not in columns:
        connection.execute(text("ALTER TABLE staged ALTER COLUMN id DROP NOT NULL"))
    copy_frame(connection, "staged", frame)
    names = ", ".join(columns)
    changes = ", ".join(f"{column} = excluded.{column}" for column in values)
    differs = " OR ".join(f"{table}.{column} IS DISTINCT FROM excluded.{column}" for column in values)
    connection.execute(
        text(
            f"INSERT INTO {table} ({names}) SELECT {names} FROM staged "  # noqa: S608 - names of our own tables
            f"ON CONFLICT ({', '.join(key)}) DO UPDATE SET {changes} WHERE {differs}"
        )
    )
    connection.execute(text("DROP TABLE staged"))


def _store_rejected(connection: Connection, outcomes: pd.DataFrame) -> None:
    connection.execute(text("DELETE FROM rejected_rows"))
    rejected = outcomes[outcomes["outcome"] == "rejected"]
    reasons = [orjson.dumps(list(texts)).decode() for texts in rejected["reasons"]]
    rows = zip(map(int, rejected["index"]), reasons, strict=True)
    copy_rows(connection, "rejected_rows", ["raw_row_id", "reasons"], rows)


def load_history(connection: Connection) -> MatchHistory:
    """Load every stored match, for ratings and training."""
    frames = {
        table: pd.read_sql_query(text(f"SELECT * FROM {table} ORDER BY id"), connection)  # noqa: S608 - our own names
        for table in ("map_results", "series", "lineups")
    }
    for frame in frames.values():
        for column in NULLABLE.intersection(frame.columns):
            frame[column] = frame[column].astype("Int64")
    return history_from_tables(frames["map_results"], frames["series"], frames["lineups"])
