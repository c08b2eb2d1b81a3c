"""Keeps the revocations of tokens in memory equal to PostgreSQL's, so that no request has to ask there."""

import asyncio

from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from serving.auth.repository import Users
from serving.auth.tokens import Tokens
from serving.supervision import TaskState


async def keep_revocations(
    sessions: async_sessionmaker[AsyncSession], tokens: Tokens, seconds: float, state: TaskState
) -> None:
    """Read what other processes revoked, every so many seconds, for as long as the service lives."""
    while True:
        async with sessions() as session:
            tokens.revoke(await Users(session).revocations(tokens.oldest_issue()))
        state.mark_healthy()
        await asyncio.sleep(seconds)
