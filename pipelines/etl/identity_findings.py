"""Findings: what was decided about who is who, with the evidence, and what an operator should look at first."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, fields, replace
from datetime import date, timedelta
from math import isinf

import pandas as pd

from pipelines.etl.decisions import PLAYER, TEAM, Decision
from pipelines.etl.dictionaries import Dictionary
from pipelines.etl.homonyms import PLAYERS, TEAMS, Parameters, Revision
from pipelines.etl.identify import People
from pipelines.etl.match_rows import MatchRow
from pipelines.etl.renames import possible_renames
from pipelines.etl.team_links import COMMON_MAPS, OPERATOR, Identity, Link
from pipelines.spelling import team_key

CLEAR = 1.5
"""Evidence of so many times the threshold is clear."""

BY_EVIDENCE, BY_OPERATOR = "evidence", "operator"

_EPOCH = date(1970, 1, 1)
_SHOWN_MEMBERS = 5


@dataclass(frozen=True, slots=True)
class Finding:
    """One decision, or one pair of names that could be one.

    Attributes:
        about: ``team`` or ``player``.
        name: Name of the one.
        other_name: Name of the other; the same for two bearers of one name.
        first_id: Id of the one; None if it is not in the dictionary.
        second_id: Id of the other.
        is_one: What holds: they are one, or two.
        is_doubtful: Whether the evidence is weak, or was contradicted.
        decided_by: ``evidence`` or ``operator``.
        decided_on: Day of the decision; None if nothing was decided.
        evidence: Evidence for two bearers of one name, in alternations; None for other decisions.
        reason: The evidence in words.
    """

    about: str
    name: str
    other_name: str
    first_id: int | None
    second_id: int | None
    is_one: bool
    is_doubtful: bool
    decided_by: str
    decided_on: date | None
    evidence: float | None
    reason: str


def find_all(
    people: People,
    rows: Sequence[MatchRow],
    decisions: Sequence[Decision],
    teams: Dictionary,
    players: Dictionary,
) -> pd.DataFrame:
    """Return all findings, the doubtful ones first, then the newest; the columns are those of the table.

    Args:
        people: Teams and players behind the rows.
        rows: Map rows and series rows.
        decisions: Decisions of operators.
        teams: Ids and names of the teams.
        players: Ids and names of the players.
    """
    of_teams, of_players = _Names(TEAM, teams), _Names(PLAYER, players)
    findings = [
        *_operators(decisions, of_teams, of_players),
        *_revisions(people.player_revisions, PLAYERS, of_players),
        *_revisions(people.team_revisions, TEAMS, of_teams),
        *_undecided(people.undecided_players, PLAYERS, of_players),
        *_undecided(people.undecided_teams, TEAMS, of_teams),
        *_links(people.team_links, {each.names for each in decisions}, of_teams),
        *_renames(rows, of_teams),
    ]
    findings.sort(key=lambda each: (not each.is_doubtful, -(each.decided_on or _EPOCH).toordinal(), each.name))
    frame = pd.DataFrame([asdict(each) for each in findings], columns=[each.name for each in fields(Finding)])
    frame = frame.astype({"first_id": "Int64", "second_id": "Int64"}).astype({"is_one": bool, "is_doubtful": bool})
    return frame.assign(id=range(1, len(frame) + 1))


class _Names:
    """Names and ids of teams, or of players."""

    def __init__(self, about: str, dictionary: Dictionary) -> None:
        self._about = about
        self._id_of = dictionary.id_of
        self._name_of = dict(zip(dictionary.entries["id"], dictionary.entries["name"], strict=True))
        self._keys = {identity[0] for identity in dictionary.id_of}
        key = team_key if about == TEAM else str
        aliases = dictionary.aliases[["id", "name", "homonym_no"]].itertuples(index=False)
        self._alias = {(key(name), homonym_no): (name, number) for number, name, homonym_no in aliases}

    def knows(self, key: str) -> bool:
        return key in self._keys

    def finding(self, pair: tuple[Identity, Identity], day: int | None, reason: str, **facts: bool) -> Finding:
        (name, first), (other, second) = map(self._entry, pair)
        decided_by = BY_OPERATOR if reason.startswith(OPERATOR) else BY_EVIDENCE
        return Finding(
            self._about,
            name,
            other,
            first,
            second,
            **facts,
            decided_by=decided_by,
            decided_on=_date(day),
            evidence=None,
            reason=reason,
        )

    def _entry(self, identity: Identity) -> tuple[str, int | None]:
        """Name and id of an identity."""
        number = self._id_of.get(identity)
        name, of_alias = self._alias.get(identity, (self._name_of.get(number, identity[0]), None))
        return name, of_alias if number is None else number


def _date(day: int | None) -> date | None:
    return None if day is None else _EPOCH + timedelta(days=day)


def _listed(members: Collection[str]) -> str:
    names = sorted(members, key=str.casefold)
    return ", ".join(names[:_SHOWN_MEMBERS]) + (", …" if len(names) > _SHOWN_MEMBERS else "") or "unknown members"


def _operators(decisions: Iterable[Decision], teams: _Names, players: _Names) -> Iterator[Finding]:
    for decision in decisions:
        names = teams if decision.about == TEAM else players
        unknown = [name for name in dict.fromkeys(decision.names) if not names.knows(name)]
        reason = f"{OPERATOR}: {decision.reason}" if decision.reason else OPERATOR
        if unknown:
            reason += f"; without effect: no match names {' or '.join(unknown)}"
        first, second = decision.names
        pair = (first, 1), (second, 2 if first == second and not decision.is_one else 1)
        yield names.finding(pair, decision.day, reason, is_one=decision.is_one, is_doubtful=bool(unknown))


def _revisions(revisions: Iterable[Revision], parameters: Parameters, names: _Names) -> Iterator[Finding]:
    for each in revisions:
        ours, theirs = map(_listed, each.members)
        if each.evidence is None:
            is_doubtful = not all(each.members)
            reason = f"came back with other members: before {ours}; then {theirs}"
        else:
            is_clear = each.evidence >= CLEAR * parameters.two_bearers if each.is_split else each.evidence <= 0
            is_doubtful = not is_clear
            beside = "go on side by side" if each.is_split else "are linked"
            reason = f"{beside}: {ours}; and {theirs}"
        pair = (each.name, each.bearer), (each.name, each.other_bearer)
        finding = names.finding(pair, each.day, reason, is_one=not each.is_split, is_doubtful=is_doubtful)
        yield replace(finding, evidence=_rounded(each.evidence))


def _undecided(revisions: Iterable[Revision], parameters: Parameters, names: _Names) -> Iterator[Finding]:
    for each in revisions:
        ours, theirs = map(_listed, each.members)
        reason = f"may be two ({parameters.two_bearers:g} would split them): {ours}; and {theirs}"
        pair = (each.name, each.bearer), (each.name, each.bearer)
        yield replace(
            names.finding(pair, None, reason, is_one=True, is_doubtful=True), evidence=_rounded(each.evidence)
        )


def _links(links: Iterable[Link], decided: Collection[tuple[str, str]], names: _Names) -> Iterator[Finding]:
    for link in links:
        (first, _), (second, _) = link.names
        if (first, second) in decided or (second, first) in decided:  # the decision says all
            continue
        if link.refuted_on is None:
            is_weak = link.n_common_maps is not None and link.n_common_maps < COMMON_MAPS
            yield names.finding(link.names, link.day, link.reason, is_one=True, is_doubtful=is_weak)
        else:
            reason = f"{link.reason} (linked on {_date(link.day)}), but they met or played side by side"
            yield names.finding(link.names, link.refuted_on, reason, is_one=False, is_doubtful=True)


def _renames(rows: Sequence[MatchRow], names: _Names) -> Iterator[Finding]:
    for each in possible_renames(rows):
        reason = (
            f"may be a rename: {_date(each.last_day)} is the last day of the one, {_date(each.first_day)} the first of "
            f"the other; {each.n_common} opponents in common ({each.share:.0%}); no lineups"
        )
        yield names.finding((each.former, each.later), None, reason, is_one=False, is_doubtful=True)


def _rounded(evidence: float | None) -> float | None:
    return None if evidence is None or isinf(evidence) else round(evidence, 1)
