"""What passes between the parts: request and answer of a forecast, and the two messages. Grows by addition only."""

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, Tag, TypeAdapter

EVENTS_STREAM = "forecast_events"
"""Redis stream of every answered forecast; the same payload is published on the channel of this name."""

EVENTS_GROUP = "forecast_results"
DEAD_EVENTS_STREAM = "forecast_events:dead"
EVENT_FIELD = b"event"
"""Field of a stream entry that holds one event as JSON."""
EVENTS_FIELD = b"events"
"""Field of a stream entry that holds several events as JSON, one a line: those that were written together."""

FORECASTS_COLLECTION = "forecasts"
OUTCOMES_COLLECTION = "forecast_outcomes"

Probability = Annotated[float, Field(gt=0.0, lt=1.0)]
Identifier = Annotated[int, Field(ge=1, le=2**31 - 1)]
Name = Annotated[str, Field(min_length=1, max_length=100)]


def _as_written(value: Any) -> Any:
    """Pydantic alone would also take 0, "0" and 1e9 for days: seconds since 1970."""
    if isinstance(value, int | float) or (isinstance(value, str) and not re.fullmatch(r"\d{4}-\d{2}-\d{2}", value)):
        raise ValueError("this is not a valid date; write YYYY-MM-DD")
    return value


Day = Annotated[date, BeforeValidator(_as_written)]
"""A day that somebody asks for."""


class Message(BaseModel):
    """Base of what is sent: unknown fields are refused, values cannot change."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class AnnouncementKind(StrEnum):
    """What became new."""

    MODEL = "model"
    RATINGS = "ratings"


class ModelAnnouncement(Message):
    """Message on ``ml_models``."""

    event_id: str
    kind: AnnouncementKind
    model_version: int | None
    snapshot_id: int | None
    published_at: datetime


class MatchupRequest(Message):
    """Who plays, and when. Each team, and its players, by id or by name: one of the two.

    Lineups left out mean each team's latest five.
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
    """Who plays on which map; the map, too, by id or by name."""

    map_id: Identifier | None = None
    map: Name | None = None


class SeriesRequest(MatchupRequest):
    """Who plays a series. Maps in the order of play, by id or by name; left out, likely vetoes are averaged."""

    best_of: Literal[1, 3, 5] = 3
    map_ids: list[Identifier] | None = None
    maps: list[Name] | None = None


class ModelUsed(Message):
    """Where a forecast comes from."""

    version: int
    trained_through: date
    ratings_as_of: date


class Ref(Message):
    """An id with its name."""

    id: int
    name: str


class TeamUsed(Ref):
    """A team with the five players that were used; none where no lineup is known."""

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
    """One way in which a series can end."""

    team1_maps: int
    team2_maps: int
    probability: Annotated[float, Field(ge=0.0, le=1.0)]


class MapOfSeries(Message):
    """A map of a series: one that was named, or one that may be played."""

    map: Ref | None
    """None where no map of the pool is known."""
    team1_win_probability: Probability
    chance_to_be_played: Annotated[float, Field(ge=0.0, le=1.0)]
    """That it is among the maps of the series, should all of them be needed; 1 where it was named."""


class SeriesAnswer(Message):
    """The forecast of a series."""

    forecast_id: str
    best_of: int
    team1_win_probability: Probability
    team2_win_probability: Probability
    interval: tuple[Probability, Probability]
    """95% interval of team 1's probability."""
    scores: list[ScoreLine]
    """Every score line, from team 1's clearest win to its clearest loss; the probabilities sum to one."""
    maps: list[MapOfSeries]
    """In the order of play where they were named, else the likeliest first."""
    warnings: list[str]
    model: ModelUsed
    team1: TeamUsed
    team2: TeamUsed
    played_on: date


class ForecastEventBase(Message):
    """What every message on ``forecast_events`` has: with request and answer, enough to compute the forecast again."""

    event_id: str
    occurred_at: datetime
    user_id: Identifier | None
    """None where nobody asked, or who asked wishes to be forgotten."""
    batch_id: str | None = None
    """The same for all forecasts of one batch call."""
    fixture_id: Identifier | None = None
    """The match to come that the system forecast by itself; None where somebody asked."""
    request_id: str | None = None
    """Follows a request through the logs of the API and the sink."""
    contributions: dict[str, float] = {}
    """What each feature added to the forecast of the map, or of a series on any map, in log-odds."""
    model_version: int
    snapshot_id: int
    latency_ms: float = Field(ge=0)


class ForecastEvent(ForecastEventBase):
    """A forecast of one map was answered."""

    kind: Literal["map"] = "map"
    request: ForecastRequest
    response: ForecastAnswer


class SeriesEvent(ForecastEventBase):
    """A forecast of a series was answered."""

    kind: Literal["series"] = "series"
    request: SeriesRequest
    response: SeriesAnswer


def _kind(event: Any) -> str:
    """Kind of an event; one without was written before there were series."""
    return str(event.get("kind", "map") if isinstance(event, dict) else getattr(event, "kind", "map"))


class ForecastOutcome(Message):
    """What became of a forecast: a document of MongoDB, with ``_id`` for the forecast's id."""

    forecast_id: str
    winner: Literal[1, 2]
    """Which team of the forecast won."""
    played_on: date
    tier: str
    """How strong both teams were by Valve's standings: the tiers of ``cs2 backtest``."""
    baselines: dict[str, Probability]
    """What ``team_elo`` and ``player_elo`` gave team 1 by what was known before the day."""
    judged_at: datetime


AnyEvent = Annotated[Annotated[ForecastEvent, Tag("map")] | Annotated[SeriesEvent, Tag("series")], Discriminator(_kind)]
ANY_EVENT: TypeAdapter[ForecastEvent | SeriesEvent] = TypeAdapter(AnyEvent)
"""Reads a message on ``forecast_events``."""


def parse_entry(fields: Mapping[bytes, bytes]) -> Sequence[bytes]:
    """The events of a stream entry, each as JSON; none where it has neither field."""
    if EVENTS_FIELD in fields:
        return fields[EVENTS_FIELD].split(b"\n")
    return [fields[EVENT_FIELD]] if EVENT_FIELD in fields else []


def outcome_document(outcome: ForecastOutcome) -> dict[str, Any]:
    """The document: the forecast's id as ``_id``, days as text, the moment of judgement as a date."""
    fields = outcome.model_dump(mode="json", exclude={"forecast_id", "judged_at"})
    return {"_id": outcome.forecast_id, **fields, "judged_at": outcome.judged_at}


def parse_outcome(document: Mapping[str, Any]) -> ForecastOutcome:
    """What :func:`outcome_document` made.

    Raises:
        pydantic.ValidationError: If it is no outcome.
    """
    fields = {name: value for name, value in document.items() if name != "_id"}
    return ForecastOutcome.model_validate({"forecast_id": document["_id"], **fields})
