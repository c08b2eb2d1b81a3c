"""Schemas of parsed rows: what a usable row of each kind has. A check's error is the reason of a rejection."""

from collections.abc import Callable
from typing import Any

import pandas as pd
import pandera.pandas as pa

from cs2.storage.results import VetoAction
from pipelines.etl.decisions import PLAYER, TEAM
from pipelines.etl.number_columns import INTEGERS, NUMBERS, RANGES, clear_mark, out_of_range, range_mark
from pipelines.sources.base import RowKind
from pipelines.sources.months import FIRST_MONTH
from pipelines.spelling import fold_letters, split_players, team_key

BEST_OF = (1, 2, 3, 5)

MAX_LETTERS = 100
"""Most letters of a name."""

PLACEHOLDERS = frozenset({"tbd", "tba", "tbc", "n/a", "na", "nan", "null", "none", "default", "-", "--", "bye"})
"""Names, in lower case, of teams and maps that are not known yet, or were never played."""

MAX_EVENT_LETTERS = 200
"""Most letters of the name of an event."""

_CONTROL = "[\x00-\x1f\x7f-\x9f\u2028\u2029\ufffd]"

MAX_ROUNDS = 60
"""Most rounds of one side on one map; a larger number is a typing error."""


def _needs(check: Callable[[Any], pd.Series], reason: str) -> pa.Check:
    return pa.Check(check, error=reason, ignore_na=False)


_DAY = pa.Column(
    pa.DateTime,
    [
        _needs(lambda day: day.notna(), "date is not a day as YYYY-MM-DD"),
        _needs(
            lambda day: day.isna() | (day >= FIRST_MONTH), f"date is before {FIRST_MONTH}, the first month of results"
        ),
    ],
    nullable=True,
)
_TEXT_CHECKS = [
    _needs(lambda text: text.str.len() <= MAX_LETTERS, f"a name has more than {MAX_LETTERS} letters"),
    _needs(lambda text: ~text.str.contains(_CONTROL), "a name has a control character"),
]
_TEAM = pa.Column(
    str,
    [
        _needs(lambda name: name.map(fold_letters).str.strip() != "", "a team has no name"),
        _needs(lambda name: ~name.map(fold_letters).str.strip().isin(PLACEHOLDERS), "a team is not known yet"),
        *_TEXT_CHECKS,
    ],
)
_MAP = pa.Column(
    str,
    [
        _needs(lambda name: name != "", "no map is named"),
        _needs(lambda name: ~name.str.casefold().isin(PLACEHOLDERS), "the map is not known yet"),
        *_TEXT_CHECKS,
    ],
)
_PLAYER = pa.Column(str, [_needs(lambda name: name != "", "no player is named"), *_TEXT_CHECKS])
_EVENT = pa.Column(
    str,
    _needs(lambda text: text.str.len() <= MAX_EVENT_LETTERS, f"event has more than {MAX_EVENT_LETTERS} letters"),
)
_LINEUP = pa.Column(
    str,
    [
        _needs(
            lambda text: ~text.str.contains(f"[^|]{{{MAX_LETTERS + 1}}}"),
            f"a nickname has more than {MAX_LETTERS} letters",
        ),
        _needs(lambda text: ~text.str.contains(_CONTROL), "a nickname has a control character"),
    ],
)
_LINEUPS = {"team1_players": _LINEUP, "team2_players": _LINEUP}
_WINNER = pa.Column("Int64", _needs(lambda winner: winner.isin([1, 2]), "winner is neither 1 nor 2"), nullable=True)
_ROUNDS = pa.Column("Int64", pa.Check.in_range(0, MAX_ROUNDS, error="impossible number of rounds"), nullable=True)
AGAINST_ITSELF = "a team against itself"


def _was_played(frame: pd.DataFrame) -> pd.Series:
    """Whether rounds are unknown, or more than those of a forfeit (1:0, 0:0)."""
    rounds = frame[["score1", "score2"]].astype(float)
    played: pd.Series = ~(rounds["score1"].le(1) & rounds["score2"].le(1))
    return played


def _tells_two_apart(frame: pd.DataFrame) -> pd.Series:
    """Whether a row that says "two" names different teams or players, or a member of each bearer."""
    keys = [frame[column].map(team_key).where(frame["about"] == TEAM, frame[column]) for column in ("name1", "name2")]
    has_members = (frame["member1"] != "") & (frame["member2"] != "") & (frame["member1"] != frame["member2"])
    told_apart: pd.Series = (frame["verdict"] != "two") | (keys[0] != keys[1]) | has_members
    return told_apart


def _is_uneven(text: str) -> bool:
    players = split_players(text)
    return bool(text) and not len(players) == len(set(players)) == 5


def _has_placeholder(text: str) -> bool:
    return any(fold_letters(name) in PLACEHOLDERS for name in split_players(text))


def _longest_name(text: str) -> int:
    return max(map(len, split_players(text)), default=0)


def _has_no_player_twice(frame: pd.DataFrame) -> pd.Series:
    sides = zip(frame["team1_players"], frame["team2_players"], strict=True)
    return pd.Series(
        [set(split_players(first)).isdisjoint(split_players(second)) for first, second in sides],
        index=frame.index,
        dtype=bool,
    )


def _is_step_of_a_side(frame: pd.DataFrame) -> pd.Series:
    """Whether a ban or pick names one of the two teams; of a decider the team does not matter."""
    keys = {column: frame[column].map(team_key) for column in ("team", "team1", "team2")}
    is_named: pd.Series = (keys["team"] == keys["team1"]) | (keys["team"] == keys["team2"])
    return is_named | (frame["action"] == VetoAction.DECIDER)


_PLAYED = pa.Check(_was_played, error="a forfeit: no map was played", ignore_na=False)
_TWO_TEAMS = _needs(lambda frame: frame["team1"].map(team_key) != frame["team2"].map(team_key), AGAINST_ITSELF)

_PLAYERS = pa.Column(
    str,
    [
        _needs(lambda text: ~text.map(_is_uneven), "a lineup is not five different players"),
        _needs(lambda text: ~text.map(_has_placeholder), "a player is not known yet"),
        _needs(lambda text: ~text.str.contains(_CONTROL), "a name has a control character"),
        _needs(lambda text: text.map(_longest_name) <= MAX_LETTERS, f"a name has more than {MAX_LETTERS} letters"),
    ],
)
_ANY_LINEUP = _needs(lambda frame: (frame["team1_players"] != "") | (frame["team2_players"] != ""), "no lineup")
_OWN_PLAYERS = _needs(_has_no_player_twice, "a player is on both sides")
_OWN_STEP = _needs(_is_step_of_a_side, "the team of the step is neither of the two teams")

SCHEMAS = {
    RowKind.MAP: pa.DataFrameSchema(
        {
            "day": _DAY,
            "map": _MAP,
            "team1": _TEAM,
            "team2": _TEAM,
            "winner": _WINNER,
            "score1": _ROUNDS,
            "score2": _ROUNDS,
            "event": _EVENT,
            **_LINEUPS,
        },
        checks=[_TWO_TEAMS, _PLAYED],
    ),
    RowKind.SERIES: pa.DataFrameSchema(
        {"day": _DAY, "team1": _TEAM, "team2": _TEAM, "winner": _WINNER, "event": _EVENT, **_LINEUPS},
        checks=[_TWO_TEAMS],
    ),
    RowKind.STANDING: pa.DataFrameSchema(
        {
            "day": _DAY,
            "team": _TEAM,
            "rank": pa.Column("Int64", _needs(lambda rank: rank.fillna(0) >= 1, "no rank"), nullable=True),
            "points": pa.Column(float, _needs(lambda points: points.notna(), "no points"), nullable=True),
        }
    ),
    RowKind.FIXTURE: pa.DataFrameSchema(
        {
            "start": pa.Column(
                pd.DatetimeTZDtype("ns", "UTC"),
                [
                    _needs(lambda start: start.notna(), "start_time is no time as YYYY-MM-DDTHH:MM"),
                    _needs(
                        lambda start: start.isna() | (start >= pd.Timestamp(FIRST_MONTH, tz="UTC")),
                        f"start_time is before {FIRST_MONTH}",
                    ),
                ],
                nullable=True,
            ),
            "best_of": pa.Column(
                "Int64", pa.Check.isin(BEST_OF, error="best_of is none of 1, 2, 3 and 5"), nullable=True
            ),
            "event": _EVENT,
            "team1": _TEAM,
            "team2": _TEAM,
        },
        checks=[_TWO_TEAMS],
    ),
    RowKind.PLAYER_MAP: pa.DataFrameSchema(
        {
            "day": _DAY,
            "player": _PLAYER,
            "kills": pa.Column("Int64", _needs(lambda kills: kills.notna(), "no kills"), nullable=True),
            "deaths": pa.Column("Int64", _needs(lambda deaths: deaths.notna(), "no deaths"), nullable=True),
        }
    ),
    RowKind.LINEUP: pa.DataFrameSchema(
        {
            "day": _DAY,
            "map": _MAP,
            "team1": _TEAM,
            "team2": _TEAM,
            "team1_players": _PLAYERS,
            "team2_players": _PLAYERS,
        },
        checks=[_TWO_TEAMS, _ANY_LINEUP, _OWN_PLAYERS],
    ),
    RowKind.VETO: pa.DataFrameSchema(
        {
            "day": _DAY,
            "map": _MAP,
            "team1": _TEAM,
            "team2": _TEAM,
            "step": pa.Column("Int64", _needs(lambda step: step.notna(), "no number of the step"), nullable=True),
            "action": pa.Column(
                str, _needs(lambda action: action.isin(list(VetoAction)), "action is none of ban, pick and decider")
            ),
        },
        checks=[_TWO_TEAMS, _OWN_STEP],
    ),
}

SCHEMAS[RowKind.IDENTITY] = pa.DataFrameSchema(
    {
        "day": _DAY,
        "about": pa.Column(str, _needs(lambda about: about.isin((TEAM, PLAYER)), "about is neither team nor player")),
        "name1": _PLAYER,
        "name2": _PLAYER,
        "verdict": pa.Column(str, _needs(lambda said: said.isin(("one", "two")), "verdict is neither one nor two")),
    },
    checks=pa.Check(_tells_two_apart, error="two bearers of one name are told apart by member1 and member2"),
)


def _is_true(mark: pd.Series) -> pd.Series:
    return mark


for _kind, _schema in SCHEMAS.items():
    _columns = [column for column in (*INTEGERS[_kind], *NUMBERS[_kind]) if column in RANGES]
    SCHEMAS[_kind] = _schema.add_columns(
        {range_mark(column): pa.Column(bool, _needs(_is_true, out_of_range(column))) for column in _columns}
        | {
            clear_mark(column): pa.Column(
                bool, _needs(_is_true, f"{column} has a comma that is a decimal or a separator")
            )
            for column in _columns
        }
    )
