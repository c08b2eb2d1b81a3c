"""Parse published text into typed rows. A row that cannot be used is rejected with every reason."""

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd
import pandera.pandas as pa

from cs2.map_names import canonical_map_name
from pipelines.etl.number_columns import INTEGERS, NUMBERS, RANGES, clear_mark, range_mark
from pipelines.etl.numbers import read_numbers, read_winners
from pipelines.etl.row_schemas import SCHEMAS
from pipelines.sources.base import RowKind, parse_days, parse_times

_LARGEST_INTEGER = 2**31 - 1
"""Larger numbers are clipped to it: they are out of every range."""


@dataclass(frozen=True, slots=True)
class ParsedRows:
    """Typed rows of one kind, and the rejected ones.

    Attributes:
        rows: Usable rows; the index is that of the published frame.
        reasons: Why each other row cannot be used, by index.
    """

    rows: pd.DataFrame
    reasons: dict[int, list[str]]


_REQUIRED = {
    RowKind.MAP: ("date", "row_key", "map", "team1", "team2", "winner"),
    RowKind.SERIES: ("date", "row_key", "team1", "team2", "winner"),
    RowKind.STANDING: ("date", "row_key", "team"),
    RowKind.PLAYER_MAP: ("date", "row_key", "map", "team1", "team2", "player"),
    RowKind.FIXTURE: ("date", "row_key", "start_time", "team1", "team2"),
    RowKind.LINEUP: ("date", "row_key", "map", "team1", "team2", "team1_players", "team2_players"),
    RowKind.VETO: ("date", "row_key", "map", "team1", "team2", "team", "action"),
    RowKind.IDENTITY: ("date", "row_key", "name1", "name2"),
}
"""Columns of text that rows are parsed from. A stored row lacks those that were empty."""


_LINE_BREAKS = "[\x00-\x1f\x7f\u2028\u2029]+"

_FLAGS = {RowKind.MAP: {"score_exact": True, "winner_conflict": False, "date_suspect": False}}
_TEXTS = {
    RowKind.MAP: (
        *("event", "start_time", "lan", "hltv_match_id", "hltv_map_id", "team1_players", "team2_players", "sources"),
    ),
    RowKind.SERIES: ("event", "lan", "team1_players", "team2_players"),
    RowKind.FIXTURE: ("event", "start_time", "source"),
    RowKind.STANDING: ("roster", "region"),
    RowKind.PLAYER_MAP: (),
    RowKind.IDENTITY: ("about", "name1", "name2", "member1", "member2", "verdict", "reason"),
    RowKind.LINEUP: ("hltv_match_id", "hltv_map_id", "team1_players", "team2_players"),
    RowKind.VETO: ("event", "hltv_match_id", "team", "action"),
}


def typed(frame: pd.DataFrame, kind: RowKind) -> pd.DataFrame:
    """Convert the columns to their types. Unreadable values become missing; absent columns are added empty."""
    frame = frame.copy()
    frame["day"] = parse_days(frame["date"])
    if "winner" in _REQUIRED[kind]:
        frame["winner"] = read_winners(frame)
    for column in INTEGERS[kind]:
        numbers = _in_range(frame, column)
        numbers = numbers.clip(-_LARGEST_INTEGER, _LARGEST_INTEGER)
        frame[column] = numbers.where(numbers % 1 == 0).astype("Int64")
    for column in NUMBERS[kind]:
        frame[column] = _in_range(frame, column)
    for column, default in _FLAGS.get(kind, {}).items():
        frame[column] = (frame[column] == "1") if column in frame else default
    for column in _TEXTS[kind]:
        text = frame.get(column, pd.Series("", frame.index, dtype=str))
        # The event is for information: a sign that breaks its line costs no match.
        frame[column] = text.str.replace(_LINE_BREAKS, " ", regex=True).str.strip() if column == "event" else text
    if "source_rank" not in frame:
        frame["source_rank"] = 0
    for column in (
        *("team1", "team2", "team", "player", "map", "action"),
        *("name1", "name2", "member1", "member2"),
    ):
        if column in frame:
            frame[column] = frame[column].str.strip()
    if "action" in frame:
        frame["action"] = frame["action"].str.lower()
    if "map" in frame:
        frame["map"] = frame["map"].map(canonical_map_name)
    if kind is RowKind.FIXTURE:
        frame["start"] = parse_times(frame["start_time"])
        frame["id"] = frame.get("first_id", frame.index.to_series())
    if kind is RowKind.MAP:
        frame = _without_contradicting_rounds(frame)
    return frame


def _in_range(frame: pd.DataFrame, column: str) -> pd.Series:
    """Return a column as numbers. A number out of range becomes missing, and the row is marked."""
    numbers, is_ambiguous = read_numbers(frame.get(column, pd.Series("", index=frame.index, dtype=str)))
    if column not in RANGES:
        return numbers
    frame[clear_mark(column)] = ~is_ambiguous
    is_inside = numbers.isna() | numbers.between(*RANGES[column])
    frame[range_mark(column)] = is_inside
    return numbers.where(is_inside)


def _without_contradicting_rounds(frame: pd.DataFrame) -> pd.DataFrame:
    """Drop rounds that contradict the published winner."""
    decided = frame["score1"].notna() & frame["score2"].notna() & (frame["score1"] != frame["score2"])
    contradict = decided & ((frame["score1"] > frame["score2"]) != (frame["winner"] == 1))
    frame.loc[contradict.fillna(False), ["score1", "score2"]] = pd.NA
    return frame


def in_order(frame: pd.DataFrame) -> pd.DataFrame:
    """Sort rows of two teams, so that neither the order of the file nor of the teams matters.

    Ids, the order within a day and the choice among equal candidates follow from this order. Results decide it only
    between rows that are alike in everything else.
    """
    if "team1" not in frame or "team2" not in frame:
        return frame
    swap = frame["team1"] > frame["team2"]
    sort_keys = pd.DataFrame(index=frame.index)
    for column in ("source_rank", "date", "map", "map_number", "number_on_day", "hltv_match_id", "hltv_map_id"):
        if column in frame:
            sort_keys[column] = frame[column]
    for column in ("team{}", "team{}_players", "score{}"):
        one, two = column.format(1), column.format(2)
        if one in frame and two in frame:
            sort_keys[one] = frame[one].where(~swap, frame[two])
            sort_keys[two] = frame[two].where(~swap, frame[one])
    if "winner" in frame:
        sort_keys["winner"] = (frame["winner"] == "1") ^ swap
    return frame.loc[sort_keys.sort_values(sort_keys.columns.tolist(), kind="stable").index]


def parse_all(published: Mapping[RowKind, pd.DataFrame]) -> dict[RowKind, ParsedRows]:
    """Parse the frames of every kind.

    Args:
        published: Frames as a source yields them; a kind may be missing.

    Returns:
        Typed rows and rejected rows of every kind.
    """
    return {kind: parse(published.get(kind, pd.DataFrame()), kind) for kind in RowKind}


def parse(frame: pd.DataFrame, kind: RowKind) -> ParsedRows:
    """Convert the rows to their types, and reject those that break the schema of their kind."""
    frame = frame.assign(**{column: pd.Series("", frame.index, dtype=str) for column in _absent(frame, kind)})
    reasons: dict[int, list[str]] = {}
    if "problem" in frame:  # lines of a file that are no row
        problems = frame.loc[frame["problem"] != "", "problem"]
        reasons = {index: [problem] for index, problem in zip(problems.index.tolist(), problems, strict=True)}
        frame = frame.drop(index=problems.index)
    frame = typed(in_order(frame), kind)
    if frame.empty:
        return ParsedRows(frame, reasons)
    try:
        SCHEMAS[kind].validate(frame, lazy=True)
    except pa.errors.SchemaErrors as errors:
        failures = errors.failure_cases
        for index, reason in zip(failures["index"], failures["check"], strict=True):
            if pd.isna(index):  # a column is missing or has another type: an error of the code, not of a row
                raise
            known = reasons.setdefault(int(index), [])
            if reason not in known:
                known.append(str(reason))
        frame = frame.drop(index=frame.index.intersection(list(reasons)))
    return ParsedRows(frame, reasons)


def _absent(frame: pd.DataFrame, kind: RowKind) -> list[str]:
    return [column for column in _REQUIRED[kind] if column not in frame]
