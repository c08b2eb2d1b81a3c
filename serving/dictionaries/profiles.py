"""One map, team or player with all that is known of it, from memory."""

from collections.abc import Sequence
from datetime import date

from pydantic import BaseModel, Field

from cs2.calendar import date_of
from cs2.forecasting.model.features import FEATURE_NAMES
from cs2.forecasting.ratings.map_pool import active_maps
from cs2.forecasting.ratings.summary import RatingSummary, summarise_player, summarise_team
from cs2.messages import Ref
from serving.dictionaries.index import Dictionary, Entry
from serving.forecast.serving_snapshot import ServedModel, ServedRatings, ServingSnapshot

SCALE = FEATURE_NAMES.index("rating_x_experience")
"""Feature whose coefficient is the log-odds of one point of strength."""


class Rating(BaseModel):
    """How strong a team or player is, at the end of a day."""

    strength: float = Field(description="What forecasts start from, in points: see `points_per_log_odds`.")
    standard_error: float = Field(description="Of the strength, in points.")
    points_per_log_odds: float | None = Field(
        description="So many points more than the other side are log-odds of 1 (73%) to win a map, between players of "
        "long experience; none while no model is served."
    )
    elo: float = Field(
        description="Simpler, in log-odds: d more than the other side is 1 / (1 + exp(-d)) to win a map."
    )
    results: int = Field(description="Maps, and series whose maps are not known, that it rests on.")
    as_of: date = Field(description="Everything through this day is in it.")


class MapRecord(BaseModel):
    """What a team did on a map, over all that is stored."""

    map: Ref
    played: int
    won: int
    lost: int


class PlayedFor(BaseModel):
    """A team that a player played for."""

    team: Ref
    last_played_on: date


class MapProfile(Entry):
    """A map."""

    is_active: bool | None = Field(
        description="In the active pool: at least 2% of the maps of the 90 days before the ratings' date, and not "
        "retired by an admin; none while there are no ratings."
    )
    is_retired: bool = Field(description="An admin took it out of the pool.")


class TeamProfile(Entry):
    """A team with its aliases."""

    latest_five: list[Ref] = Field(description="Who played its latest result; empty where no five are known.")
    rating: Rating | None = Field(description="Of the latest five on any map; by the name where no five are known.")
    maps: list[MapRecord] = Field(description="The most played first.")


class PlayerProfile(Entry):
    """A player with the other spellings of the nickname."""

    teams: list[PlayedFor] = Field(description="The latest first.")
    rating: Rating | None = Field(description="None for who has not played a rated map.")


def map_profile(snapshot: ServingSnapshot, entry: Entry) -> MapProfile:
    """A map with its place in the pool."""
    is_active = None
    if snapshot.ratings is not None:
        pool = active_maps(snapshot.ratings.snapshot.state, snapshot.ratings.snapshot.as_of)
        is_active = entry.id < len(pool) and bool(pool[entry.id])
    is_retired = entry.id in snapshot.dictionaries.rows.retired
    return MapProfile(**dict(entry), is_active=is_active, is_retired=is_retired)


def team_profile(snapshot: ServingSnapshot, entry: Entry) -> TeamProfile:
    """A team with its latest five, rating and record."""
    names, ratings = snapshot.dictionaries, snapshot.ratings
    five = ratings.snapshot.latest_lineup(entry.id) if ratings else None
    strength = summarise_team(ratings.snapshot, entry.id) if ratings else None
    return TeamProfile(
        **dict(entry),
        latest_five=[_named(names.players, player) for player in five or ()],
        rating=_rating(snapshot.model, ratings, strength),
        maps=[
            MapRecord(map=_named(names.maps, played_map), played=played, won=won, lost=played - won)
            for played_map, played, won in names.records.get(entry.id, ())
        ],
    )


def player_profile(snapshot: ServingSnapshot, entry: Entry) -> PlayerProfile:
    """A player with teams and rating."""
    names, ratings = snapshot.dictionaries, snapshot.ratings
    strength = summarise_player(ratings.snapshot, entry.id) if ratings else None
    teams: Sequence[tuple[int, date]] = names.played_for.get(entry.id, ())
    return PlayerProfile(
        **dict(entry),
        teams=[PlayedFor(team=_named(names.teams, team), last_played_on=day) for team, day in teams],
        rating=_rating(snapshot.model, ratings, strength),
    )


def _rating(model: ServedModel | None, ratings: ServedRatings | None, strength: RatingSummary | None) -> Rating | None:
    if ratings is None or strength is None:
        return None
    per_point = float(model.predictor.coefficients[SCALE]) if model else 0.0
    return Rating(
        strength=strength.value,
        standard_error=strength.error,
        points_per_log_odds=1.0 / per_point if per_point > 0 else None,
        elo=strength.elo,
        results=strength.maps,
        as_of=date_of(ratings.snapshot.as_of),
    )


def _named(dictionary: Dictionary, entry_id: int) -> Ref:
    entry = dictionary.get(entry_id)
    return Ref(id=entry_id, name=entry.name if entry else str(entry_id))
