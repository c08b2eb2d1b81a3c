"""Accounts over HTTP."""

from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.security import OAuth2PasswordRequestForm

from serving.auth.repository import Users
from serving.auth.schemas import Account, AccountDeletion, PasswordChange, Registration, Token
from serving.auth.service import Accounts
from serving.dependencies import AccountsDep, CurrentUser, ServicesDep
from serving.errors import problems

router = APIRouter(prefix="/auth", tags=["auth"])

MAX_NAME = 65
"""Characters of a name under which log-ins are counted: one more than any account has. Longer names use no memory."""


@router.post(
    "/register",
    status_code=HTTPStatus.CREATED,
    responses=problems(
        HTTPStatus.CONFLICT,
        HTTPStatus.UNPROCESSABLE_ENTITY,
        HTTPStatus.TOO_MANY_REQUESTS,
        HTTPStatus.SERVICE_UNAVAILABLE,
    ),
)
async def register(
    registration: Registration, accounts: AccountsDep, services: ServicesDep, request: Request
) -> Account:
    """Create an account."""
    await services.attempts.count(address=_address(request))
    user = await accounts.register(registration.username, registration.password.get_secret_value())
    return Account.model_validate(user)


@router.post(
    "/login",
    responses=problems(
        HTTPStatus.UNAUTHORIZED,
        HTTPStatus.UNPROCESSABLE_ENTITY,
        HTTPStatus.TOO_MANY_REQUESTS,
        HTTPStatus.SERVICE_UNAVAILABLE,
    ),
)
async def log_in(
    form: Annotated[OAuth2PasswordRequestForm, Depends()],
    accounts: AccountsDep,
    services: ServicesDep,
    request: Request,
) -> Token:
    """Get a token for a user name and password (an OAuth2 password form)."""
    account = f"name {form.username.strip().lower()[:MAX_NAME]}"
    await services.attempts.count(address=_address(request), account=account)
    token = await accounts.log_in(form.username, form.password)
    return Token(access_token=token, expires_in=accounts.tokens.minutes * 60)


@router.get("/me", responses=problems(HTTPStatus.UNAUTHORIZED, HTTPStatus.SERVICE_UNAVAILABLE))
async def me(user_id: CurrentUser, accounts: AccountsDep) -> Account:
    """Show your own account."""
    return Account.model_validate(await accounts.me(user_id))


_CONFIRMED = problems(
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.FORBIDDEN,
    HTTPStatus.UNPROCESSABLE_ENTITY,
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.SERVICE_UNAVAILABLE,
)


@router.post("/change_password", status_code=HTTPStatus.NO_CONTENT, responses=_CONFIRMED)
async def change_password(
    change: PasswordChange, user_id: CurrentUser, services: ServicesDep, request: Request
) -> None:
    """Change your password. All earlier tokens become invalid: log in again."""
    await services.attempts.count(address=_address(request), account=f"id {user_id}")
    old, new = change.old_password.get_secret_value(), change.new_password.get_secret_value()
    async with services.sessions.begin() as session:
        accounts = Accounts(Users(session), services.passwords, services.tokens)
        revoked_at = await accounts.change_password(user_id, old, new)
    services.tokens.revoke({user_id: revoked_at})


@router.delete("/me", status_code=HTTPStatus.NO_CONTENT, responses=_CONFIRMED)
async def delete_me(deletion: AccountDeletion, user_id: CurrentUser, services: ServicesDep, request: Request) -> None:
    """Delete your account for good. Your forecasts stay in the history without your name.

    The history is changed first: if that fails, the account stays, and the request can be repeated.
    """
    await services.attempts.count(address=_address(request), account=f"id {user_id}")
    async with services.sessions.begin() as session:
        accounts = Accounts(Users(session), services.passwords, services.tokens)
        await accounts.check_password(user_id, deletion.password.get_secret_value())
        # Until the user's last token expires: another process may accept it until it reads the revocation.
        last_expiry = datetime.now(UTC) + timedelta(minutes=services.tokens.minutes)
        await services.history.anonymise(user_id, through=last_expiry)
        revoked_at = await accounts.users.delete(user_id)
    services.tokens.revoke({user_id: revoked_at})


def _address(request: Request) -> str:
    """Address of the client; behind a proxy, uvicorn reads it from the headers (``--forwarded-allow-ips``)."""
    return request.client.host if request.client else "unknown"
