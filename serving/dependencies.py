"""Dependencies of the endpoints, as annotated aliases."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import OAuth2PasswordBearer
from sqlalchemy.ext.asyncio import AsyncSession

from serving.auth.repository import Users
from serving.auth.service import Accounts
from serving.errors import ForbiddenError, NotAuthenticatedError
from serving.forecast.serving_snapshot import ServingSnapshot
from serving.lifespan import Services

_bearer = OAuth2PasswordBearer(tokenUrl="/auth/login", auto_error=False)


async def _services(request: Request) -> Services:
    services: Services = request.state.services
    return services


ServicesDep = Annotated[Services, Depends(_services)]


async def _current_user(token: Annotated[str | None, Depends(_bearer)], services: ServicesDep) -> int:
    if token is None:
        raise NotAuthenticatedError("not-authenticated", "this needs a token; get one from POST /auth/login")
    return services.tokens.user_of(token)


authenticated = Depends(_current_user)

CurrentUser = Annotated[int, authenticated]
"""Id of the user, from the token alone: PostgreSQL may be down."""


async def is_admin(services: Services, user_id: int) -> bool:
    """Whether a user is an admin, according to PostgreSQL: tokens carry no role."""
    async with services.sessions() as session:
        user = await Users(session).get(user_id)
    return user is not None and user.role == "admin"


async def _administrator(user_id: CurrentUser, services: ServicesDep) -> int:
    if not await is_admin(services, user_id):
        raise ForbiddenError("not-an-admin", "only admins may do this")
    return user_id


administrators = Depends(_administrator)

AdminUser = Annotated[int, administrators]
"""Id of the user, who is an admin."""


async def _session(services: ServicesDep) -> AsyncIterator[AsyncSession]:
    """Open one transaction a request; commit it before the answer is sent."""
    async with services.sessions.begin() as session:
        yield session


SessionDep = Annotated[AsyncSession, Depends(_session, scope="function")]


async def _accounts(session: SessionDep, services: ServicesDep) -> Accounts:
    return Accounts(Users(session), services.passwords, services.tokens)


AccountsDep = Annotated[Accounts, Depends(_accounts)]


async def _snapshot(services: ServicesDep) -> ServingSnapshot:
    return services.refresher.current


SnapshotDep = Annotated[ServingSnapshot, Depends(_snapshot)]
