"""Bulk loading with PostgreSQL's COPY."""

from collections.abc import Iterable, Sequence
from typing import Any

import pandas as pd
import psycopg
from psycopg import sql
from sqlalchemy import Connection


def copy_rows(connection: Connection, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Append rows to a table, in the connection's transaction."""
    driver = connection.connection.driver_connection
    if not isinstance(driver, psycopg.Connection):
        raise TypeError(f"COPY needs psycopg 3, the connection is {type(driver).__name__}: see the driver in the URL")
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
        sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, columns))
    )
    with driver.cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row(row)


def copy_frame(connection: Connection, table: str, frame: pd.DataFrame) -> None:
    """Append a frame to the table of the same columns; missing values become NULL."""
    plain = frame.astype(object).where(frame.notna(), None)
    copy_rows(connection, table, list(frame.columns), plain.itertuples(index=False, name=None))
