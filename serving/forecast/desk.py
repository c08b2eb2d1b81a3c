"""Takes questions and hands out answers: none leaves before its event is in the history's keeping."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from pydantic import ValidationError
from uuid_utils import uuid7

from cs2.contracts import ForecastAnswer, ForecastEvent, ForecastRequest, SeriesAnswer, SeriesEvent, SeriesRequest
from cs2.logs import REQUEST_ID
from serving.errors import InvalidRequestError, ProblemError
from serving.forecast.bundle import Bundle
from serving.forecast.outbox import Outbox
from serving.forecast.questions import Question, map_question, series_question
from serving.forecast.schemas import BatchAnswer, BatchItem
from serving.forecast.service import Answered, answer_maps, answer_series, require_model
from serving.metrics.counts import Counts

CHUNK = 100
"""Questions of a batch that are answered before other requests have their turn."""


@dataclass(frozen=True, slots=True)
class Desk:
    """Serves one request: everything is answered from the bundle that was served when it came.

    Attributes:
        bundle: Model, ratings and dictionaries of one moment.
        outbox: Keeps the events.
        counts: Counts what was answered.
        user_id: Who asks.
        today: Day of play where a question tells none.
        started: Reading of ``time.perf_counter`` when the request came.
    """

    bundle: Bundle
    outbox: Outbox
    counts: Counts
    user_id: int
    today: date
    started: float

    async def forecast_map(self, request: ForecastRequest) -> ForecastAnswer:
        """Answer a question about one map.

        Raises:
            ProblemError: If the question is wrong, or the service cannot answer now.
        """
        question = map_question(self.bundle, require_model(self.bundle)[1], request, self.today)
        (found,) = answer_maps(self.bundle, [question], [str(uuid7())])
        await self.outbox.record(self._map_event(request, found))
        self._count_map(found.answer)
        return found.answer

    async def forecast_series(self, request: SeriesRequest) -> SeriesAnswer:
        """Answer a question about a series.

        Raises:
            ProblemError: If the question is wrong, or the service cannot answer now.
        """
        question = series_question(self.bundle, require_model(self.bundle)[1], request, self.today)
        found = answer_series(self.bundle, question, request.best_of, str(uuid7()))
        event = SeriesEvent(request=request, response=found.answer, **self._common(found))
        await self.outbox.record(event.model_dump_json().encode())
        self.counts.series_forecast(found.answer.team1_win_probability)
        return found.answer

    async def forecast_batch(self, questions: Sequence[Any]) -> BatchAnswer:
        """Answer many questions; what is wrong with one, or cannot be kept of one, is told in its own place.

        Args:
            questions: Fields of ``ForecastRequest`` each, not validated yet.

        Raises:
            UnavailableError: If no model is served yet.
        """
        require_model(self.bundle)
        batch_id = str(uuid7())
        results: list[BatchItem] = []
        for start in range(0, len(questions), CHUNK):
            results += await self._chunk(questions[start : start + CHUNK], batch_id)
            await asyncio.sleep(0)
        return BatchAnswer(batch_id=batch_id, results=results)

    async def _chunk(self, questions: Sequence[Any], batch_id: str) -> list[BatchItem]:
        understood = [self._understood(question) for question in questions]
        good = [found for found in understood if not isinstance(found, ProblemError)]
        answered = (
            answer_maps(self.bundle, [question for _, question in good], [str(uuid7()) for _ in good]) if good else []
        )
        events = [self._map_event(request, found, batch_id) for (request, _), found in zip(good, answered, strict=True)]
        kept = await asyncio.gather(*(self.outbox.record(event) for event in events), return_exceptions=True)
        for found, problem in zip(answered, kept, strict=True):
            if problem is None:
                self._count_map(found.answer)
        items = iter(
            [
                BatchItem(forecast=found.answer) if problem is None else _problem_item(problem)
                for found, problem in zip(answered, kept, strict=True)
            ]
        )
        return [_problem_item(found) if isinstance(found, ProblemError) else next(items) for found in understood]

    def _count_map(self, answer: ForecastAnswer) -> None:
        self.counts.map_forecast(answer.map.name, answer.team1_win_probability)

    def _understood(self, question: Any) -> tuple[ForecastRequest, Question] | ProblemError:
        try:
            request = ForecastRequest.model_validate(question)
            return request, map_question(self.bundle, require_model(self.bundle)[1], request, self.today)
        except ValidationError as error:
            return InvalidRequestError([{**found, "loc": ("body", *found["loc"])} for found in error.errors()])
        except ProblemError as error:
            return error

    def _map_event(
        self, request: ForecastRequest, found: Answered[ForecastAnswer], batch_id: str | None = None
    ) -> bytes:
        event = ForecastEvent(request=request, response=found.answer, **self._common(found, batch_id))
        return event.model_dump_json().encode()

    def _common(
        self, found: Answered[ForecastAnswer] | Answered[SeriesAnswer], batch_id: str | None = None
    ) -> dict[str, Any]:
        _, ratings = require_model(self.bundle)
        return {
            "event_id": found.answer.forecast_id,
            "occurred_at": datetime.now(UTC),
            "user_id": self.user_id,
            "batch_id": batch_id,
            "request_id": REQUEST_ID.get(),
            "contributions": found.contributions,
            "model_version": found.answer.model.version,
            "snapshot_id": ratings.record.id,
            "latency_ms": (time.perf_counter() - self.started) * 1000,
        }


def _problem_item(error: BaseException) -> BatchItem:
    if not isinstance(error, ProblemError):
        raise error
    return BatchItem(problem=error.problem)
