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
MAX_IDS_PER_QUERY = 25
"""Ids in one query: the embedded server compares every id of a query with every document of the result."""

Document = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryFilter:
    """Conditions on stored forecasts; None means no condition.

    Attributes:
        user_id: User who requested the forecast.
        team_id: One of the two teams.
        map_id: Map of the forecast, or one of the maps of a series.
        first_day: First day (UTC) of the answers.
        last_day: Last day (UTC) of the answers.
        model_version: Model behind the forecast.
    """

    user_id: int | None = None
    team_id: int | None = None
    map_id: int | None = None
    first_day: date | None = None
    last_day: date | None = None
    model_version: int | None = None

    def query(self) -> dict[str, Any]:
        """Return the conditions as a MongoDB query."""
        alternatives: list[dict[str, Any]] = []
        if self.team_id is not None:
            alternatives.append({"$or": [{"response.team1.id": self.team_id}, {"response.team2.id": self.team_id}]})
        if self.map_id is not None:
            alternatives.append({"$or": [{"response.map.id": self.map_id}, {"response.maps.map.id": self.map_id}]})
        period = {}
        if self.first_day is not None:
            period["$gte"] = datetime.combine(self.first_day, time.min, UTC)
        if self.last_day is not None:
            # Not "before the next day": the last day of the calendar has none.
            period["$lte"] = datetime.combine(self.last_day, time.max, UTC)
        query: dict[str, Any] = {"occurred_at": period} if period else {}
        query |= {"$and": alternatives} if alternatives else {}
        query |= {"user_id": self.user_id} if self.user_id is not None else {}
        return query | ({"model_version": self.model_version} if self.model_version is not None else {})


class StoredForecasts:
    """Reads and anonymises stored forecasts."""

    def __init__(self, url: str, database: str) -> None:
        milliseconds = int(SERVER_SECONDS * 1000)
        self._client: Any = MongoClient(
            url, serverSelectionTimeoutMS=milliseconds, timeoutMS=milliseconds, tz_aware=True, connect=False
        )
        self._database = self._client[database]
        self._forecasts = self._database[FORECASTS_COLLECTION]
        self._outcomes = self._database[OUTCOMES_COLLECTION]

    async def get(self, forecast_id: str) -> Document | None:
        """Return one forecast, or None if it is not stored.

        Raises:
            UnavailableError: If MongoDB does not answer.
        """
        try:
            document: Document | None = await self._forecasts.find_one({"_id": forecast_id})
        except PyMongoError as error:
            raise _unavailable() from error
        return document

    async def page(self, conditions: HistoryFilter, *, before: str | None, limit: int) -> Sequence[Document]:
        """Return forecasts, the newest first.

        Args:
            conditions: Conditions on the forecasts.
            before: Id of the forecast before the page; None for the first page.
            limit: Largest number of forecasts.

        Raises:
            UnavailableError: If MongoDB does not answer.
        """
        query = conditions.query() | ({"_id": {"$lt": before}} if before is not None else {})
        try:
            # Ids are uuid7, which are ordered by time.
            documents: list[Document] = await self._forecasts.find(query).sort("_id", -1).limit(limit).to_list(limit)
        except PyMongoError as error:
            raise _unavailable() from error
        return documents

    async def outcomes(self, forecast_ids: Sequence[str]) -> Mapping[str, Document]:
        """Return the outcomes of forecasts, by forecast id; forecasts without an outcome are left out.

        Raises:
            UnavailableError: If MongoDB does not answer.
        """
        outcomes: dict[str, Document] = {}
        try:
            for start in range(0, len(forecast_ids), MAX_IDS_PER_QUERY):
                ids = list(forecast_ids[start : start + MAX_IDS_PER_QUERY])
                async for document in self._outcomes.find({"_id": {"$in": ids}}):
                    outcomes[document["_id"]] = document
        except PyMongoError as error:
            raise _unavailable() from error
        return outcomes

    async def anonymise(self, user_id: int, *, through: datetime | None = None) -> None:
        """Remove a user from all forecasts, those not stored yet included.

        Args:
            user_id: User to remove.
            through: Only from forecasts answered until this moment; None for now.

        Raises:
            UnavailableError: If MongoDB does not answer; the call can be repeated.
        """
        try:
            await anonymise_user(self._database, user_id, through or datetime.now(UTC))
        except PyMongoError as error:
            raise _unavailable() from error

    async def close(self) -> None:
        """Close the connections."""
        self._client.close()


def _unavailable() -> UnavailableError:
    return UnavailableError("history-unavailable", "the history cannot be read: MongoDB does not answer")
