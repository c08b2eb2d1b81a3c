"""The answer to one question: checked against the dictionaries, computed from the bundle in memory. No I/O."""

from collections.abc import Sequence
from datetime import date, timedelta

import numpy as np

from cs2.contracts import ForecastAnswer, ForecastRequest, ModelUsed, Named, TeamUsed
from cs2.forecasting.history import UNKNOWN, Fixtures
from cs2.forecasting.model import forecast
from serving.dictionaries.index import Dictionaries, Dictionary, Entry
from serving.errors import UnavailableError, WrongFieldError
from serving.forecast.bundle import Bundle, LoadedModel, LoadedRatings

LINEUP_SIZE = 5
EPOCH = date(1970, 1, 1)


def require_model(bundle: Bundle) -> tuple[LoadedModel, LoadedRatings]:
    """Model and ratings of the bundle.

    Raises:
        UnavailableError: If there are none yet.
    """
    if bundle.model is None or bundle.ratings is None:
        missing = "model" if bundle.model is None else "ratings"
        raise UnavailableError("no-model", f"no {missing} {'is' if missing == 'model' else 'are'} served yet")
    return bundle.model, bundle.ratings


def answer(bundle: Bundle, request: ForecastRequest, *, forecast_id: str, today: date) -> ForecastAnswer:
    """Forecast one map.

    Args:
        bundle: Model, ratings and dictionaries of one moment.
        request: The question.
        forecast_id: Id of the answer, a uuid7.
        today: The day of play where the question tells none.

    Raises:
        WrongFieldError: If a field of the question is wrong.
        UnavailableError: If no model is served yet.
    """
    model, ratings = require_model(bundle)
    names = bundle.dictionaries
    played_map = _known(names.maps, request.map_id, "map", "map_id")
    teams = _teams(names, request)
    given = _lineups(names, request)
    played_on = _day(request, today, ratings.record.as_of)
    lineups = [given[side] or ratings.snapshot.latest_lineup(teams[side].id) for side in (0, 1)]
    found = forecast(model.predictor, ratings.snapshot, _fixture(played_map, teams, lineups, played_on))
    probability = float(found.probability[0])
    return ForecastAnswer(
        forecast_id=forecast_id,
        team1_win_probability=probability,
        team2_win_probability=1.0 - probability,
        interval=(float(found.low[0]), float(found.high[0])),
        warnings=[*found.warnings[0], *_shared(names, lineups)],
        model=ModelUsed(
            version=model.record.version,
            trained_through=model.record.trained_through,
            ratings_as_of=ratings.record.as_of,
        ),
        map=_named(played_map),
        team1=_team_used(names, teams[0], lineups[0]),
        team2=_team_used(names, teams[1], lineups[1]),
        played_on=played_on,
    )


def _known(dictionary: Dictionary, entry_id: int, kind: str, field: str) -> Entry:
    entry = dictionary.get(entry_id)
    if entry is None:
        raise WrongFieldError(f"unknown-{kind}", field, f"no {kind} has the id {entry_id}; GET /{kind}s lists them")
    return entry


def _teams(names: Dictionaries, request: ForecastRequest) -> list[Entry]:
    first = _known(names.teams, request.team1_id, "team", "team1_id")
    second = _known(names.teams, request.team2_id, "team", "team2_id")
    if first.id == second.id:
        raise WrongFieldError("same-team", "team2_id", f"it is {first.name} on both sides; name another team")
    return [first, second]


def _lineups(names: Dictionaries, request: ForecastRequest) -> list[list[int] | None]:
    lineups = [request.team1_player_ids, request.team2_player_ids]
    for side, lineup in enumerate(lineups, start=1):
        if lineup is not None:
            _check_lineup(names, lineup, f"team{side}_player_ids")
    both = set(lineups[0] or ()) & set(lineups[1] or ())
    if both:
        player = names.players.get(min(both))
        name = player.name if player else min(both)
        raise WrongFieldError(
            "player-on-both-sides", "team2_player_ids", f"{name} (id {min(both)}) plays for team 1; name another player"
        )
    return lineups


def _check_lineup(names: Dictionaries, lineup: Sequence[int], field: str) -> None:
    if len(lineup) != LINEUP_SIZE:
        raise WrongFieldError(
            "lineup-size", field, f"it has {len(lineup)} players; name five, or leave it out for the latest five"
        )
    for player_id in lineup:
        _known(names.players, player_id, "player", field)
    for player_id in lineup:
        if lineup.count(player_id) > 1:
            raise WrongFieldError("repeated-player", field, f"player {player_id} is named twice; name five players")


def _day(request: ForecastRequest, today: date, ratings_as_of: date) -> date:
    """The day of play, never before that of the ratings: they would know the result."""
    if request.played_on is None:
        return max(today, ratings_as_of)
    if request.played_on < ratings_as_of:
        message = f"the ratings know the results through {ratings_as_of}; name that day or a later one"
        raise WrongFieldError("day-in-the-past", "played_on", message)
    return request.played_on


def _fixture(played_map: Entry, teams: Sequence[Entry], lineups: Sequence[list[int] | None], day: date) -> Fixtures:
    players = [lineup or [UNKNOWN] * LINEUP_SIZE for lineup in lineups]
    return Fixtures(
        map_id=np.array([played_map.id]),
        team_ids=np.array([[team.id for team in teams]]),
        player_ids=np.array([players]),
        day=np.array([(day - EPOCH) // timedelta(days=1)]),
    )


def _shared(names: Dictionaries, lineups: Sequence[list[int] | None]) -> list[str]:
    """A latest five that is out of date may hold a player of the other side."""
    both = sorted(set(lineups[0] or ()) & set(lineups[1] or ()))
    return [f"{_player(names, player).name} is in both lineups: name the players who play" for player in both]


def _team_used(names: Dictionaries, team: Entry, lineup: list[int] | None) -> TeamUsed:
    return TeamUsed(id=team.id, name=team.name, players=[_player(names, player) for player in lineup or ()])


def _player(names: Dictionaries, player_id: int) -> Named:
    entry = names.players.get(player_id)
    return Named(id=player_id, name=entry.name if entry else str(player_id))


def _named(entry: Entry) -> Named:
    return Named(id=entry.id, name=entry.name)
