"""Accounts for tests: made over HTTP, given their roles in the database."""

from uuid import uuid4

from sqlalchemy import update

from cs2.storage.users import User
from tests.testkit.service import PASSWORD, Service


async def users(service: Service, *roles: str) -> list[int]:
    """Ids of new accounts with these roles."""
    found = []
    for role in roles:
        account = {"username": f"u{uuid4().hex[:12]}", "password": PASSWORD}
        found.append((await service.client.post("/auth/register", json=account)).json()["id"])
        async with service.services.sessions.begin() as session:
            await session.execute(update(User).where(User.id == found[-1]).values(role=role))
    return found
