"""Keys of the rows of files: by the id of the row, else by what the row is about."""

import re

import pandas as pd

from pipelines.sources.base import RowKind, parse_days
from pipelines.sources.months import FIRST_MONTH

KEY_COLUMNS = {
    RowKind.MAP: ("hltv_match_id", "date", "map", "team1", "team2", "map_number"),
    RowKind.SERIES: ("date", "team1", "team2", "number_on_day"),
    RowKind.STANDING: ("date", "roster"),
    RowKind.PLAYER_MAP: ("hltv_match_id", "map", "map_no", "player"),
    RowKind.FIXTURE: ("date", "event", "team1", "team2"),
    RowKind.LINEUP: ("hltv_match_id", "date", "map", "team1", "team2"),
    RowKind.VETO: ("hltv_match_id", "date", "event", "team1", "team2", "step"),
    RowKind.IDENTITY: ("about", "name1", "member1", "name2", "member2"),
}
"""Columns that tell rows without an id apart. A corrected row has another key: see ``pipelines.etl.corrections``."""

ID_COLUMNS = ("hltv_match_id", "hltv_map_id")
NUMBER_COLUMNS = ("map_number", "map_no", "number_on_day", "step")

_WHOLE_NUMBER = re.compile(r"0*(\d+)(?:\.0*)?")
_NO_IDS = frozenset({"0", "-", "nan", "none", "null", "n/a", "na", "<na>"})
"""Texts, in lower case, that programs write where a row has no id."""


def canonical_number(text: str) -> str:
    """Return the one spelling of a whole number: ``1.0``, ``01`` and `` 1`` are ``1``. Other texts are stripped."""
    stripped = text.strip()
    number = _WHOLE_NUMBER.fullmatch(stripped)
    return number[1] if number else stripped


def canonical_id(text: str) -> str:
    """Return the one spelling of an id, empty where the text says that there is none."""
    number = canonical_number(text)
    return "" if number.lower() in _NO_IDS else number


def with_row_keys(frame: pd.DataFrame, kind: RowKind) -> pd.DataFrame:
    """Add ``row_key`` and ``month`` to the rows of a file, and spell ids and numbers in one way.

    Rows with one id have one key: they are versions of one row, the last one counts. Rows without an id that agree in
    all key columns are numbered in order: they may be two.
    """
    frame = frame.copy()
    for columns, spell in ((ID_COLUMNS, canonical_id), (NUMBER_COLUMNS, canonical_number)):
        for column in columns:
            if column in frame.columns:
                frame[column] = frame[column].map({text: spell(text) for text in frame[column].unique()})
    key_columns = [column for column in KEY_COLUMNS[kind] if column in frame.columns]
    key = frame[key_columns[0]].str.cat(frame[key_columns[1:]], sep="|")
    has_id = _has_id(frame, kind)
    if has_id.any():
        # The id of a map stays when a date or spelling is corrected.
        key = key.where(~has_id, "hltv:" + frame["hltv_map_id"])
    repetition = key.groupby(key).cumcount().where(~has_id, 0)
    key = key.where(repetition == 0, key + "#" + (repetition + 1).astype(str))
    day = parse_days(frame["date"])
    month = day.dt.strftime("%Y-%m-01").where(day.notna(), None)
    # A row without a readable date takes the month of the row before it, a row before the first month that one; the ETL
    # rejects them with the reason.
    month = month.where(month.isna() | (month >= FIRST_MONTH), FIRST_MONTH)
    return frame.assign(row_key=key, month=month.ffill().bfill())


def repeated_rows(frame: pd.DataFrame, kind: RowKind) -> list[str]:
    """Describe the rows of one file that repeat another one, in words; empty if there is none.

    Args:
        frame: The rows of the file, with their keys.
        kind: Their kind.
    """
    messages = []
    repeated_ids = int(frame["row_key"].duplicated().sum())
    if repeated_ids:
        messages.append(f"{repeated_ids} rows repeat the id of another row: the last row of an id counts")
    n_equal = int(frame[~_has_id(frame, kind)].drop(columns=["row_key", "month"]).duplicated().sum())
    if n_equal and kind in (RowKind.MAP, RowKind.SERIES):
        messages.append(f"{n_equal} rows without an id repeat another row in every column: each counts as a match")
    return messages


def _has_id(frame: pd.DataFrame, kind: RowKind) -> pd.Series:
    """Whether each row has an id of its own."""
    if kind in (RowKind.MAP, RowKind.LINEUP) and "hltv_map_id" in frame.columns:
        return frame["hltv_map_id"] != ""
    return pd.Series(False, index=frame.index)
