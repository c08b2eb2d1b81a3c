"""Read the rows of the model, ratings and dictionaries that have to be served."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from cs2.forecasting.ratings.snapshot import FEATURES_VERSION
from cs2.storage import model_registry as registry
from cs2.storage.model_registry import SnapshotRow
from serving.dictionaries.index import DictionaryRows
from serving.dictionaries.repository import load, read_fingerprint
from serving.forecast.serving_snapshot import ModelRecord, RatingsRecord


@dataclass(frozen=True, slots=True)
class ServingRows:
    """Rows that have to be served.

    Attributes:
        model: The champion.
        ratings: The newest ratings for this version of the features.
        ratings_data: Their bytes; None if the caller has them.
        dictionaries: The entries; None if the caller has them.
        dictionaries_fingerprint: Changes with the entries.
    """

    model: ModelRecord | None
    ratings: RatingsRecord | None
    ratings_data: bytes | None
    dictionaries: DictionaryRows | None
    dictionaries_fingerprint: str


class ServingRepository:
    """Reads models, ratings and dictionaries in one transaction."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def read(self, *, known_ratings: RatingsRecord | None, known_fingerprint: str | None) -> ServingRows:
        """Read the rows, without the large columns that the caller has already.

        Raises:
            sqlalchemy.exc.SQLAlchemyError: If PostgreSQL does not answer.
        """
        engine = self._engine.execution_options(isolation_level="REPEATABLE READ")
        async with AsyncSession(engine) as session:
            champion = await session.run_sync(registry.get_champion)
            newest = await session.scalar(
                select(SnapshotRow)
                .where(SnapshotRow.features_version == FEATURES_VERSION)
                .order_by(SnapshotRow.id.desc())
                .limit(1)
            )
            ratings = RatingsRecord.model_validate(newest) if newest else None
            ratings_data = None
            if ratings is not None and ratings != known_ratings:
                ratings_data = await session.scalar(select(SnapshotRow.data).where(SnapshotRow.id == ratings.id))
            current_fingerprint = await read_fingerprint(session)
            has_changed = current_fingerprint != known_fingerprint
            return ServingRows(
                model=ModelRecord.model_validate(champion) if champion else None,
                ratings=ratings,
                ratings_data=ratings_data,
                dictionaries=await load(session) if has_changed else None,
                dictionaries_fingerprint=current_fingerprint,
            )
