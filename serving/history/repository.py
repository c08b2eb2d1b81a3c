"""Forecasts in MongoDB, as the sink stored them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any

from pymongo.errors import PyMongoError

from cs2.messages import FORECASTS_COLLECTION, OUTCOMES_COLLECTION
from cs2.mongo_client import MongoClient
from cs2.privacy import anonymise_user
from serving.errors import UnavailableError

SERVER_SECONDS = 3.0
OUTCOMES_AT_ONCE = 25
"""Ids in one query: the embedded server compares every id of a query with every document that it finds."""

Document = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryFilter:
    """Which forecasts are wanted; None where it does not matter.

    Attributes:
        user_id: Who asked for it.
        team_id: One of the two teams.
        map_id: The map of a forecast of a map, or a map of a series.
        first_day: Asked for on that day (UTC) or later.
        last_day: Asked for on that day or earlier.
        model_version: The model that answered.
    """

    user_id: int | None = None
    team_id: int | None = None
    map_id: int | None = None
    first_day: date | None = None
    last_day: date | None = None
    model_version: int | None = None

    def query(self) -> dict[str, Any]:
        """As MongoDB understands it."""
        either: list[dict[str, Any]] = []
        if self.team_id is not None:
            either.append({"$or": [{"response.team1.id": self.team_id}, {"response.team2.id": self.team_id}]})
        if self.map_id is not None:
            either.append({"$or": [{"response.map.id": self.map_id}, {"response.maps.map.id": self.map_id}]})
        moments = {}
        if self.first_day is not None:
            moments["$gte"] = datetime.combine(self.first_day, time.min, UTC)
        if self.last_day is not None:
            moments["$lte"] = datetime.combine(self.last_day, time.max, UTC)  # the calendar's last day has no next one
        found: dict[str, Any] = {"occurred_at": moments} if moments else {}
        found |= {"$and": either} if either else {}
        found |= {"user_id": self.user_id} if self.user_id is not None else {}
        return found | ({"model_version": self.model_version} if self.model_version is not None else {})


class StoredForecasts:
    """Reads forecasts, and forgets who asked for them."""

    def __init__(self, url: str, database: str) -> None:
        milliseconds = int(SERVER_SECONDS * 1000)
        self._client: Any = MongoClient(
            url, serverSelectionTimeoutMS=milliseconds, timeoutMS=milliseconds, tz_aware=True, connect=False
        )
        self._database = self._client[database]
        self._forecasts = self._database[FORECASTS_COLLECTION]
        self._outcomes = self._database[OUTCOMES_COLLECTION]

    async def get(self, forecast_id: str) -> Document | None:
        """One forecast, or None where it is not stored.

        Raises:
            UnavailableError: If MongoDB does not answer.
        """
        try:
            found: Document | None = await self._forecasts.find_one({"_id": forecast_id})
        except PyMongoError as error:
            raise _away() from error
        return found

    async def page(self, wanted: HistoryFilter, *, before: str | None, limit: int) -> Sequence[Document]:
        """Forecasts, the newest first.

        Args:
            wanted: Which ones.
            before: Id behind which the page starts; None for the first page.
            limit: Most forecasts of a page.

        Raises:
            UnavailableError: If MongoDB does not answer.
        """
        query = wanted.query() | ({"_id": {"$lt": before}} if before is not None else {})
        try:
            # Ids are uuid7: their order is that of time.
            found: list[Document] = await self._forecasts.find(query).sort("_id", -1).limit(limit).to_list(limit)
        except PyMongoError as error:
            raise _away() from error
        return found

    async def outcomes(self, forecast_ids: Sequence[str]) -> Mapping[str, Document]:
        """What became of forecasts, by id; those that were not judged yet are left out.

        Raises:
            UnavailableError: If MongoDB does not answer.
        """
        found: dict[str, Document] = {}
        try:
            for start in range(0, len(forecast_ids), OUTCOMES_AT_ONCE):
                wanted = list(forecast_ids[start : start + OUTCOMES_AT_ONCE])
                async for document in self._outcomes.find({"_id": {"$in": wanted}}):
                    found[document["_id"]] = document
        except PyMongoError as error:
            raise _away() from error
        return found

    async def erase(self, user_id: int, *, through: datetime | None = None) -> None:
        """Make nameless all that a user asked for, stored already or still on its way.

        Args:
            user_id: Who asked.
            through: Until this moment; None for now.

        Raises:
            UnavailableError: If MongoDB does not answer; asking again does no harm.
        """
        try:
            await anonymise_user(self._database, user_id, through or datetime.now(UTC))
        except PyMongoError as error:
            raise _away() from error

    async def close(self) -> None:
        """End the connections."""
        self._client.close()


def _away() -> UnavailableError:
    return UnavailableError("history-unavailable", "the history cannot be read: MongoDB does not answer")
