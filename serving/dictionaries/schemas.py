"""Requests and answers of the dictionary endpoints."""

from typing import Annotated

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field

from serving.dictionaries.index import Entry


class EntryPage(BaseModel):
    """Entries in the order of their ids."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "items": [{"id": 12, "name": "Vitality", "aliases": ["Team Vitality"]}],
                    "next_after": None,
                    "suggestions": [],
                }
            ]
        }
    )

    items: list[Entry]
    next_after: int | None
    """Send it as ``after`` for the next page; none at the end."""
    suggestions: list[str] = []
    """Similar names, if no entry matches."""


class Listing(BaseModel):
    """Filter and page of a list of entries."""

    model_config = ConfigDict(extra="forbid")

    search: Annotated[str | None, Query(max_length=100)] = Field(
        default=None,
        description="Part of a name or alias; case, accents and typos do not matter.",
        examples=["vita"],
    )
    name: Annotated[str | None, Query(max_length=100)] = Field(
        default=None, description="A whole name or alias; case and accents do not matter.", examples=["Team Vitality"]
    )
    after: int = Field(default=0, ge=0, le=2**31 - 1, description="Id of the entry before the page (`next_after`).")
    limit: int = Field(default=50, ge=1, le=500, description="Largest number of entries of a page.")
