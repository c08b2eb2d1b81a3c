"""Entries of the stream, and the documents that their events become."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from pydantic import ValidationError

from cs2.logs import is_request_id
from cs2.messages import ANY_EVENT

Document = dict[str, Any]


class DeadEventError(Exception):
    """An event that can never be stored; the message says why."""


@dataclass(frozen=True, slots=True)
class StreamEntry:
    """One entry of the stream: its id and its fields, as Redis has them."""

    id: bytes
    fields: Mapping[bytes, bytes]


def request_id_of(payload: bytes) -> dict[str, str]:
    """The id of the request that an event came from, for the log; nothing where it cannot be read."""
    try:
        event = orjson.loads(payload)
    except orjson.JSONDecodeError:
        return {}
    found = event.get("request_id") if isinstance(event, dict) else None
    return {"request_id": found} if isinstance(found, str) and is_request_id(found) else {}


@dataclass(frozen=True, slots=True)
class DeadEvent:
    """An event that is put aside, the entry that it came in, and why; empty where the entry holds none."""

    entry_id: bytes
    payload: bytes
    reason: str


def document_of(payload: bytes) -> Document:
    """The document to store: the event, its id as ``_id``, its moment as a date.

    Raises:
        DeadEventError: If it is no valid event.
    """
    try:
        event = ANY_EVENT.validate_json(payload)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "event"
        raise DeadEventError(f"{where}: {first['msg']} ({error.error_count()} in all)") from error
    document = event.model_dump(mode="json", exclude={"event_id"})
    return {"_id": event.event_id, **document, "occurred_at": event.occurred_at}
