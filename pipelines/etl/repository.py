"""Rebuilt tables into PostgreSQL, whole, in the caller's transaction, and the ids that stay."""

from collections.abc import Sequence
from typing import Any

import orjson
import pandas as pd
from sqlalchemy import Connection, text

from cs2.forecasting.matches import MatchHistory
from pipelines.etl.ids import Identities, IdRegister
from pipelines.etl.match_history import history_from_tables
from pipelines.etl.pg_copy import copy_frame, copy_rows
from pipelines.etl.rebuild import TableSet

GROWING = ("maps", "teams", "team_aliases", "players", "player_aliases", "events", "lineups")
"""Tables that keep every row they ever had: an id may stand in a forecast."""

NULLABLE = frozenset({"rounds1", "rounds2", "rank1", "rank2", "lineup1_id", "lineup2_id", "best_of", "winner"})

REPLACED = ("series", "map_results", "standings", "player_map_stats", "fixtures")

_KEYS = {
    "maps": ["id"],
    "teams": ["id"],
    "team_aliases": ["name", "homonym_no"],
    "players": ["id"],
    "player_aliases": ["nickname", "homonym_no"],
    "events": ["id"],
    "lineups": ["id"],
}


def load_identities(connection: Connection) -> Identities:
    """The ids given so far."""

    def register(query: str) -> IdRegister[Any]:
        rows = connection.execute(text(query)).all()
        return IdRegister({(row[0] if len(row) == 2 else tuple(row[:-1])): row[-1] for row in rows})

    return Identities(
        maps=register("SELECT name, id FROM maps ORDER BY id"),
        teams=register("SELECT name, homonym_no, team_id FROM team_aliases ORDER BY id"),
        players=register("SELECT nickname, homonym_no, player_id FROM player_aliases ORDER BY id"),
        events=register("SELECT name, id FROM events ORDER BY id"),
        lineups=register("SELECT team_id, roster, id FROM lineups ORDER BY id"),
        series=register("SELECT natural_key, id FROM series ORDER BY id"),
        map_results=register("SELECT natural_key, id FROM map_results ORDER BY id"),
        standings=register("SELECT published_on::text, natural_key, id FROM standings ORDER BY id"),
    )


def store(connection: Connection, rebuilt: TableSet) -> None:
    """Replace the tables of results; readers see the old ones until the transaction ends."""
    frames = dict(rebuilt.tables.items())
    frames["player_map_stats"] = frames["player_map_stats"].drop(columns="published_index")
    for table in reversed(REPLACED):
        connection.execute(text(f"DELETE FROM {table}"))  # noqa: S608 - a constant of this module
    for table in GROWING:
        _grow(connection, table, frames[table], _KEYS[table])
    _store_lineup_players(connection)
    for table in REPLACED:
        copy_frame(connection, table, frames[table])
    _store_rejected(connection, rebuilt.outcomes)


def _grow(connection: Connection, table: str, frame: pd.DataFrame, key: Sequence[str]) -> None:
    """Insert what is new, update what changed, delete nothing."""
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


def _store_lineup_players(connection: Connection) -> None:
    connection.execute(
        text(
            "INSERT INTO lineup_players (lineup_id, player_id) "
            "SELECT id, unnest(string_to_array(roster, ',')::integer[]) FROM lineups "
            "WHERE NOT EXISTS (SELECT FROM lineup_players WHERE lineup_id = lineups.id)"
        )
    )


def _store_rejected(connection: Connection, outcomes: pd.DataFrame) -> None:
    connection.execute(text("DELETE FROM rejected_rows"))
    rejected = outcomes[outcomes["outcome"] == "rejected"]
    rows = [
        (int(index), _json_list(reasons)) for index, reasons in zip(rejected["index"], rejected["reasons"], strict=True)
    ]
    copy_rows(connection, "rejected_rows", ["raw_row_id", "reasons"], rows)


def _json_list(reasons: Sequence[str]) -> str:
    return orjson.dumps(list(reasons)).decode()


def read_history(connection: Connection) -> MatchHistory:
    """Everything played that is stored, for ratings and training."""
    frames = {
        table: pd.read_sql_query(text(f"SELECT * FROM {table} ORDER BY id"), connection)  # noqa: S608 - our own names
        for table in ("map_results", "series", "lineups")
    }
    for frame in frames.values():
        for column in NULLABLE.intersection(frame.columns):
            frame[column] = frame[column].astype("Int64")
    return history_from_tables(frames["map_results"], frames["series"], frames["lineups"])
