"""Store forecasts in MongoDB, each once, even if an event is delivered twice."""

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
_UNSENDABLE = (BSONError, DocumentTooLarge, OverflowError)
"""Raised by the client for a document that can never be sent; then it sends nothing of the batch."""


class ForecastStore(Protocol):
    """Stores forecasts."""

    async def insert(self, documents: Sequence[Document]) -> Mapping[str, str]:
        """Store documents by their ``_id``; a document that exists already is not changed.

        Returns:
            The reason by ``_id`` for documents that can never be stored.

        Raises:
            pymongo.errors.PyMongoError: If the server does not answer; some documents may be stored.
        """
        ...

    async def prepare(self) -> None:
        """Create the index for reading the history, if it does not exist.

        Raises:
            pymongo.errors.PyMongoError: If the server does not answer.
        """
        ...

    async def close(self) -> None:
        """Close the connections."""
        ...


class MongoForecastStore:
    """:class:`ForecastStore` in MongoDB, with motor's client or ``pymongo.AsyncMongoClient``."""

    def __init__(self, client_class: Callable[..., Any], url: str, database: str) -> None:
        self._client = client_class(
            url, serverSelectionTimeoutMS=SERVER_SECONDS * 1000, timeoutMS=SERVER_SECONDS * 1000, tz_aware=True
        )
        self._database = self._client[database]
        self._forecasts = self._database[FORECASTS_COLLECTION]

    async def insert(self, documents: Sequence[Document]) -> Mapping[str, str]:
        """Store documents by their ``_id``, without the ids of users who had their forecasts anonymised."""
        reasons = await self._insert_sendable(documents)
        await anonymise_late_events(self._database, _users(documents))
        return reasons

    async def _insert_sendable(self, documents: Sequence[Document]) -> Mapping[str, str]:
        try:
            return await self._insert(documents)
        except _UNSENDABLE as error:
            if len(documents) == 1:
                return {documents[0]["_id"]: f"{type(error).__name__}: {error}"}
        reasons: dict[str, str] = {}
        for document in documents:  # one by one, to find the document that cannot be sent
            reasons |= await self._insert_sendable([document])
        return reasons

    async def _insert(self, documents: Sequence[Document]) -> Mapping[str, str]:
        try:
            await self._forecasts.insert_many(documents, ordered=False)
        except BulkWriteError as error:
            details = error.details or {}
            if details.get("writeConcernErrors"):
                raise
            failures = [failure for failure in details["writeErrors"] if failure["code"] != DUPLICATE_KEY]
            return {documents[failure["index"]]["_id"]: f"MongoDB: {failure['errmsg']}" for failure in failures}
        return {}

    async def prepare(self) -> None:
        """Create the index for reading the history, if it does not exist."""
        await self._forecasts.create_index([("user_id", ASCENDING), ("_id", DESCENDING)])

    async def close(self) -> None:
        """Close the connections."""
        closing = self._client.close()
        if closing is not None:  # motor closes at once, pymongo's client returns a coroutine
            await closing


def _users(documents: Sequence[Document]) -> set[int]:
    return {document["user_id"] for document in documents if document.get("user_id") is not None}
