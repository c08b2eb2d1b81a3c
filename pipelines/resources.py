"""Dagster resources: PostgreSQL, MongoDB, MLflow and Redis."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import dagster as dg
from sqlalchemy import Connection, Engine
from sqlalchemy.orm import Session

from cs2.announcements import CHANNEL, build_announcement, encode_announcement
from cs2.messages import EVENT_FIELD, EVENTS_STREAM, AnnouncementKind, ModelAnnouncement
from cs2.storage.engine import make_engine
from cs2.storage.model_registry import ServedVersions
from pipelines.mlflow_client import MlflowTracking

MONGO_TIMEOUT_SECONDS = 5

SHORT_ABSENCE = dg.RetryPolicy(max_retries=2, delay=3, backoff=dg.Backoff.EXPONENTIAL)
"""Retry steps that failed because a server was briefly unavailable."""


class Database(dg.ConfigurableResource[None]):
    """PostgreSQL, by its URL with driver."""

    url: str

    @contextmanager
    def engine(self) -> Iterator[Engine]:
        """Yield an engine, and close its connections at the end of the block."""
        engine = make_engine(self.url)
        try:
            yield engine
        finally:
            engine.dispose()

    @contextmanager
    def one_state(self) -> Iterator[Connection]:
        """Yield a connection whose queries all see the tables as the first query saw them."""
        with (
            self.engine() as engine,
            engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection,
        ):
            yield connection

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """Yield a session that commits at the end of the block, or rolls back if the block raises."""
        with self.engine() as engine, Session(engine, expire_on_commit=False) as session, session.begin():
            yield session


class Mongo(dg.ConfigurableResource[None]):
    """MongoDB, which stores the history of forecasts."""

    url: str
    name: str = "cs2"
    """Name of the database."""

    @contextmanager
    def database(self) -> Iterator[Any]:
        """Yield the database; its client waits a few seconds for a server and is closed at the end of the block.

        Raises:
            pymongo.errors.PyMongoError: From the database's methods, if the server does not answer.
        """
        from pymongo import MongoClient

        client: MongoClient[dict[str, Any]] = MongoClient(
            self.url, serverSelectionTimeoutMS=MONGO_TIMEOUT_SECONDS * 1000, tz_aware=True
        )
        try:
            yield client[self.name]
        finally:
            client.close()


class Mlflow(dg.ConfigurableResource[MlflowTracking]):
    """MLflow's tracking server. Assets receive a :class:`~pipelines.mlflow_client.MlflowTracking`."""

    url: str

    def create_resource(self, context: dg.InitResourceContext) -> MlflowTracking:  # noqa: ARG002 - Dagster's signature
        """Make the client; it connects when it is used."""
        return MlflowTracking(url=self.url)


class Announcer(dg.ConfigurableResource[None]):
    """Redis: announces new models and ratings, and publishes forecast events."""

    url: str
    channel: str = CHANNEL

    def announce(self, kind: AnnouncementKind, served: ServedVersions) -> ModelAnnouncement:
        """Publish the versions that are served now.

        Raises:
            redis.RedisError: If Redis does not answer. Nothing is lost: the API also polls PostgreSQL.
        """
        from redis import Redis

        message = build_announcement(kind, served)
        with Redis.from_url(self.url) as client:
            client.publish(self.channel, encode_announcement(message))
        return message

    def record(self, events: Sequence[bytes]) -> None:
        """Add forecast events to the stream, in order.

        Raises:
            redis.RedisError: If Redis does not answer; some events may have been added.
        """
        from redis import Redis

        with Redis.from_url(self.url) as client, client.pipeline(transaction=False) as pipeline:
            for event in events:
                pipeline.xadd(EVENTS_STREAM, {EVENT_FIELD: event})
                pipeline.publish(EVENTS_STREAM, event)
            pipeline.execute()
