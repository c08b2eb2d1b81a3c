"""Forecasts in MongoDB: each once, whatever is delivered twice."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from bson.errors import BSONError
from pymongo import ASCENDING, DESCENDING
from pymongo.errors import BulkWriteError, DocumentTooLarge

from cs2.messages import FORECASTS_COLLECTION
from cs2.privacy import anonymise_late_events
from ingest_worker.events import Document

DUPLICATE_KEY = 11000
SERVER_SECONDS = 5.0
_UNFIT = (BSONError, DocumentTooLarge, OverflowError)
"""Raised by the client for a document that can never be sent; a batch that holds one is not sent at all."""


class ForecastStore(Protocol):
    """Keeps forecasts."""

    async def insert(self, documents: Sequence[Document]) -> Mapping[str, str]:
        """Store documents by their ``_id``; one that is stored already stays as it is.

        Returns:
            Reason by ``_id`` of those that can never be stored.

        Raises:
            pymongo.errors.PyMongoError: If the server does not answer; some may be stored.
        """
        ...

    async def prepare(self) -> None:
        """Make the index by which the history is read.

        Raises:
            pymongo.errors.PyMongoError: If the server does not answer.
        """
        ...

    async def close(self) -> None:
        """End the connections."""
        ...


class MongoForecastStore:
    """:class:`ForecastStore` on a client with the interface that motor and ``pymongo.AsyncMongoClient`` share."""

    def __init__(self, client_class: Callable[..., Any], url: str, database: str) -> None:
        self._client = client_class(
            url, serverSelectionTimeoutMS=SERVER_SECONDS * 1000, timeoutMS=SERVER_SECONDS * 1000, tz_aware=True
        )
        self._database = self._client[database]
        self._forecasts = self._database[FORECASTS_COLLECTION]

    async def insert(self, documents: Sequence[Document]) -> Mapping[str, str]:
        """Store documents by their ``_id``; of users who wish to be forgotten without their ids."""
        refused = await self._insert_fitting(documents)
        await anonymise_late_events(self._database, _users(documents))
        return refused

    async def _insert_fitting(self, documents: Sequence[Document]) -> Mapping[str, str]:
        try:
            return await self._insert(documents)
        except _UNFIT as error:
            if len(documents) == 1:
                return {documents[0]["_id"]: f"{type(error).__name__}: {error}"}
        refused: dict[str, str] = {}
        for document in documents:  # one by one, to find the one that does not fit
            refused |= await self._insert_fitting([document])
        return refused

    async def _insert(self, documents: Sequence[Document]) -> Mapping[str, str]:
        try:
            await self._forecasts.insert_many(documents, ordered=False)
        except BulkWriteError as error:
            details = error.details or {}
            if details.get("writeConcernErrors"):
                raise
            failed = [found for found in details["writeErrors"] if found["code"] != DUPLICATE_KEY]
            return {documents[found["index"]]["_id"]: f"MongoDB: {found['errmsg']}" for found in failed}
        return {}

    async def prepare(self) -> None:
        """Make the index by which the history is read."""
        await self._forecasts.create_index([("user_id", ASCENDING), ("_id", DESCENDING)])

    async def close(self) -> None:
        """End the connections."""
        closing = self._client.close()
        if closing is not None:  # motor closes at once, pymongo's asynchronous client is awaited
            await closing


def _users(documents: Sequence[Document]) -> set[int]:
    return {document["user_id"] for document in documents if document.get("user_id") is not None}
