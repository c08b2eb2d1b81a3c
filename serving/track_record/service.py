"""The track record of the automatic forecasts, cached in memory and read once a minute."""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from sqlalchemy import Row
from sqlalchemy.exc import SQLAlchemyError

from cs2.forecasting.evaluation import metrics
from cs2.forecasting.matches import BoolArray, FloatArray
from cs2.messages import Ref
from serving.errors import UnavailableError
from serving.track_record.schemas import MatchStatus, RecordedBin, RecordedForecast, Scores, Totals

FRESH_SECONDS = 60.0
RETRY_SECONDS = 5.0
RESULT_DAYS = 7
"""Days after its start until a match without a result counts as without one for good."""

Document = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class TrackRecord:
    """The track record at one moment.

    Attributes:
        computed_at: The moment.
        rows: Last forecast of each match (:func:`serving.track_record.repository.last_forecasts`).
        outcomes: Documents of ``forecast_outcomes`` by forecast id.
        totals: Counts and scores of all matches.
        positions: Index in ``rows`` by fixture id.
    """

    computed_at: datetime
    rows: Sequence[Row[Any]]
    outcomes: Mapping[str, Document]
    totals: Totals
    positions: Mapping[int, int]

    @classmethod
    def build(cls, rows: Sequence[Row[Any]], outcomes: Mapping[str, Document], now: datetime) -> "TrackRecord":
        """Count and score the forecasts."""
        positions = {row.fixture_id: position for position, row in enumerate(rows)}
        return cls(now, rows, outcomes, _totals(rows, outcomes, now), positions)

    def page(self, *, before: int | None, limit: int) -> Sequence[RecordedForecast]:
        """Return matches, the latest start first, from the first one after the match ``before``.

        Raises:
            KeyError: If ``before`` is not a match of the record.
        """
        first = 0 if before is None else self.positions[before] + 1
        return [self._recorded(row) for row in self.rows[first : first + limit]]

    def _recorded(self, row: Row[Any]) -> RecordedForecast:
        outcome = self.outcomes.get(row.event_id)
        return RecordedForecast(
            fixture_id=row.fixture_id,
            start_time=row.start,
            event=row.tournament,
            best_of=row.best_of,
            team1=Ref(id=row.team1_id, name=row.team1),
            team2=Ref(id=row.team2_id, name=row.team2),
            forecast_id=row.event_id,
            occurred_at=row.occurred_at,
            team1_win_probability=row.team1_win_probability,
            interval=(row.low, row.high),
            model_version=row.model_version,
            status=_status(row, outcome, self.computed_at),
            winner=outcome["winner"] if outcome else None,
            played_on=outcome["played_on"] if outcome else None,
        )


class TrackRecordCache:
    """Caches the track record.

    Args:
        read_rows: Reads the forecasts.
        read_outcomes: Reads the outcomes of forecasts by their ids.
        clock: Returns the current moment.
    """

    def __init__(
        self,
        read_rows: Callable[[], Awaitable[Sequence[Row[Any]]]],
        read_outcomes: Callable[[Sequence[str]], Awaitable[Mapping[str, Document]]],
        clock: Callable[[], datetime],
    ) -> None:
        self._read_rows = read_rows
        self._read_outcomes = read_outcomes
        self._clock = clock
        self._reading = asyncio.Lock()
        self._record: TrackRecord | None = None
        self._next_read_at = 0.0

    async def current(self) -> TrackRecord:
        """Return the record, at most a minute old; an older one while it is being read or a database is unavailable.

        Raises:
            UnavailableError: If the record was never read and cannot be read now.
        """
        if self._record is not None and (time.monotonic() < self._next_read_at or self._reading.locked()):
            return self._record
        async with self._reading:
            if self._record is None or time.monotonic() >= self._next_read_at:
                await self._read()
            if self._record is None:
                raise UnavailableError("record-unavailable", "the record cannot be read: a database does not answer")
            return self._record

    async def _read(self) -> None:
        try:
            rows = await self._read_rows()
            outcomes = await self._read_outcomes([row.event_id for row in rows])
        except (SQLAlchemyError, OSError, UnavailableError):
            self._next_read_at = time.monotonic() + RETRY_SECONDS
            return
        # In a thread: scoring years of matches would block the event loop.
        self._record = await asyncio.to_thread(TrackRecord.build, rows, outcomes, self._clock())
        self._next_read_at = time.monotonic() + FRESH_SECONDS


def _status(row: Row[Any], outcome: Document | None, now: datetime) -> MatchStatus:
    if outcome is not None:
        return MatchStatus.JUDGED
    if now < row.start:
        return MatchStatus.UPCOMING
    return MatchStatus.AWAITING if now < row.start + timedelta(days=RESULT_DAYS) else MatchStatus.NO_RESULT


def _totals(rows: Sequence[Row[Any]], outcomes: Mapping[str, Document], now: datetime) -> Totals:
    counts = Counter(_status(row, outcomes.get(row.event_id), now) for row in rows)
    by_status = {status: counts[status] for status in MatchStatus}
    scored = [(row, outcomes[row.event_id]) for row in rows if row.event_id in outcomes]
    if not scored:
        return Totals(matches=len(rows), by_status=by_status, scores=None, baselines={}, calibration=[])
    probability = np.array([row.team1_win_probability for row, _ in scored])
    won = np.array([outcome["winner"] == 1 for _, outcome in scored])
    bins = metrics.calibration_bins(probability, won)
    return Totals(
        matches=len(rows),
        by_status=by_status,
        scores=_scores(probability, won),
        baselines={
            name: _scores(np.array([outcome["baselines"][name] for _, outcome in scored]), won)
            for name in sorted(scored[0][1]["baselines"])
        },
        calibration=[
            RecordedBin(forecast=forecast, won=share, matches=count)
            for forecast, share, count in zip(
                bins.forecast.tolist(), bins.won.tolist(), bins.count.tolist(), strict=True
            )
        ],
    )


def _scores(probability: FloatArray, won: BoolArray) -> Scores:
    return Scores(
        log_loss=metrics.log_loss(probability, won),
        brier_score=metrics.brier_score(probability, won),
        accuracy=metrics.accuracy(probability, won),
    )
