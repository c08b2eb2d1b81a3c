"""Resolve a request: ids and names become entries of the dictionaries, or an error that names the field."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from cs2.map_names import canonical_map_name
from cs2.messages import ForecastRequest, MatchupRequest, SeriesRequest
from serving.dictionaries.index import Dictionaries, Dictionary, Entry, folded
from serving.errors import WrongFieldError
from serving.forecast.serving_snapshot import ServingSnapshot

LINEUP_SIZE = 5
MAX_HOMONYMS = 5
"""Entries of the same name that an error lists."""


@dataclass(frozen=True, slots=True)
class ResolvedRequest:
    """A request whose names and ids are known.

    Attributes:
        request: The request as it was sent.
        snapshot: Model, ratings and dictionaries that answer it.
        maps: One for a map; those of a series in the order of play, none if the request names none.
        teams: Both teams.
        lineups: Ids of each side's five players: those of the request, else the team's latest; None if unknown.
        played_on: Day of play.
    """

    request: ForecastRequest | SeriesRequest
    snapshot: ServingSnapshot
    maps: tuple[Entry, ...]
    teams: tuple[Entry, Entry]
    lineups: tuple[list[int] | None, list[int] | None]
    played_on: date


def resolve(request: ForecastRequest | SeriesRequest, snapshot: ServingSnapshot, today: date) -> ResolvedRequest:
    """Resolve a request against the dictionaries and the ratings.

    Args:
        request: The request.
        snapshot: What is served.
        today: Day of play of a request without one.

    Raises:
        WrongFieldError: If a field is wrong.
        UnavailableError: If no model is served yet.
    """
    _, ratings = snapshot.require_served()
    dictionaries = snapshot.dictionaries
    if isinstance(request, SeriesRequest):
        maps = _maps_of_series(dictionaries, request)
    else:
        maps = (_entry(dictionaries.maps, "map", "map", request.map_id, request.map),)
    first = _entry(dictionaries.teams, "team", "team1", request.team1_id, request.team1)
    second = _entry(dictionaries.teams, "team", "team2", request.team2_id, request.team2)
    if first.id == second.id:
        field = "team2_id" if request.team2_id is not None else "team2"
        raise WrongFieldError("same-team", field, f"it is {first.name} on both sides; name another team")
    given = _lineups(dictionaries, request)
    latest_lineup = ratings.snapshot.latest_lineup
    return ResolvedRequest(
        request=request,
        snapshot=snapshot,
        maps=maps,
        teams=(first, second),
        lineups=(given[0] or latest_lineup(first.id), given[1] or latest_lineup(second.id)),
        played_on=_day(request, today, ratings.record.as_of),
    )


def _maps_of_series(dictionaries: Dictionaries, request: SeriesRequest) -> tuple[Entry, ...]:
    """Return the maps of a series, none if the request names none."""
    named = _entries(dictionaries.maps, "map", ("map_ids", request.map_ids), ("maps", request.maps))
    if named is None:
        return ()
    field, maps = named
    if len(maps) != request.best_of:
        message = f"a best-of-{request.best_of} has {request.best_of} maps, not {len(maps)}; or leave them out"
        raise WrongFieldError("number-of-maps", field, message)
    for played in maps:
        if maps.count(played) > 1:
            raise WrongFieldError("repeated-map", field, f"{played.name} is named twice; a series plays a map once")
    return tuple(maps)


def _entry(dictionary: Dictionary, kind: str, field: str, entry_id: int | None, name: str | None) -> Entry:
    """Return the entry of an id or a name."""
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
    """Return the entry of a name or alias: who still plays, then names before aliases, then the exact spelling."""
    candidates = dictionary.named(name)
    if not candidates and kind == "map":
        candidates = dictionary.named(canonical_map_name(name))
    if len(candidates) > 1:
        candidates = dictionary.active(candidates)
    if len(candidates) > 1:
        candidates = [entry for entry in candidates if folded(entry.name) == folded(name)] or candidates
        candidates = [entry for entry in candidates if entry.name == name] or candidates
    if len(candidates) == 1:
        return candidates[0]
    if candidates:
        choices = ", ".join(f"{entry.name} ({field}_id {entry.id})" for entry in candidates[:MAX_HOMONYMS])
        message = f"{name} is the name of several {kind}s: {choices}; give one of these ids"
        raise WrongFieldError(f"ambiguous-{kind}", field, message)
    similar = dictionary.suggestions(name)
    hint = f"did you mean {', '.join(similar)}?" if similar else f"GET /{kind}s?search= finds them"
    raise WrongFieldError(f"unknown-{kind}", field, f"no {kind} is called {name}; {hint}")


def _entries(
    dictionary: Dictionary, kind: str, ids: tuple[str, list[int] | None], names: tuple[str, list[str] | None]
) -> tuple[str, list[Entry]] | None:
    """Return the given field and its entries; None if both fields are missing."""
    (id_field, given_ids), (name_field, given_names) = ids, names
    if given_ids is not None and given_names is not None:
        raise WrongFieldError("invalid-request", id_field, f"give {id_field} or {name_field}, not both")
    if given_names is not None:
        return name_field, [_by_name(dictionary, kind, name_field, name) for name in given_names]
    if given_ids is not None:
        return id_field, [_by_id(dictionary, kind, id_field, number) for number in given_ids]
    return None


def _lineups(dictionaries: Dictionaries, request: MatchupRequest) -> list[list[int] | None]:
    """Return the lineups that the request names, as ids."""
    given = [
        _entries(
            dictionaries.players,
            "player",
            ("team1_player_ids", request.team1_player_ids),
            ("team1_players", request.team1_players),
        ),
        _entries(
            dictionaries.players,
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
        players_of_team1 = {player.id for player in given[0][1]}
        shared = [player for player in players if player.id in players_of_team1]
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
    """Return the day of play. A day before that of the ratings is refused: they know its results."""
    if request.played_on is None:
        return max(today, ratings_as_of)
    if request.played_on < ratings_as_of:
        message = f"the ratings know the results through {ratings_as_of}; name that day or a later one"
        raise WrongFieldError("day-in-the-past", "played_on", message)
    return request.played_on
