"""Copy token revocations from PostgreSQL into memory, so that no request has to query them."""

import asyncio

from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from serving.auth.repository import Users
from serving.auth.tokens import Tokens
from serving.supervision import TaskState


async def refresh_revocations(
    sessions: async_sessionmaker[AsyncSession], tokens: Tokens, seconds: float, state: TaskState
) -> None:
    """Read the revocations of other processes at this interval, until cancelled."""
    while True:
        async with sessions() as session:
            tokens.revoke(await Users(session).revocations(tokens.oldest_issue()))
        state.mark_healthy()
        await asyncio.sleep(seconds)
