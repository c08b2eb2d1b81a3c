"""What the history endpoints take and give."""

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
from serving.history.explanation import Explanation, explained
from serving.history.repository import Document


class Outcome(BaseModel):
    """How the match of a forecast turned out."""

    winner: Literal[1, 2]
    """Which team of the forecast won."""
    played_on: date
    tier: str
    """How strong both teams were by Valve's standings."""
    baselines: dict[str, Probability]
    """What team Elo and player Elo gave team 1 by what was known before the day."""


class StoredForecast(BaseModel):
    """A forecast as it was answered, and how it turned out."""

    model_config = ConfigDict(protected_namespaces=())

    forecast_id: str
    kind: str
    """map or series"""
    occurred_at: datetime
    batch_id: str | None
    user_id: int | None
    """Who asked; none for the system's own and for those whose owner wished to be forgotten."""
    request: ForecastRequest | SeriesRequest
    answer: ForecastAnswer | SeriesAnswer
    model_version: int
    snapshot_id: int
    outcome: Outcome | None
    """None while no result is known, and where the forecast is not judged: it knew the day, or the match is doubted."""


class ExplainedForecast(StoredForecast):
    """A forecast with the reasons."""

    explanation: Explanation | None
    """None for forecasts of before reasons were kept."""


class HistoryPage(BaseModel):
    """Forecasts, the newest first."""

    items: list[StoredForecast]
    next_before: UUID | None
    """Send it as ``before`` for the next page; none at the end."""


class HistoryQuery(BaseModel):
    """Which forecasts are wanted."""

    model_config = ConfigDict(extra="forbid", protected_namespaces=())

    team_id: Identifier | None = Field(default=None, description="One of the two teams.")
    map_id: Identifier | None = Field(default=None, description="The map, or a map of the series.")
    first_day: Day | None = Field(default=None, description="Asked for on that day (UTC) or later.")
    last_day: Day | None = Field(default=None, description="Asked for on that day (UTC) or earlier.")
    model_version: Identifier | None = Field(default=None, description="The model that answered.")
    everybody: bool = Field(default=False, description="Also what others asked for: admins only.")
    before: UUID | None = Field(default=None, description="Id behind which the page starts (`next_before`).")
    limit: Annotated[int, Field(ge=1, le=500)] = 50


def stored(document: Document, outcome: Document | None) -> StoredForecast:
    """A document of MongoDB and that of its outcome, as they are shown in a list."""
    return StoredForecast(**_fields(document), outcome=_build_outcome(outcome))


def with_reasons(document: Document, outcome: Document | None) -> ExplainedForecast:
    """A document of MongoDB and that of its outcome, with the explanation."""
    event = _event(document)
    reasons = None
    if event.contributions:
        about = "a map of the series" if isinstance(event, SeriesEvent) else event.response.map.name
        teams = event.response.team1.name, event.response.team2.name
        reasons = explained(event.contributions, *teams, about=about)
    return ExplainedForecast(**_fields(document), outcome=_build_outcome(outcome), explanation=reasons)


def _build_outcome(document: Document | None) -> Outcome | None:
    return (
        None
        if document is None
        else Outcome(**parse_outcome(document).model_dump(exclude={"forecast_id", "judged_at"}))
    )


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
