"""Which matches to come want a forecast now."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import text
from sqlalchemy.orm import Session

from cs2.contracts import Named
from cs2.forecasting.features import FEATURES_VERSION
from cs2.storage.fixtures import USUAL_BEST_OF
from cs2.storage.models import MlModel

HORIZON = timedelta(days=7)
"""So far ahead matches are forecast."""

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
)
SELECT asked.*, first.name AS team1, second.name AS team2
FROM asked JOIN teams AS first ON first.id = team1_id JOIN teams AS second ON second.id = team2_id
WHERE snapshot_id IS NOT NULL AND NOT EXISTS (
    SELECT FROM fixture_forecasts AS made
    WHERE made.fixture_id = asked.id AND made.model_version = :version AND made.snapshot_id = asked.snapshot_id
      AND (made.team1_id, made.team2_id, made.best_of, made.played_on)
        = (asked.team1_id, asked.team2_id, asked.best_of, asked.day)
)
ORDER BY start_time, id
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A match that has no forecast yet by the model and the newest ratings that do not know its day.

    Attributes:
        fixture_id: The match.
        start_time: As announced.
        played_on: Its day, in UTC.
        best_of: 1, 3 or 5.
        teams: Both teams by their own names.
        snapshot_id: The ratings.
    """

    fixture_id: int
    start_time: datetime
    played_on: date
    best_of: int
    teams: tuple[Named, Named]
    snapshot_id: int


def due_fixtures(session: Session, model: MlModel, *, now: datetime) -> list[Due]:
    """Matches to forecast with the model, the next one first.

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
        )
        for row in session.execute(text(_DUE), parameters)
    ]
