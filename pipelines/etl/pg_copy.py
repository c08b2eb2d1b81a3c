"""Load rows in bulk with PostgreSQL's COPY."""

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
        name = type(driver).__name__
        raise TypeError(f"COPY needs psycopg 3, but the connection is {name}: use postgresql+psycopg:// in the URL")
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
        sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, columns))
    )
    with driver.cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row(row)


def copy_frame(connection: Connection, table: str, frame: pd.DataFrame) -> None:
    """Append a frame to a table with the same columns; missing values become NULL."""
    plain = frame.astype(object).where(frame.notna(), None)
    copy_rows(connection, table, list(frame.columns), plain.itertuples(index=False, name=None))
