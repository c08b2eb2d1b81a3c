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
"""Of a name that somebody tries so much is kept for a minute: one letter more than any account has."""


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
async def register(wanted: Registration, accounts: AccountsDep, services: ServicesDep, asked: Request) -> Account:
    """Make an account."""
    await services.attempts.count(address=_address(asked))
    user = await accounts.register(wanted.username, wanted.password.get_secret_value())
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
    asked: Request,
) -> Token:
    """Get a token for user name and password (an OAuth2 password form)."""
    await services.attempts.count(address=_address(asked), account=f"name {form.username.strip().lower()[:MAX_NAME]}")
    token = await accounts.log_in(form.username, form.password)
    return Token(access_token=token, expires_in=accounts.tokens.minutes * 60)


@router.get("/me", responses=problems(HTTPStatus.UNAUTHORIZED, HTTPStatus.SERVICE_UNAVAILABLE))
async def me(user_id: CurrentUser, accounts: AccountsDep) -> Account:
    """One's own account."""
    return Account.model_validate(await accounts.me(user_id))


_CONFIRMED = problems(
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.FORBIDDEN,
    HTTPStatus.UNPROCESSABLE_ENTITY,
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.SERVICE_UNAVAILABLE,
)


@router.post("/change_password", status_code=HTTPStatus.NO_CONTENT, responses=_CONFIRMED)
async def change_password(wanted: PasswordChange, user_id: CurrentUser, services: ServicesDep, asked: Request) -> None:
    """Change one's password. Tokens of before hold no more: log in again."""
    await services.attempts.count(address=_address(asked), account=f"id {user_id}")
    async with services.sessions.begin() as session:
        accounts = Accounts(Users(session), services.passwords, services.tokens)
        old, new = wanted.old_password.get_secret_value(), wanted.new_password.get_secret_value()
        moment = await accounts.change_password(user_id, old, new)
    services.tokens.revoke({user_id: moment})


@router.delete("/me", status_code=HTTPStatus.NO_CONTENT, responses=_CONFIRMED)
async def delete_me(farewell: AccountDeletion, user_id: CurrentUser, services: ServicesDep, asked: Request) -> None:
    """Delete one's account, for good. One's forecasts stay in the history, nameless.

    The history is changed first: where that fails nothing has happened, and asking again does no harm.
    """
    await services.attempts.count(address=_address(asked), account=f"id {user_id}")
    async with services.sessions.begin() as session:
        accounts = Accounts(Users(session), services.passwords, services.tokens)
        await accounts.check_password(user_id, farewell.password.get_secret_value())
        # Until the last of the user's tokens has expired: another process may not know yet that the account is gone.
        expired = datetime.now(UTC) + timedelta(minutes=services.tokens.minutes)
        await services.history.erase(user_id, through=expired)
        moment = await accounts.delete(user_id)
    services.tokens.revoke({user_id: moment})


def _address(asked: Request) -> str:
    """Of the client; behind a proxy uvicorn is told whom to believe (``--forwarded-allow-ips``)."""
    return asked.client.host if asked.client else "unknown"
