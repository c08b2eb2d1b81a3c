"""Announcements on the Redis channel ``ml_models``: a hint to reload, sent after the commit.

PostgreSQL decides what is served, so a lost announcement delays a change by seconds and loses nothing.
"""

from datetime import UTC, datetime

from uuid_utils import uuid7

from cs2.messages import AnnouncementKind, ModelAnnouncement
from cs2.storage.model_registry import ServedVersions

CHANNEL = "ml_models"


def build_announcement(kind: AnnouncementKind, served: ServedVersions) -> ModelAnnouncement:
    """Announcement of the versions that are served now."""
    return ModelAnnouncement(
        event_id=str(uuid7()),
        kind=kind,
        model_version=served.model_version,
        snapshot_id=served.snapshot_id,
        published_at=datetime.now(UTC),
    )


def encode_announcement(announcement: ModelAnnouncement) -> bytes:
    """Payload for :data:`CHANNEL`."""
    return announcement.model_dump_json().encode()


def parse_announcement(payload: bytes) -> ModelAnnouncement:
    """Read a payload of :data:`CHANNEL`.

    Raises:
        pydantic.ValidationError: If it is no announcement.
    """
    return ModelAnnouncement.model_validate_json(payload)
