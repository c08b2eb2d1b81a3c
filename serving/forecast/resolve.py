"""What is asked, checked against the dictionaries: ids and names become entries, or an error that names the field."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from cs2.calendar import day_number
from cs2.forecasting.matches import UNKNOWN, MatchQuestions
from cs2.messages import ForecastRequest, MatchupRequest, SeriesRequest
from serving.dictionaries.index import Dictionaries, Dictionary, Entry, folded
from serving.errors import WrongFieldError
from serving.forecast.serving_snapshot import ServedRatings, ServingSnapshot

LINEUP_SIZE = 5
MAX_NAMESAKES = 5


@dataclass(frozen=True, slots=True)
class ResolvedRequest:
    """A question that can be answered.

    Attributes:
        maps: One for a map; those of a series in the order of play, none where they are not known.
        teams: Both teams.
        lineups: Ids of the five of each side, as given or the team's latest; None where none is known.
        played_on: Day of play.
    """

    maps: tuple[Entry, ...]
    teams: tuple[Entry, Entry]
    lineups: tuple[list[int] | None, list[int] | None]
    played_on: date


def map_question(
    snapshot: ServingSnapshot, ratings: ServedRatings, request: ForecastRequest, today: date
) -> ResolvedRequest:
    """Understand a question about one map.

    Raises:
        WrongFieldError: If a field of the question is wrong.
    """
    played = _entry(snapshot.dictionaries.maps, "map", "map", request.map_id, request.map)
    return _question(snapshot.dictionaries, ratings, request, today, (played,))


def series_question(
    snapshot: ServingSnapshot, ratings: ServedRatings, request: SeriesRequest, today: date
) -> ResolvedRequest:
    """Understand a question about a series.

    Raises:
        WrongFieldError: If a field of the question is wrong.
    """
    found = _entries(snapshot.dictionaries.maps, "map", ("map_ids", request.map_ids), ("maps", request.maps))
    field, maps = found or ("maps", [])
    if found and len(maps) != request.best_of:
        message = f"a best-of-{request.best_of} has {request.best_of} maps, not {len(maps)}; or leave them out"
        raise WrongFieldError("number-of-maps", field, message)
    for one in maps:
        if maps.count(one) > 1:
            raise WrongFieldError("repeated-map", field, f"{one.name} is named twice; a series plays a map once")
    return _question(snapshot.dictionaries, ratings, request, today, tuple(maps))


def fixtures(questions: Sequence[ResolvedRequest]) -> MatchQuestions:
    """Questions as rows, with their first map."""
    unknown = [UNKNOWN] * LINEUP_SIZE
    return MatchQuestions(
        map_id=np.array([question.maps[0].id if question.maps else UNKNOWN for question in questions]),
        team_ids=np.array([[team.id for team in question.teams] for question in questions]),
        player_ids=np.array([[lineup or unknown for lineup in question.lineups] for question in questions]),
        day=np.array([day_number(question.played_on) for question in questions]),
    )


def _question(
    names: Dictionaries, ratings: ServedRatings, request: MatchupRequest, today: date, maps: tuple[Entry, ...]
) -> ResolvedRequest:
    first = _entry(names.teams, "team", "team1", request.team1_id, request.team1)
    second = _entry(names.teams, "team", "team2", request.team2_id, request.team2)
    if first.id == second.id:
        field = "team2_id" if request.team2_id is not None else "team2"
        raise WrongFieldError("same-team", field, f"it is {first.name} on both sides; name another team")
    given = _lineups(names, request)
    latest = ratings.snapshot.latest_lineup
    return ResolvedRequest(
        maps=maps,
        teams=(first, second),
        lineups=(given[0] or latest(first.id), given[1] or latest(second.id)),
        played_on=_day(request, today, ratings.record.as_of),
    )


def _entry(dictionary: Dictionary, kind: str, field: str, entry_id: int | None, name: str | None) -> Entry:
    """The one entry that an id or a name stands for."""
    if (entry_id is None) == (name is None):
        raise WrongFieldError("invalid-request", f"{field}_id", f"required: {field}_id or {field}, exactly one of them")
    return (
        _by_id(dictionary, kind, f"{field}_id", entry_id) if name is None else _by_name(dictionary, kind, field, name)
    )


def _by_id(dictionary: Dictionary, kind: str, field: str, entry_id: int | None) -> Entry:
    entry = None if entry_id is None else dictionary.get(entry_id)
    if entry is None:
        raise WrongFieldError(f"unknown-{kind}", field, f"no {kind} has the id {entry_id}; GET /{kind}s lists them")
    return entry


def _by_name(dictionary: Dictionary, kind: str, field: str, name: str) -> Entry:
    """By whole name or alias. Of several an alias gives way to a name, and another case to the very spelling."""
    found = dictionary.named(name)
    if len(found) > 1:
        found = [entry for entry in found if folded(entry.name) == folded(name)] or found
        found = [entry for entry in found if entry.name == name] or found
    if len(found) == 1:
        return found[0]
    if found:
        choices = ", ".join(f"{entry.name} ({field}_id {entry.id})" for entry in found[:MAX_NAMESAKES])
        message = f"{name} is the name of several {kind}s: {choices}; give one of these ids"
        raise WrongFieldError(f"ambiguous-{kind}", field, message)
    similar = dictionary.suggestions(name)
    hint = f"did you mean {', '.join(similar)}?" if similar else f"GET /{kind}s?search= finds them"
    raise WrongFieldError(f"unknown-{kind}", field, f"no {kind} is called {name}; {hint}")


def _entries(
    dictionary: Dictionary, kind: str, ids: tuple[str, list[int] | None], names: tuple[str, list[str] | None]
) -> tuple[str, list[Entry]] | None:
    """The field that was given, and its entries; None where neither was."""
    (id_field, given_ids), (name_field, given_names) = ids, names
    if given_ids is not None and given_names is not None:
        raise WrongFieldError("invalid-request", id_field, f"give {id_field} or {name_field}, not both")
    if given_names is not None:
        return name_field, [_by_name(dictionary, kind, name_field, name) for name in given_names]
    if given_ids is not None:
        return id_field, [_by_id(dictionary, kind, id_field, number) for number in given_ids]
    return None


def _lineups(names: Dictionaries, request: MatchupRequest) -> list[list[int] | None]:
    given = [
        _entries(
            names.players,
            "player",
            ("team1_player_ids", request.team1_player_ids),
            ("team1_players", request.team1_players),
        ),
        _entries(
            names.players,
            "player",
            ("team2_player_ids", request.team2_player_ids),
            ("team2_players", request.team2_players),
        ),
    ]
    for lineup in given:
        if lineup is not None:
            _check_lineup(*lineup)
    if given[0] is not None and given[1] is not None:
        field, players = given[1]
        theirs = {player.id for player in given[0][1]}
        shared = [player for player in players if player.id in theirs]
        if shared:
            message = f"{shared[0].name} (id {shared[0].id}) plays for team 1; name another player"
            raise WrongFieldError("player-on-both-sides", field, message)
    return [None if lineup is None else [player.id for player in lineup[1]] for lineup in given]


def _check_lineup(field: str, lineup: Sequence[Entry]) -> None:
    if len(lineup) != LINEUP_SIZE:
        raise WrongFieldError(
            "lineup-size", field, f"it has {len(lineup)} players; name five, or leave it out for the latest five"
        )
    seen: set[int] = set()
    for player in lineup:
        if player.id in seen:
            raise WrongFieldError("repeated-player", field, f"{player.name} is named twice; name five players")
        seen.add(player.id)


def _day(request: MatchupRequest, today: date, ratings_as_of: date) -> date:
    """The day of play, never before that of the ratings: they would know the result."""
    if request.played_on is None:
        return max(today, ratings_as_of)
    if request.played_on < ratings_as_of:
        message = f"the ratings know the results through {ratings_as_of}; name that day or a later one"
        raise WrongFieldError("day-in-the-past", "played_on", message)
    return request.played_on
