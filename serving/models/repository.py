"""Model versions in PostgreSQL, as the endpoints list them."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from cs2.storage.model_registry import ModelRow, ModelStatus


async def list_versions(
    session: AsyncSession, *, status: ModelStatus | None, before: int | None, limit: int
) -> Sequence[ModelRow]:
    """Return versions, the newest first.

    Args:
        session: Session to read with.
        status: Only versions with this status; None for all.
        before: Only versions below this one; None for the first page.
        limit: Largest number of versions.
    """
    query = select(ModelRow).order_by(ModelRow.version.desc()).limit(limit)
    if status is not None:
        query = query.where(ModelRow.status == status)
    if before is not None:
        query = query.where(ModelRow.version < before)
    return (await session.scalars(query)).all()
