"""Requests and answers of the account endpoints."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, StringConstraints

Username = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True, to_lower=True, min_length=3, max_length=64, pattern=r"^[A-Za-z0-9_.@+-]+$"
    ),
]


class Registration(BaseModel):
    """A new account."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"username": "ada", "password": "correct horse battery"}]}
    )

    username: Username = Field(description="Letters, digits and _ . @ + -; case does not matter.")
    password: SecretStr = Field(min_length=8, max_length=128)


class PasswordChange(BaseModel):
    """A change of password, confirmed by the old one."""

    model_config = ConfigDict(extra="forbid")

    old_password: SecretStr = Field(max_length=128)
    new_password: SecretStr = Field(min_length=8, max_length=128)


class AccountDeletion(BaseModel):
    """Confirms by password that the account is to be deleted."""

    model_config = ConfigDict(extra="forbid")

    password: SecretStr = Field(max_length=128)


class Account(BaseModel):
    """An account as its owner sees it."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    username: str
    role: str
    created_at: datetime


class Token(BaseModel):
    """A token to send as ``Authorization: Bearer <access_token>``."""

    access_token: str
    token_type: Literal["bearer"] = "bearer"  # noqa: S105 - the scheme's name
    expires_in: int
    """Seconds until the token expires."""
