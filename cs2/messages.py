"""Messages between the parts: requests, answers, forecast events, model announcements and outcomes.

Fields are only ever added, because stored messages must stay readable.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, Tag, TypeAdapter

EVENTS_STREAM = "forecast_events"
"""Redis stream of answered forecasts; the same payload is published on the channel of this name."""

EVENTS_GROUP = "forecast_results"
DEAD_EVENTS_STREAM = "forecast_events:dead"
EVENT_FIELD = b"event"
"""Field of a stream entry with one event as JSON."""
EVENTS_FIELD = b"events"
"""Field of a stream entry with several events, written together: one line of JSON each."""

FORECASTS_COLLECTION = "forecasts"
OUTCOMES_COLLECTION = "forecast_outcomes"

Probability = Annotated[float, Field(gt=0.0, lt=1.0)]
Identifier = Annotated[int, Field(ge=1, le=2**31 - 1)]
Name = Annotated[str, Field(min_length=1, max_length=100)]


def _check_date_format(value: Any) -> Any:
    """Accept YYYY-MM-DD only: pydantic would also read 0, "0" and 1e9 as dates, in seconds since 1970."""
    if isinstance(value, int | float) or (isinstance(value, str) and not re.fullmatch(r"\d{4}-\d{2}-\d{2}", value)):
        raise ValueError("this is not a valid date; write YYYY-MM-DD")
    return value


Day = Annotated[date, BeforeValidator(_check_date_format)]
"""A date in a request, as YYYY-MM-DD."""


class Message(BaseModel):
    """Base of all messages: immutable, without unknown fields."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class AnnouncementKind(StrEnum):
    """The part that has changed."""

    MODEL = "model"
    RATINGS = "ratings"


class ModelAnnouncement(Message):
    """Message on the Redis channel ``ml_models``: another model or other ratings are current."""

    event_id: str
    kind: AnnouncementKind
    model_version: int | None
    snapshot_id: int | None
    published_at: datetime


class MatchupRequest(Message):
    """Two teams, optional lineups and an optional date. Teams and players are given either by id or by name.

    Without a lineup, the team's latest five players are used.
    """

    team1_id: Identifier | None = None
    team1: Name | None = None
    team2_id: Identifier | None = None
    team2: Name | None = None
    team1_player_ids: list[Identifier] | None = None
    team1_players: list[Name] | None = None
    team2_player_ids: list[Identifier] | None = None
    team2_players: list[Name] | None = None
    played_on: Day | None = None


class ForecastRequest(MatchupRequest):
    """Request for the forecast of one map, which is given by id or by name."""

    map_id: Identifier | None = None
    map: Name | None = None


class SeriesRequest(MatchupRequest):
    """Request for the forecast of a series. Maps are given in the order of play, by id or by name.

    Without maps, the forecast averages over the likely vetoes.
    """

    best_of: Literal[1, 3, 5] = 3
    map_ids: list[Identifier] | None = None
    maps: list[Name] | None = None


class ModelUsed(Message):
    """Model and ratings behind a forecast."""

    version: int
    trained_through: date
    ratings_as_of: date


class Ref(Message):
    """An id with its name."""

    id: int
    name: str


class TeamUsed(Ref):
    """A team with the five players of the forecast; empty if no lineup is known."""

    players: list[Ref]


class ForecastAnswer(Message):
    """The forecast of one map."""

    forecast_id: str
    team1_win_probability: Probability
    team2_win_probability: Probability
    interval: tuple[Probability, Probability]
    """95% interval of team 1's probability."""
    warnings: list[str]
    model: ModelUsed
    map: Ref
    team1: TeamUsed
    team2: TeamUsed
    played_on: date


class ScoreLine(Message):
    """A possible final score of a series."""

    team1_maps: int
    team2_maps: int
    probability: Annotated[float, Field(ge=0.0, le=1.0)]


class MapOfSeries(Message):
    """A map of a series: given in the request, or possible after the vetoes."""

    map: Ref | None
    """None if no map of the pool is known."""
    team1_win_probability: Probability
    chance_to_be_played: Annotated[float, Field(ge=0.0, le=1.0)]
    """Probability that the vetoes leave this map, if the series goes the full distance; 1 if the request gives it."""


class SeriesAnswer(Message):
    """The forecast of a series."""

    forecast_id: str
    best_of: int
    team1_win_probability: Probability
    team2_win_probability: Probability
    interval: tuple[Probability, Probability]
    """95% interval of team 1's probability."""
    scores: list[ScoreLine]
    """All score lines, from team 1's clearest win to its clearest loss; the probabilities sum to one."""
    maps: list[MapOfSeries]
    """In the order of play if the request gives them, else the likeliest first."""
    warnings: list[str]
    model: ModelUsed
    team1: TeamUsed
    team2: TeamUsed
    played_on: date


class ForecastEventBase(Message):
    """Fields of every message on ``forecast_events``; with request and answer, they suffice to repeat the forecast."""

    event_id: str
    occurred_at: datetime
    user_id: Identifier | None
    """None for automatic forecasts, and after the user had the forecasts anonymised."""
    batch_id: str | None = None
    """Shared by all forecasts of one batch request."""
    fixture_id: Identifier | None = None
    """Announced match of an automatic forecast; None if a user requested the forecast."""
    request_id: str | None = None
    """Id of the request in the logs of the API and the sink."""
    contributions: dict[str, float] = {}
    """Contribution of each feature, in log-odds, to the forecast of the map, or of a map of the series."""
    model_version: int
    snapshot_id: int
    latency_ms: float = Field(ge=0)


class ForecastEvent(ForecastEventBase):
    """An answered forecast of one map."""

    kind: Literal["map"] = "map"
    request: ForecastRequest
    response: ForecastAnswer


class SeriesEvent(ForecastEventBase):
    """An answered forecast of a series."""

    kind: Literal["series"] = "series"
    request: SeriesRequest
    response: SeriesAnswer


def _kind(event: Any) -> str:
    """Return the kind of an event; one without a kind is from before series existed: a map."""
    return str(event.get("kind", "map") if isinstance(event, dict) else getattr(event, "kind", "map"))


class ForecastOutcome(Message):
    """The result of a forecast's match, stored in MongoDB with the forecast's id as ``_id``."""

    forecast_id: str
    winner: Literal[1, 2]
    """The team of the forecast that won."""
    played_on: date
    tier: str
    """Strength of both teams in Valve's standings, as in ``cs2 backtest``."""
    baselines: dict[str, Probability]
    """Win probability of team 1 by ``team_elo`` and ``player_elo``, from results before the day."""
    judged_at: datetime


AnyEvent = Annotated[Annotated[ForecastEvent, Tag("map")] | Annotated[SeriesEvent, Tag("series")], Discriminator(_kind)]
ANY_EVENT: TypeAdapter[ForecastEvent | SeriesEvent] = TypeAdapter(AnyEvent)
"""Validates a message on ``forecast_events``."""


def parse_entry(fields: Mapping[bytes, bytes]) -> Sequence[bytes]:
    """Return the events of a stream entry, each as JSON; none if the entry has neither field."""
    if EVENTS_FIELD in fields:
        return fields[EVENTS_FIELD].split(b"\n")
    return [fields[EVENT_FIELD]] if EVENT_FIELD in fields else []


def outcome_document(outcome: ForecastOutcome) -> dict[str, Any]:
    """Return the MongoDB document: the forecast's id as ``_id``, dates as text, ``judged_at`` as a date."""
    fields = outcome.model_dump(mode="json", exclude={"forecast_id", "judged_at"})
    return {"_id": outcome.forecast_id, **fields, "judged_at": outcome.judged_at}


def parse_outcome(document: Mapping[str, Any]) -> ForecastOutcome:
    """Parse a document of :func:`outcome_document`.

    Raises:
        pydantic.ValidationError: If the document is not an outcome.
    """
    fields = {name: value for name, value in document.items() if name != "_id"}
    return ForecastOutcome.model_validate({"forecast_id": document["_id"], **fields})
