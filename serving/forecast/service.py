"""The operations of one request: resolve it, predict, publish the event, answer."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Self

import orjson
from pydantic import ValidationError
from uuid_utils import uuid7

from cs2.logs import REQUEST_ID
from cs2.messages import ForecastRequest, SeriesRequest
from serving.errors import InvalidRequestError, ProblemError
from serving.forecast.event_publisher import EventPublisher
from serving.forecast.predict import Predictor, ServedForecast
from serving.forecast.resolve import ResolvedRequest, resolve
from serving.forecast.serving_snapshot import ServingSnapshot
from serving.lifespan import Services
from serving.metrics.counts import Counts

CHUNK = 100
"""Items of a batch that are forecast before other requests get their turn."""


@dataclass(frozen=True, slots=True)
class ForecastService:
    """Serves one request from the snapshot that was current when it arrived.

    An answer is returned only after its event has been stored in Redis or in the fallback file.

    Attributes:
        snapshot: Model, ratings and dictionaries of one moment.
        predictor: Batches the requests in flight.
        events: Stores the events.
        counts: Counts the forecasts.
        user_id: The user of the token.
        today: Day of play of a request without one.
        started: Reading of ``time.perf_counter`` at the arrival of the request.
        request_id: Connects the event with the logs.
    """

    snapshot: ServingSnapshot
    predictor: Predictor
    events: EventPublisher
    counts: Counts
    user_id: int
    today: date
    started: float
    request_id: str | None

    @classmethod
    def for_user(cls, services: Services, user_id: int) -> Self:
        """Serve a request that has just arrived."""
        return cls(
            snapshot=services.refresher.current,
            predictor=services.predictor,
            events=services.events,
            counts=services.counts,
            user_id=user_id,
            today=services.settings.current_day(),
            started=time.perf_counter(),
            request_id=REQUEST_ID.get(),
        )

    async def forecast(self, request: ForecastRequest | SeriesRequest, batch_id: str | None = None) -> bytes:
        """Forecast a map or a series.

        Returns:
            A ``ForecastAnswer`` or ``SeriesAnswer`` as JSON.

        Raises:
            ProblemError: If a field is wrong, no model is served yet, or the event cannot be stored.
        """
        resolved = resolve(request, self.snapshot, self.today)
        forecast = await self.predictor.predict(resolved)
        await self.events.publish(self.event_of(resolved, forecast, batch_id))
        self.counts.forecast(forecast.map_name, forecast.probability)
        return forecast.body

    async def forecast_batch(self, items: Sequence[Any]) -> bytes:
        """Forecast many maps, each like a request of its own; a problem is returned in the place of its item.

        Args:
            items: Fields of a ``ForecastRequest`` each, not validated yet.

        Returns:
            A ``BatchAnswer`` as JSON.

        Raises:
            UnavailableError: If no model is served yet.
        """
        self.snapshot.require_served()
        batch_id = str(uuid7())
        results: list[dict[str, Any]] = []
        for start in range(0, len(items), CHUNK):
            chunk = items[start : start + CHUNK]
            results += await asyncio.gather(*(self._forecast_item(item, batch_id) for item in chunk))
        return orjson.dumps({"batch_id": batch_id, "results": results})

    async def _forecast_item(self, item: Any, batch_id: str) -> dict[str, Any]:
        """Return a ``BatchItem`` as plain data."""
        try:
            body = await self.forecast(_parse_item(item), batch_id)
        except ProblemError as error:
            return {"forecast": None, "problem": error.problem.model_dump(mode="json")}
        return {"forecast": orjson.Fragment(body), "problem": None}

    def event_of(self, resolved: ResolvedRequest, forecast: ServedForecast, batch_id: str | None = None) -> bytes:
        """Return a ``ForecastEvent`` or ``SeriesEvent`` as JSON. It holds the answer byte for byte."""
        model, ratings = self.snapshot.require_served()
        return orjson.dumps(
            {
                "event_id": forecast.forecast_id,
                "occurred_at": datetime.now(UTC),
                "user_id": self.user_id,
                "batch_id": batch_id,
                "request_id": self.request_id,
                "contributions": forecast.contributions,
                "model_version": model.record.version,
                "snapshot_id": ratings.record.id,
                "latency_ms": (time.perf_counter() - self.started) * 1000,
                "kind": "series" if isinstance(resolved.request, SeriesRequest) else "map",
                "request": orjson.Fragment(resolved.request.model_dump_json()),
                "response": orjson.Fragment(forecast.body),
            }
        )


def _parse_item(item: Any) -> ForecastRequest:
    """Validate an item of a batch.

    Raises:
        InvalidRequestError: If it is no ``ForecastRequest``.
    """
    try:
        return ForecastRequest.model_validate(item)
    except ValidationError as error:
        raise InvalidRequestError([{**detail, "loc": ("body", *detail["loc"])} for detail in error.errors()]) from error
