"""Connections of the assets: PostgreSQL, the Redis announcements, the history in MongoDB."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import dagster as dg
import redis
from sqlalchemy import Connection, Engine
from sqlalchemy.orm import Session

from cs2.announcements import CHANNEL, build_announcement, encode_announcement
from cs2.messages import EVENT_FIELD, EVENTS_STREAM, AnnouncementKind, ModelAnnouncement
from cs2.storage.engine import make_engine
from cs2.storage.model_registry import ServedVersions

MONGO_SECONDS = 5

SHORT_ABSENCE = dg.RetryPolicy(max_retries=2, delay=3, backoff=dg.Backoff.EXPONENTIAL)
"""What a server's short absence breaks is tried again, whether a sensor, a command or a backfill started the run."""


class Database(dg.ConfigurableResource[None]):
    """PostgreSQL, by its URL with driver."""

    url: str

    @contextmanager
    def engine(self) -> Iterator[Engine]:
        """An engine whose connections end with the block."""
        engine = make_engine(self.url)
        try:
            yield engine
        finally:
            engine.dispose()

    @contextmanager
    def one_state(self) -> Iterator[Connection]:
        """A connection to read with: all its queries see the tables as of the first, whatever is rebuilt meanwhile."""
        with (
            self.engine() as engine,
            engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection,
        ):
            yield connection

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """A session that commits at the end of the block, or rolls back when the block raises."""
        with self.engine() as engine, Session(engine, expire_on_commit=False) as session, session.begin():
            yield session


class Mongo(dg.ConfigurableResource[None]):
    """MongoDB, where the history of forecasts is."""

    url: str
    name: str = "cs2"
    """Of the database."""

    @contextmanager
    def database(self) -> Iterator[Any]:
        """The database, by a client that ends with the block and waits for no server longer than a few seconds.

        Raises:
            pymongo.errors.PyMongoError: From its methods, if the server does not answer.
        """
        from pymongo import MongoClient

        client: MongoClient[dict[str, Any]] = MongoClient(
            self.url, serverSelectionTimeoutMS=MONGO_SECONDS * 1000, tz_aware=True
        )
        try:
            yield client[self.name]
        finally:
            client.close()


class Announcer(dg.ConfigurableResource[None]):
    """Tells whoever listens on Redis that there is something new to serve, and hands forecasts to the history."""

    url: str
    channel: str = CHANNEL

    def announce(self, kind: AnnouncementKind, served: ServedVersions) -> ModelAnnouncement:
        """Publish what is served now.

        Raises:
            redis.RedisError: If Redis does not answer; nothing is lost, as listeners also ask PostgreSQL.
        """
        message = build_announcement(kind, served)
        with redis.Redis.from_url(self.url) as client:
            client.publish(self.channel, encode_announcement(message))
        return message

    def record(self, events: Sequence[bytes]) -> None:
        """Hand events to the history, in their order.

        Raises:
            redis.RedisError: If Redis does not answer; some may have been taken.
        """
        with redis.Redis.from_url(self.url) as client, client.pipeline(transaction=False) as pipeline:
            for event in events:
                pipeline.xadd(EVENTS_STREAM, {EVENT_FIELD: event})
                pipeline.publish(EVENTS_STREAM, event)
            pipeline.execute()
