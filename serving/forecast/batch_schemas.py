"""Request and answer of the batch; those of one map and of a series are in ``cs2.messages``."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, SkipValidation

from cs2.messages import ForecastAnswer, ForecastRequest
from serving.errors import Problem

MAX_BATCH = 1000


class BatchRequest(BaseModel):
    """Many forecasts in one call. An invalid item gets a problem in its place; the others are answered."""

    model_config = ConfigDict(extra="forbid")

    forecasts: Annotated[list[SkipValidation[ForecastRequest]], Field(min_length=1, max_length=MAX_BATCH)]


class BatchItem(BaseModel):
    """Result of one item: a forecast or a problem."""

    forecast: ForecastAnswer | None = None
    problem: Problem | None = None


class BatchAnswer(BaseModel):
    """Results in the order of the items."""

    batch_id: str
    """Stored with each forecast of the batch."""
    results: list[BatchItem]
