"""What the track record shows."""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from cs2.messages import Identifier, Probability, Ref


class MatchStatus(StrEnum):
    """What became of a match that was forecast."""

    UPCOMING = "upcoming"
    AWAITING = "awaiting"
    """Begun; its result is not known yet."""
    JUDGED = "judged"
    NO_RESULT = "no_result"
    """No result that fits it within days: cancelled, moved to another day, or never published."""


class RecordedForecast(BaseModel):
    """A match with the last automatic forecast before its start."""

    model_config = ConfigDict(protected_namespaces=())

    fixture_id: int
    start_time: datetime
    event: str | None
    best_of: int
    team1: Ref
    team2: Ref
    forecast_id: str
    occurred_at: datetime
    team1_win_probability: Probability
    interval: tuple[Probability, Probability]
    model_version: int
    status: MatchStatus
    winner: Literal[1, 2] | None
    played_on: date | None


class RecordedBin(BaseModel):
    """Forecasts of about the same size, and what became of them."""

    forecast: float
    won: float
    matches: int


class Scores(BaseModel):
    """Of the judged matches; lower is better but for the accuracy."""

    log_loss: float
    brier_score: float
    accuracy: float


class Totals(BaseModel):
    """Of the whole record, whatever page is shown."""

    matches: int
    by_status: dict[MatchStatus, int]
    scores: Scores | None
    """None before the first match was judged."""
    baselines: dict[str, Scores]
    """Of the same matches: what both Elos gave by what was known before the day."""
    calibration: list[RecordedBin]


class TrackRecordPage(BaseModel):
    """The record: totals of all of it, and some of its matches, the latest start first."""

    computed_at: datetime
    """At most a minute ago, unless a database is away."""
    totals: Totals
    items: list[RecordedForecast]
    next_before: int | None
    """Send it as ``before`` for the next page; none at the end."""


class RecordQuery(BaseModel):
    """Which page is wanted."""

    model_config = ConfigDict(extra="forbid")

    before: Identifier | None = Field(default=None, description="Match behind which the page starts (`next_before`).")
    limit: Annotated[int, Field(ge=1, le=200)] = 50
