"""Corrected rows: match rows that a source no longer has with rows that are new and about the same thing.

Rows without an id are told apart by names, day and map. A row whose name or day is corrected has another key, so that
the source seems to lose one row and to publish another one. What is alike in both says that they are one row.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import product

import pandas as pd

from cs2.map_names import canonical_map_name
from pipelines.sources.base import RowKind
from pipelines.sources.row_keys import canonical_number
from pipelines.spelling import team_key

Evidence = tuple[object, ...]
Facts = Mapping[str, list[object]]


@dataclass(frozen=True, slots=True)
class _Rule:
    """What two versions of a row have in common.

    Attributes:
        facts: Names of the facts that must be known (except ``number``) and alike. ``near`` is the day or a
            neighbouring one, ``side`` is one of the teams and whether it won by how many rounds.
        is_unique: Whether the rule needs exactly one candidate on either side. Else they are paired in their order.
    """

    facts: tuple[str, ...]
    is_unique: bool = False


_RULES = {
    RowKind.MAP: (
        _Rule(("match", "map", "number")),
        _Rule(("day", "map", "pair", "number")),
        _Rule(("day", "map", "pair")),
        _Rule(("near", "map", "pair", "number", "result")),
        _Rule(("near", "map", "pair"), is_unique=True),
        _Rule(("match", "known_number", "pair"), is_unique=True),
        _Rule(("day", "known_number", "pair", "result"), is_unique=True),
        _Rule(("day", "map", "number", "side"), is_unique=True),
        _Rule(("near", "map", "number", "side", "rounds"), is_unique=True),
        _Rule(("day", "map", "number", "event", "rounds"), is_unique=True),
        _Rule(("map", "number", "pair", "event", "result", "rounds"), is_unique=True),
    ),
    RowKind.SERIES: (
        _Rule(("day", "pair", "result")),
        _Rule(("day", "pair")),
        _Rule(("day", "players")),
        _Rule(("near", "pair", "result")),
        _Rule(("near", "players")),
        _Rule(("day", "side"), is_unique=True),
    ),
    RowKind.STANDING: (
        _Rule(("day", "pair", "rank")),
        _Rule(("day", "rank", "points"), is_unique=True),
        _Rule(("near", "pair", "rank", "points")),
    ),
}
"""By kind: the rules, the strongest evidence first. Rows of other kinds have no id that could stay."""

CORRECTABLE = frozenset(_RULES)
"""Kinds whose corrected rows are recognised."""

_MAY_BE_UNKNOWN = frozenset({"number"})


def match_corrections(gone: pd.DataFrame, new: pd.DataFrame, kind: RowKind) -> dict[str, str]:
    """Match rows that are gone with rows that are new, each at most once.

    Args:
        gone: Rows that the source no longer has: ``row_key`` and the published columns.
        new: Rows that it did not have before.
        kind: Kind of both.

    Returns:
        Key of the new row by key of the row that it corrects.
    """
    if gone.empty or new.empty:
        return {}
    left, right = _facts_by_key(gone), _facts_by_key(new)
    corrected: dict[str, str] = {}
    for rule in _RULES.get(kind, ()):
        candidates = _by_evidence(right, rule, exact_day=False)
        taken: set[str] = set()
        for evidence, keys in _by_evidence(left, rule, exact_day=True).items():
            others = candidates.get(evidence, [])
            if rule.is_unique and (len(keys) != 1 or len(others) != 1):
                continue
            free = iter([other for other in others if other not in taken])
            for key, other in zip([key for key in keys if key not in corrected], free, strict=False):
                corrected[key] = other
                taken.add(other)
        left = {key: facts for key, facts in left.items() if key not in corrected}
        right = {key: facts for key, facts in right.items() if key not in taken}
        if not left or not right:
            break
    return corrected


def _by_evidence(rows: Mapping[str, Facts], rule: _Rule, *, exact_day: bool) -> dict[Evidence, list[str]]:
    """Keys of the rows by what the rule reads, in the order of the keys.

    There are several a row where the rule reads one side, or (without ``exact_day``) a day that may be a day off.
    """
    names = ["day" if name == "near" and exact_day else name for name in rule.facts]
    keys: dict[Evidence, list[str]] = defaultdict(list)
    for key in sorted(rows):
        known = ([fact for fact in rows[key][name] if fact or name in _MAY_BE_UNKNOWN] for name in names)
        for evidence in product(*known):
            keys[evidence].append(key)
    return keys


def _facts_by_key(frame: pd.DataFrame) -> dict[str, Facts]:
    rows = frame.fillna("").to_dict("records")
    return {str(row["row_key"]): _facts({str(name): str(value) for name, value in row.items()}) for row in rows}


def _facts(row: Mapping[str, str]) -> Facts:
    """Return the facts of a row by name. Empty values are unknown."""
    teams = [team_key(row[name]) for name in ("team1", "team2", "team") if row.get(name)]
    winners = {"1": teams[:1], "2": teams[1:]}.get(row.get("winner", "").strip(), [])
    rounds = tuple(sorted(canonical_number(row.get(name, "")) for name in ("score1", "score2")))
    number = canonical_number(row.get("map_number", ""))
    players = sorted(f"{row.get('team1_players', '')}|{row.get('team2_players', '')}".split("|"))
    return {
        "day": [row.get("date", "")],
        "near": _near(row.get("date", "")),
        "map": [canonical_map_name(row.get("map", "").strip())],
        "match": [row.get("hltv_match_id", "")],
        "number": [number],
        "known_number": [number],
        "event": [row.get("event", "")],
        "pair": [tuple(sorted(teams))],
        "result": list(winners),
        "rounds": [rounds] if all(rounds) else [],
        "side": [(team, team in winners, rounds) for team in teams],
        "players": ["|".join(players).strip("|")],
        "rank": [canonical_number(row.get("rank", ""))],
        "points": [row.get("points", "")],
    }


def _near(day: str) -> list[object]:
    """The day, the day before and the day after."""
    try:
        middle = date.fromisoformat(day)
        return [(middle + timedelta(days=days)).isoformat() for days in (0, -1, 1)]
    except (ValueError, OverflowError):  # no day, or the first or last that there is
        return [day]
