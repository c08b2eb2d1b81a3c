"""Which matches to come want a forecast now."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import text
from sqlalchemy.orm import Session

from cs2.contracts import Named, SeriesAnswer
from cs2.forecasting.features import FEATURES_VERSION
from cs2.storage.fixtures import USUAL_BEST_OF
from cs2.storage.models import MlModel

HORIZON = timedelta(days=7)
"""So far ahead matches are forecast."""

SAME = 0.005
"""A forecast of which no number moves by more is not made again with newer ratings."""

# A day is forecast before any of its results is used: neither the ratings nor the model know the day of the match.
# A best-of-2 may end in a draw: there is no forecast of it.
_DUE = """
WITH ahead AS (
    SELECT id, start_time, cast(start_time AT TIME ZONE 'UTC' AS date) AS day, coalesce(best_of, :usual) AS best_of,
           team1_id, team2_id
    FROM fixtures WHERE start_time > :now AND start_time <= :horizon AND best_of IS DISTINCT FROM 2
), asked AS (
    SELECT ahead.*, (
        SELECT max(id) FROM rating_snapshots WHERE as_of < day AND features_version = :features_version
    ) AS snapshot_id
    FROM ahead WHERE day > :trained_through
), made AS (
    SELECT made.*, coalesce(confirmed_by, made.snapshot_id) AS holds_for FROM fixture_forecasts AS made
    JOIN asked ON made.fixture_id = asked.id AND (made.team1_id, made.team2_id, made.best_of, made.played_on)
                                               = (asked.team1_id, asked.team2_id, asked.best_of, asked.day)
)
SELECT asked.*, first.name AS team1, second.name AS team2,
       said.event_id, said.model_version, said.team1_win_probability, said.low, said.high
FROM asked JOIN teams AS first ON first.id = team1_id JOIN teams AS second ON second.id = team2_id
LEFT JOIN (
    SELECT DISTINCT ON (fixture_id) * FROM made
    ORDER BY fixture_id, occurred_at DESC, snapshot_id DESC, model_version DESC  -- a clock that was set stands still
) AS said ON said.fixture_id = asked.id
WHERE asked.snapshot_id IS NOT NULL AND NOT EXISTS (
    SELECT FROM made
    WHERE fixture_id = asked.id AND model_version = :version AND holds_for >= asked.snapshot_id
)
ORDER BY asked.start_time, asked.id
"""


@dataclass(frozen=True, slots=True)
class Said:
    """A forecast that was made: its id, the probability that team 1 wins, and both ends of its interval."""

    event_id: str
    numbers: tuple[float, float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A match of which the model was not asked yet with the newest ratings that do not know its day.

    Attributes:
        fixture_id: The match.
        start_time: As announced.
        played_on: Its day, in UTC.
        best_of: 1, 3 or 5.
        teams: Both teams by their own names.
        snapshot_id: The ratings.
        said: The newest forecast of the match as it is announced now, where it is by the same model.
    """

    fixture_id: int
    start_time: datetime
    played_on: date
    best_of: int
    teams: tuple[Named, Named]
    snapshot_id: int
    said: Said | None = None

    def is_said_by(self, response: SeriesAnswer) -> bool:
        """Whether the newest forecast says the same already, but for ``SAME``."""
        if self.said is None:
            return False
        now = (response.team1_win_probability, *response.interval)
        return all(abs(one - other) <= SAME for one, other in zip(self.said.numbers, now, strict=True))


def due_fixtures(session: Session, model: MlModel, *, now: datetime) -> list[Due]:
    """Matches to ask the model about, the next one first.

    Args:
        session: Of PostgreSQL.
        model: The champion.
        now: The moment: what has begun is not forecast any more.
    """
    if model.features_version != FEATURES_VERSION:
        return []  # of another release: the next training mends it
    parameters = {
        "now": now,
        "horizon": now + HORIZON,
        "usual": USUAL_BEST_OF,
        "features_version": FEATURES_VERSION,
        "trained_through": model.trained_through,
        "version": model.version,
    }
    return [
        Due(
            fixture_id=row.id,
            start_time=row.start_time.astimezone(UTC),
            played_on=row.day,
            best_of=row.best_of,
            teams=(Named(id=row.team1_id, name=row.team1), Named(id=row.team2_id, name=row.team2)),
            snapshot_id=row.snapshot_id,
            said=Said(row.event_id, (row.team1_win_probability, row.low, row.high))
            if row.model_version == model.version
            else None,
        )
        for row in session.execute(text(_DUE), parameters)
    ]
