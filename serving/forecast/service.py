"""Takes questions and hands out answers: none leaves before its event is in the history's keeping."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import orjson
from pydantic import ValidationError
from uuid_utils import uuid7

from cs2.logs import REQUEST_ID
from cs2.messages import ForecastRequest, MatchupRequest, SeriesRequest
from serving.errors import InvalidRequestError, ProblemError
from serving.forecast.event_publisher import EventPublisher
from serving.forecast.forecaster import Forecaster
from serving.forecast.predict import Answered, answer_maps, answer_series, require_model
from serving.forecast.resolve import ResolvedRequest, map_question, series_question
from serving.forecast.serving_snapshot import ServingSnapshot
from serving.lifespan import Services
from serving.metrics.counts import Counts

CHUNK = 100
"""Questions of a batch that are answered before other requests have their turn."""


@dataclass(frozen=True, slots=True)
class ForecastService:
    """Serves one request: everything is answered from the snapshot that was served when it came.

    Attributes:
        snapshot: Model, ratings and dictionaries of one moment.
        events: Stores the events.
        forecaster: Answers questions about a map together with those of other requests.
        counts: Counts what was answered.
        user_id: Who asks.
        today: Day of play where a question tells none.
        started: Reading of ``time.perf_counter`` when the request came.
        request_id: Of the request: events are written by another task, which does not have it.
    """

    snapshot: ServingSnapshot
    events: EventPublisher
    forecaster: Forecaster
    counts: Counts
    user_id: int
    today: date
    started: float
    request_id: str | None

    async def forecast_map(self, request: ForecastRequest) -> bytes:
        """Answer a question about one map.

        Returns:
            A ``ForecastAnswer`` as JSON.

        Raises:
            ProblemError: If the question is wrong, or the service cannot answer now.
        """
        question = map_question(self.snapshot, require_model(self.snapshot)[1], request, self.today)
        found = await self.forecaster.answer(question, request, self)
        self.counts.forecast(found.map_name, found.probability)
        return found.body

    async def forecast_series(self, request: SeriesRequest) -> bytes:
        """Answer a question about a series.

        Returns:
            A ``SeriesAnswer`` as JSON.

        Raises:
            ProblemError: If the question is wrong, or the service cannot answer now.
        """
        question = series_question(self.snapshot, require_model(self.snapshot)[1], request, self.today)
        found = answer_series(self.snapshot, question, request.best_of)
        await self.events.record([self.event(request, found)])
        self.counts.forecast(None, found.probability)
        return found.body

    async def forecast_batch(self, questions: Sequence[Any]) -> bytes:
        """Answer many questions; what is wrong with one, or cannot be kept of some, is told in its own place.

        Args:
            questions: Fields of ``ForecastRequest`` each, not validated yet.

        Returns:
            A ``BatchAnswer`` as JSON.

        Raises:
            UnavailableError: If no model is served yet.
        """
        require_model(self.snapshot)
        batch_id = str(uuid7())
        chunks = []
        for start in range(0, len(questions), CHUNK):
            chunks.append(self._chunk(questions[start : start + CHUNK], batch_id))
            await asyncio.sleep(0)
        results = [item for chunk in chunks for item in await chunk.items()]
        return orjson.dumps({"batch_id": batch_id, "results": results})

    def _chunk(self, questions: Sequence[Any], batch_id: str) -> "_Chunk":
        understood = [self._understood(question) for question in questions]
        good = [found for found in understood if not isinstance(found, ProblemError)]
        if not good:
            return _Chunk(understood, [], None, self.counts)
        answered = answer_maps(self.snapshot, [question for _, question in good])
        events = [self.event(request, found, batch_id) for (request, _), found in zip(good, answered, strict=True)]
        return _Chunk(understood, answered, self.events.record(events), self.counts)

    def _understood(self, question: Any) -> tuple[ForecastRequest, ResolvedRequest] | ProblemError:
        try:
            request = ForecastRequest.model_validate(question)
            return request, map_question(self.snapshot, require_model(self.snapshot)[1], request, self.today)
        except ValidationError as error:
            return InvalidRequestError([{**found, "loc": ("body", *found["loc"])} for found in error.errors()])
        except ProblemError as error:
            return error

    def event(self, request: MatchupRequest, found: Answered, batch_id: str | None = None) -> bytes:
        """A ``ForecastEvent`` or ``SeriesEvent`` as JSON; the answer is in it to the byte as it is sent."""
        model, ratings = require_model(self.snapshot)
        return orjson.dumps(
            {
                "event_id": found.forecast_id,
                "occurred_at": datetime.now(UTC),
                "user_id": self.user_id,
                "batch_id": batch_id,
                "request_id": self.request_id,
                "contributions": found.contributions,
                "model_version": model.record.version,
                "snapshot_id": ratings.record.id,
                "latency_ms": (time.perf_counter() - self.started) * 1000,
                "kind": "series" if isinstance(request, SeriesRequest) else "map",
                "request": orjson.Fragment(request.model_dump_json()),
                "response": orjson.Fragment(found.body),
            }
        )


def forecast_service_of(services: Services, user_id: int) -> ForecastService:
    """Serves a request that came just now."""
    return ForecastService(
        snapshot=services.refresher.current,
        events=services.events,
        forecaster=services.forecaster,
        counts=services.counts,
        user_id=user_id,
        today=services.settings.current_day(),
        started=time.perf_counter(),
        request_id=REQUEST_ID.get(),
    )


@dataclass(frozen=True, slots=True)
class _Chunk:
    """Some questions of a batch, whose events are on their way into the history's keeping."""

    understood: Sequence[object]
    answered: Sequence[Answered]
    kept: "asyncio.Future[None] | None"
    counts: Counts

    async def items(self) -> list[dict[str, Any]]:
        """A ``BatchItem`` for each question, as plain data."""
        refused: ProblemError | None = None
        try:
            if self.kept is not None:
                await self.kept
        except ProblemError as error:
            refused = error
        else:
            for one in self.answered:
                self.counts.forecast(one.map_name, one.probability)
        answered = iter(self.answered)
        items = []
        for found in self.understood:
            problem = found if isinstance(found, ProblemError) else refused
            body = None if isinstance(found, ProblemError) else orjson.Fragment(next(answered).body)
            items.append({"forecast": body, "problem": None} if problem is None else _problem_item(problem))
        return items


def _problem_item(error: ProblemError) -> dict[str, Any]:
    return {"forecast": None, "problem": error.problem.model_dump(mode="json")}
