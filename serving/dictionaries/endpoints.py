"""Maps, teams and players over HTTP, from memory."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Path, Query

from serving.dependencies import SnapshotDep, authenticated
from serving.dictionaries.index import Dictionary, Entry
from serving.dictionaries.profiles import (
    MapProfile,
    PlayerProfile,
    TeamProfile,
    map_profile,
    player_profile,
    team_profile,
)
from serving.dictionaries.schemas import EntryPage, Listing
from serving.errors import NotFoundError, problems

router = APIRouter(tags=["dictionaries"], dependencies=[authenticated])

ListingQuery = Annotated[Listing, Query()]
EntryId = Annotated[int, Path(ge=1, le=2**31 - 1)]

_LIST = problems(HTTPStatus.UNAUTHORIZED, HTTPStatus.UNPROCESSABLE_ENTITY)
_ONE = problems(HTTPStatus.UNAUTHORIZED, HTTPStatus.NOT_FOUND, HTTPStatus.UNPROCESSABLE_ENTITY)


def _page(dictionary: Dictionary, listing: Listing) -> EntryPage:
    page = dictionary.page(search=listing.search, name=listing.name, after=listing.after, limit=listing.limit)
    name = listing.name or listing.search
    suggestions = dictionary.suggestions(name) if name and not page.items and listing.after == 0 else []
    return EntryPage(items=list(page.items), next_after=page.next_after, suggestions=suggestions)


def _one(dictionary: Dictionary, entry_id: int, kind: str) -> Entry:
    entry = dictionary.get(entry_id)
    if entry is None:
        raise NotFoundError(f"unknown-{kind}", f"no {kind} has the id {entry_id}; GET /{kind}s lists them")
    return entry


@router.get("/maps", responses=_LIST)
async def list_maps(listing: ListingQuery, snapshot: SnapshotDep) -> EntryPage:
    """List maps in the order of their ids."""
    return _page(snapshot.dictionaries.maps, listing)


@router.get("/maps/{map_id}", responses=_ONE)
async def get_map(map_id: EntryId, snapshot: SnapshotDep) -> MapProfile:
    """Show one map and whether it is in the active pool."""
    return map_profile(snapshot, _one(snapshot.dictionaries.maps, map_id, "map"))


@router.get("/teams", responses=_LIST)
async def list_teams(listing: ListingQuery, snapshot: SnapshotDep) -> EntryPage:
    """List teams with their aliases, in the order of their ids."""
    return _page(snapshot.dictionaries.teams, listing)


@router.get("/teams/{team_id}", responses=_ONE)
async def get_team(team_id: EntryId, snapshot: SnapshotDep) -> TeamProfile:
    """Show one team with its aliases, latest five, rating, and results on each map."""
    return team_profile(snapshot, _one(snapshot.dictionaries.teams, team_id, "team"))


@router.get("/players", responses=_LIST)
async def list_players(listing: ListingQuery, snapshot: SnapshotDep) -> EntryPage:
    """List players with their aliases, in the order of their ids."""
    return _page(snapshot.dictionaries.players, listing)


@router.get("/players/{player_id}", responses=_ONE)
async def get_player(player_id: EntryId, snapshot: SnapshotDep) -> PlayerProfile:
    """Show one player with aliases, teams and rating."""
    return player_profile(snapshot, _one(snapshot.dictionaries.players, player_id, "player"))
