"""Requests and answers of the history endpoints."""

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from cs2.messages import (
    ANY_EVENT,
    Day,
    ForecastAnswer,
    ForecastRequest,
    Identifier,
    Probability,
    SeriesAnswer,
    SeriesEvent,
    SeriesRequest,
    parse_outcome,
)
from serving.history.explanation import Explanation, explain
from serving.history.repository import Document


class Outcome(BaseModel):
    """The result of a forecast's match."""

    winner: Literal[1, 2]
    """The team of the forecast that won."""
    played_on: date
    tier: str
    """Strength of both teams in Valve's standings."""
    baselines: dict[str, Probability]
    """Win probability of team 1 by team Elo and player Elo, from results before the day."""


class StoredForecast(BaseModel):
    """A forecast as it was answered, with its outcome."""

    model_config = ConfigDict(protected_namespaces=())

    forecast_id: str
    kind: str
    """map or series"""
    occurred_at: datetime
    batch_id: str | None
    user_id: int | None
    """User who requested it; none for automatic and for anonymised forecasts."""
    request: ForecastRequest | SeriesRequest
    answer: ForecastAnswer | SeriesAnswer
    model_version: int
    snapshot_id: int
    outcome: Outcome | None
    """None until the result is known. Also none if the forecast cannot be scored: its ratings included the day of the
    match, or the sources disagree on the result."""


class ExplainedForecast(StoredForecast):
    """A forecast with its explanation."""

    explanation: Explanation | None
    """None for old forecasts, whose contributions were not stored."""


class HistoryPage(BaseModel):
    """Forecasts, the newest first."""

    items: list[StoredForecast]
    next_before: UUID | None
    """Send it as ``before`` for the next page; none at the end."""


class HistoryQuery(BaseModel):
    """Filter and page of the history."""

    model_config = ConfigDict(extra="forbid", protected_namespaces=())

    team_id: Identifier | None = Field(default=None, description="Only forecasts with this team.")
    map_id: Identifier | None = Field(default=None, description="Only forecasts of this map, and series with it.")
    first_day: Day | None = Field(default=None, description="Only forecasts answered on this day (UTC) or later.")
    last_day: Day | None = Field(default=None, description="Only forecasts answered on this day (UTC) or earlier.")
    model_version: Identifier | None = Field(default=None, description="Only forecasts of this model.")
    everybody: bool = Field(default=False, description="Include the forecasts of all users; for admins only.")
    before: UUID | None = Field(default=None, description="Id of the forecast before the page (`next_before`).")
    limit: Annotated[int, Field(ge=1, le=500)] = 50


def build_forecast(document: Document, outcome: Document | None) -> StoredForecast:
    """Build an item of the list from the documents of a forecast and of its outcome."""
    return StoredForecast(**_fields(document), outcome=_build_outcome(outcome))


def build_explained_forecast(document: Document, outcome: Document | None) -> ExplainedForecast:
    """Build a forecast with its explanation from the documents of a forecast and of its outcome."""
    event = _event(document)
    explanation = None
    if event.contributions:
        about = "a map of the series" if isinstance(event, SeriesEvent) else event.response.map.name
        teams = event.response.team1.name, event.response.team2.name
        explanation = explain(event.contributions, *teams, about=about)
    return ExplainedForecast(**_fields(document), outcome=_build_outcome(outcome), explanation=explanation)


def _build_outcome(document: Document | None) -> Outcome | None:
    if document is None:
        return None
    return Outcome(**parse_outcome(document).model_dump(exclude={"forecast_id", "judged_at"}))


def _event(document: Document) -> Any:
    return ANY_EVENT.validate_python({**{k: v for k, v in document.items() if k != "_id"}, "event_id": document["_id"]})


def _fields(document: Document) -> dict[str, Any]:
    event = _event(document)
    return {
        "forecast_id": event.event_id,
        "kind": event.kind,
        "occurred_at": event.occurred_at,
        "batch_id": event.batch_id,
        "user_id": event.user_id,
        "request": event.request,
        "answer": event.response,
        "model_version": event.model_version,
        "snapshot_id": event.snapshot_id,
    }
