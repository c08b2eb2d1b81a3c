"""Request and answer of the track record."""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from cs2.messages import Identifier, Probability, Ref


class MatchStatus(StrEnum):
    """State of a match with a forecast."""

    UPCOMING = "upcoming"
    AWAITING = "awaiting"
    """The match has begun, and its result is not known yet."""
    JUDGED = "judged"
    """The result is known and the forecast is scored."""
    NO_RESULT = "no_result"
    """No matching result within days: cancelled, moved to another day, or never published."""


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
    """Calibration bin: mean forecast, share of wins and number of matches."""

    forecast: float
    won: float
    matches: int


class Scores(BaseModel):
    """Scores over the matches with a result. Lower is better, except for the accuracy."""

    log_loss: float
    brier_score: float
    accuracy: float


class Totals(BaseModel):
    """Totals of the whole record, the same on every page."""

    matches: int
    by_status: dict[MatchStatus, int]
    scores: Scores | None
    """None until the first match has a result."""
    baselines: dict[str, Scores]
    """Scores of team Elo and player Elo on the same matches, from results before the day."""
    calibration: list[RecordedBin]


class TrackRecordPage(BaseModel):
    """Totals of the whole record, and a page of its matches, the latest start first."""

    computed_at: datetime
    """At most a minute ago, unless a database is unavailable."""
    totals: Totals
    items: list[RecordedForecast]
    next_before: int | None
    """Send it as ``before`` for the next page; none at the end."""


class RecordQuery(BaseModel):
    """Page of the record."""

    model_config = ConfigDict(extra="forbid")

    before: Identifier | None = Field(default=None, description="Id of the match before the page (`next_before`).")
    limit: Annotated[int, Field(ge=1, le=200)] = 50
