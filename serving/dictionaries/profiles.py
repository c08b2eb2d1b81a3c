"""Profiles of one map, team or player, from memory."""

from collections.abc import Sequence
from datetime import date

from pydantic import BaseModel, Field

from cs2.calendar import date_of
from cs2.forecasting.model.features import FEATURE_NAMES
from cs2.forecasting.model.rating_summary import RatingSummary, summarise_player, summarise_team
from cs2.forecasting.ratings.map_pool import active_maps
from cs2.messages import Ref
from serving.dictionaries.index import Dictionary, Entry
from serving.forecast.serving_snapshot import ServedModel, ServedRatings, ServingSnapshot

SCALE = FEATURE_NAMES.index("rating_x_experience")
"""Index of the feature whose coefficient is the log-odds of one point of strength."""


class Rating(BaseModel):
    """Strength of a team or player at the end of a day."""

    strength: float = Field(description="Skill in points, the main input of a forecast; see `points_per_log_odds`.")
    standard_error: float = Field(description="Standard error of the strength, in points.")
    points_per_log_odds: float | None = Field(
        description="Lead in points that gives log-odds of 1 (73%) to win a map, between players of long experience; "
        "none while no model is served."
    )
    elo: float = Field(
        description="Elo rating in log-odds, a simpler measure: a lead of d gives 1 / (1 + exp(-d)) to win a map."
    )
    results: int = Field(description="Number of results behind the rating: maps, and series with unknown maps.")
    as_of: date = Field(description="Last day whose results are included.")


class MapRecord(BaseModel):
    """All stored results of a team on a map."""

    map: Ref
    played: int
    won: int
    lost: int


class PlayedFor(BaseModel):
    """A team for which a player has played."""

    team: Ref
    last_played_on: date


class MapProfile(Entry):
    """A map with its place in the pool."""

    is_active: bool | None = Field(
        description="Whether the map is in the active pool: at least 2% of the maps of the 90 days before the date of "
        "the ratings, and not retired by an admin; none while there are no ratings."
    )
    is_retired: bool = Field(description="Whether an admin has excluded the map from the active pool.")


class TeamProfile(Entry):
    """A team with its aliases, latest five, rating and results."""

    latest_five: list[Ref] = Field(description="Players of the team's latest result; empty if no five are known.")
    rating: Rating | None = Field(
        description="Rating of the latest five on any map; of the organisation if no five are known."
    )
    maps: list[MapRecord] = Field(description="Results by map, the most played first.")


class PlayerProfile(Entry):
    """A player with aliases, teams and rating."""

    teams: list[PlayedFor] = Field(description="Teams of the player, the latest first.")
    rating: Rating | None = Field(description="None if the player has not played a rated map.")


def map_profile(snapshot: ServingSnapshot, entry: Entry) -> MapProfile:
    """Build the profile of a map."""
    is_active = None
    if snapshot.ratings is not None:
        pool = active_maps(snapshot.ratings.snapshot.state, snapshot.ratings.snapshot.as_of)
        is_active = entry.id < len(pool) and bool(pool[entry.id])
    is_retired = entry.id in snapshot.dictionaries.rows.retired
    return MapProfile(**dict(entry), is_active=is_active, is_retired=is_retired)


def team_profile(snapshot: ServingSnapshot, entry: Entry) -> TeamProfile:
    """Build the profile of a team."""
    dictionaries, ratings = snapshot.dictionaries, snapshot.ratings
    lineup = ratings.snapshot.latest_lineup(entry.id) if ratings else None
    summary = summarise_team(ratings.snapshot, entry.id) if ratings else None
    return TeamProfile(
        **dict(entry),
        latest_five=[_ref(dictionaries.players, player_id) for player_id in lineup or ()],
        rating=_rating(snapshot.model, ratings, summary),
        maps=[
            MapRecord(map=_ref(dictionaries.maps, map_id), played=played, won=won, lost=played - won)
            for map_id, played, won in dictionaries.records.get(entry.id, ())
        ],
    )


def player_profile(snapshot: ServingSnapshot, entry: Entry) -> PlayerProfile:
    """Build the profile of a player."""
    dictionaries, ratings = snapshot.dictionaries, snapshot.ratings
    summary = summarise_player(ratings.snapshot, entry.id) if ratings else None
    teams: Sequence[tuple[int, date]] = dictionaries.played_for.get(entry.id, ())
    return PlayerProfile(
        **dict(entry),
        teams=[PlayedFor(team=_ref(dictionaries.teams, team_id), last_played_on=day) for team_id, day in teams],
        rating=_rating(snapshot.model, ratings, summary),
    )


def _rating(model: ServedModel | None, ratings: ServedRatings | None, summary: RatingSummary | None) -> Rating | None:
    if ratings is None or summary is None:
        return None
    log_odds_per_point = float(model.predictor.coefficients[SCALE]) if model else 0.0
    return Rating(
        strength=summary.value,
        standard_error=summary.error,
        points_per_log_odds=1.0 / log_odds_per_point if log_odds_per_point > 0 else None,
        elo=summary.elo,
        results=summary.maps,
        as_of=date_of(ratings.snapshot.as_of),
    )


def _ref(dictionary: Dictionary, entry_id: int) -> Ref:
    entry = dictionary.get(entry_id)
    return Ref(id=entry_id, name=entry.name if entry else str(entry_id))
