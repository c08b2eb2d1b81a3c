"""Accounts of the service: registered over HTTP, given their roles in the database."""

from typing import Any
from uuid import uuid4

import httpx
from sqlalchemy import update

from cs2.storage.users import User
from tests.testkit.service import PASSWORD, Service


async def users(service: Service, *roles: str) -> list[int]:
    """Return the ids of new accounts with these roles."""
    ids: list[int] = []
    for role in roles:
        user_id = (await register(service, username=f"u{uuid4().hex[:12]}")).json()["id"]
        async with service.services.sessions.begin() as session:
            await session.execute(update(User).where(User.id == user_id).values(role=role))
        ids.append(user_id)
    return ids


async def register(service: Service, **changes: Any) -> httpx.Response:
    """Register ada."""
    account = {"username": "ada", "password": PASSWORD, **changes}
    return await service.client.post("/auth/register", json=account)


async def log_in(service: Service, username: str = "ada", password: str = PASSWORD) -> httpx.Response:
    """Log in as ada."""
    return await service.client.post("/auth/login", data={"username": username, "password": password})


async def new_token(service: Service, password: str = PASSWORD) -> str:
    """Log in as ada and return the token."""
    return str((await log_in(service, password=password)).json()["access_token"])


async def call_as(service: Service, token: str, method: str, path: str, **arguments: Any) -> httpx.Response:
    """Send a request with a token."""
    return await service.client.request(method, path, headers={"Authorization": f"Bearer {token}"}, **arguments)


async def forecast_as(service: Service, token: str) -> httpx.Response:
    """Request the forecast of a map with a token."""
    question = service.league.question()
    return await call_as(service, token, "POST", "/forecast/get_team1_win_probability", json=question)
