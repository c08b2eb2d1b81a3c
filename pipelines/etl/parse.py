"""Parse published text into typed rows. A row that cannot be used is rejected with every reason."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pandas as pd
import pandera.pandas as pa

from pipelines.sources.base import RowKind, parse_times
from pipelines.spelling import team_key

BEST_OF = (1, 2, 3, 5)

MAX_ROUNDS = 60
"""Most rounds of one side on one map; a larger number is a typing error."""


@dataclass(frozen=True, slots=True)
class ParsedRows:
    """Typed rows of one kind, and the rejected ones.

    Attributes:
        rows: Usable rows; the index is that of the published frame.
        reasons: Why each other row cannot be used, by index.
    """

    rows: pd.DataFrame
    reasons: dict[int, list[str]]


def _needs(check: Callable[[pd.Series], pd.Series], reason: str) -> pa.Check:
    return pa.Check(check, error=reason, ignore_na=False)


_DAY = pa.Column(pa.DateTime, _needs(lambda day: day.notna(), "date is not a day as YYYY-MM-DD"), nullable=True)
_NAME = pa.Column(str, _needs(lambda name: name != "", "a team has no name"))
_OPPONENT = pa.Column(
    str,
    [
        _needs(lambda name: name != "", "a team has no name"),
        _needs(lambda name: ~name.map(team_key).isin(["tbd", "tba"]), "a team is not known yet"),
    ],
)
_WINNER = pa.Column("Int64", _needs(lambda winner: winner.isin([1, 2]), "winner is neither 1 nor 2"), nullable=True)
_ROUNDS = pa.Column("Int64", pa.Check.in_range(0, MAX_ROUNDS, error="impossible number of rounds"), nullable=True)
AGAINST_ITSELF = "a team against itself"
_TWO_TEAMS = _needs(lambda frame: frame["team1"] != frame["team2"], AGAINST_ITSELF)

SCHEMAS = {
    RowKind.MAP: pa.DataFrameSchema(
        {
            "day": _DAY,
            "map": pa.Column(str, _needs(lambda name: name != "", "no map is named")),
            "team1": _NAME,
            "team2": _NAME,
            "winner": _WINNER,
            "score1": _ROUNDS,
            "score2": _ROUNDS,
        },
        checks=[_TWO_TEAMS],
    ),
    RowKind.SERIES: pa.DataFrameSchema(
        {"day": _DAY, "team1": _NAME, "team2": _NAME, "winner": _WINNER}, checks=[_TWO_TEAMS]
    ),
    RowKind.STANDING: pa.DataFrameSchema(
        {
            "day": _DAY,
            "team": _NAME,
            "rank": pa.Column("Int64", _needs(lambda rank: rank.fillna(0) >= 1, "no rank"), nullable=True),
            "points": pa.Column(float, _needs(lambda points: points.notna(), "no points"), nullable=True),
        }
    ),
    RowKind.FIXTURE: pa.DataFrameSchema(
        {
            "start": pa.Column(
                pd.DatetimeTZDtype("ns", "UTC"),
                _needs(lambda start: start.notna(), "start_time is no time as YYYY-MM-DDTHH:MM"),
                nullable=True,
            ),
            "best_of": pa.Column(
                "Int64", pa.Check.isin(BEST_OF, error="best_of is none of 1, 2, 3 and 5"), nullable=True
            ),
            "team1": _OPPONENT,
            "team2": _OPPONENT,
        },
        checks=[_TWO_TEAMS],
    ),
    RowKind.PLAYER_MAP: pa.DataFrameSchema(
        {
            "day": _DAY,
            "player": pa.Column(str, _needs(lambda name: name != "", "no player is named")),
            "kills": pa.Column("Int64", _needs(lambda kills: kills.notna(), "no kills"), nullable=True),
            "deaths": pa.Column("Int64", _needs(lambda deaths: deaths.notna(), "no deaths"), nullable=True),
        }
    ),
}

_INTEGERS = {
    RowKind.MAP: ("winner", "score1", "score2", "best_of", "map_number", "team1_rank", "team2_rank"),
    RowKind.SERIES: ("winner", "best_of", "team1_rank", "team2_rank", "number_on_day"),
    RowKind.FIXTURE: ("best_of",),
    RowKind.STANDING: ("rank",),
    RowKind.PLAYER_MAP: ("kills", "deaths", "map_no"),
}
_NUMBERS = {
    RowKind.MAP: ("team1_points", "team2_points"),
    RowKind.SERIES: ("team1_points", "team2_points"),
    RowKind.STANDING: ("points", "starting_points"),
    RowKind.PLAYER_MAP: ("adr", "kast", "rating"),
    RowKind.FIXTURE: (),
}
_REQUIRED = ("date", "row_key", "map", "team1", "team2", "team", "player")
_FLAGS = {RowKind.MAP: {"score_exact": True, "winner_conflict": False, "date_suspect": False}}
_TEXTS = {
    RowKind.MAP: (
        *("event", "start_time", "lan", "hltv_match_id", "hltv_map_id", "team1_players", "team2_players", "sources"),
    ),
    RowKind.SERIES: ("event", "lan", "team1_players", "team2_players"),
    RowKind.FIXTURE: ("event", "start_time", "source"),
    RowKind.STANDING: ("roster", "region"),
    RowKind.PLAYER_MAP: (),
}


def typed(frame: pd.DataFrame, kind: RowKind) -> pd.DataFrame:
    """Convert the columns to their types. Unreadable values become missing; absent columns are added empty."""
    frame = frame.copy()
    frame["day"] = pd.to_datetime(frame["date"], format="%Y-%m-%d", errors="coerce").astype("datetime64[ns]")
    for column in _INTEGERS[kind]:
        numbers = pd.to_numeric(frame.get(column, pd.Series(index=frame.index, dtype=object)), errors="coerce")
        frame[column] = numbers.where(numbers % 1 == 0).astype("Int64")
    for column in _NUMBERS[kind]:
        values = frame.get(column, pd.Series(index=frame.index, dtype=object))
        frame[column] = pd.to_numeric(values, errors="coerce").astype(float)
    for column, default in _FLAGS.get(kind, {}).items():
        frame[column] = (frame[column] == "1") if column in frame else default
    for column in _TEXTS[kind]:
        if column not in frame:
            frame[column] = ""
    if "source_rank" not in frame:
        frame["source_rank"] = 0
    for column in ("team1", "team2", "team", "player", "map"):
        if column in frame:
            frame[column] = frame[column].str.strip()
    if kind is RowKind.FIXTURE:
        frame["start"] = parse_times(frame["start_time"]).astype("datetime64[ns, UTC]")
        frame["id"] = frame.get("first_id", frame.index.to_series())
    if kind is RowKind.MAP:
        frame = _without_contradicting_rounds(frame)
    return frame


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
    empty = pd.DataFrame({column: pd.Series(dtype=str) for column in _REQUIRED})
    return {kind: parse(published.get(kind, empty), kind) for kind in RowKind}


def parse(frame: pd.DataFrame, kind: RowKind) -> ParsedRows:
    """Convert the rows to their types, and reject those that break the schema of their kind."""
    frame = typed(in_order(frame), kind)
    if frame.empty:
        return ParsedRows(frame, {})
    try:
        SCHEMAS[kind].validate(frame, lazy=True)
    except pa.errors.SchemaErrors as errors:
        failures = errors.failure_cases
        reasons: dict[int, list[str]] = {}
        for index, reason in zip(failures["index"], failures["check"], strict=True):
            if pd.isna(index):  # a column is missing or has another type: an error of the code, not of a row
                raise
            known = reasons.setdefault(int(index), [])
            if reason not in known:
                known.append(str(reason))
        return ParsedRows(frame.drop(index=list(reasons)), reasons)
    return ParsedRows(frame, {})
