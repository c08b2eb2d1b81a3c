"""Accounts over HTTP."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi.security import OAuth2PasswordRequestForm

from serving.auth.schemas import Account, Registration, Token
from serving.dependencies import AccountsDep, CurrentUser
from serving.errors import problems

router = APIRouter(prefix="/auth", tags=["auth"])


@router.post(
    "/register",
    status_code=HTTPStatus.CREATED,
    responses=problems(HTTPStatus.CONFLICT, HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.SERVICE_UNAVAILABLE),
)
async def register(wanted: Registration, accounts: AccountsDep) -> Account:
    """Make an account."""
    user = await accounts.register(wanted.username, wanted.password.get_secret_value())
    return Account.model_validate(user)


@router.post(
    "/login",
    responses=problems(HTTPStatus.UNAUTHORIZED, HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.SERVICE_UNAVAILABLE),
)
async def log_in(form: Annotated[OAuth2PasswordRequestForm, Depends()], accounts: AccountsDep) -> Token:
    """Get a token for user name and password (an OAuth2 password form)."""
    token = await accounts.log_in(form.username, form.password)
    return Token(access_token=token, expires_in=accounts.tokens.minutes * 60)


@router.get("/me", responses=problems(HTTPStatus.UNAUTHORIZED, HTTPStatus.SERVICE_UNAVAILABLE))
async def me(user_id: CurrentUser, accounts: AccountsDep) -> Account:
    """One's own account."""
    return Account.model_validate(await accounts.me(user_id))
