"""What passes between the parts: request and answer of a forecast, and the two messages. Grows by addition only."""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

MODELS_CHANNEL = "ml_models"
"""Redis channel on which new models and ratings are announced: a hint, the truth is in PostgreSQL."""

EVENTS_STREAM = "forecast_events"
"""Redis stream of every answered forecast; the same payload is published on the channel of this name."""

EVENTS_GROUP = "forecast_results"
DEAD_EVENTS_STREAM = "forecast_events:dead"
EVENT_FIELD = b"event"
"""Field of a stream entry that holds one event as JSON."""

FORECASTS_COLLECTION = "forecasts"

Probability = Annotated[float, Field(gt=0.0, lt=1.0)]
Identifier = Annotated[int, Field(ge=1, le=2**31 - 1)]


class Contract(BaseModel):
    """Base of what is sent: unknown fields are refused, values cannot change."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class AnnouncementKind(StrEnum):
    """What became new."""

    MODEL = "model"
    RATINGS = "ratings"


class ModelAnnouncement(Contract):
    """Message on ``ml_models``."""

    event_id: str
    kind: AnnouncementKind
    model_version: int | None
    snapshot_id: int | None
    published_at: datetime


class ForecastRequest(Contract):
    """Who plays on which map. Lineups left out mean each team's latest five."""

    map_id: Identifier
    team1_id: Identifier
    team2_id: Identifier
    team1_player_ids: list[Identifier] | None = None
    team2_player_ids: list[Identifier] | None = None
    played_on: date | None = None


class ModelUsed(Contract):
    """Where a forecast comes from."""

    version: int
    trained_through: date
    ratings_as_of: date


class Named(Contract):
    """An id with its name."""

    id: int
    name: str


class TeamUsed(Named):
    """A team with the five players that were used; none where no lineup is known."""

    players: list[Named]


class ForecastAnswer(Contract):
    """The forecast of one map."""

    forecast_id: str
    team1_win_probability: Probability
    team2_win_probability: Probability
    interval: tuple[Probability, Probability]
    """95% interval of team 1's probability."""
    warnings: list[str]
    model: ModelUsed
    map: Named
    team1: TeamUsed
    team2: TeamUsed
    played_on: date


class ForecastEvent(Contract):
    """Message on ``forecast_events``: enough to compute the forecast again."""

    event_id: str
    kind: Literal["map"] = "map"
    occurred_at: datetime
    user_id: Identifier | None
    request: ForecastRequest
    response: ForecastAnswer
    model_version: int
    snapshot_id: int
    latency_ms: float = Field(ge=0)
