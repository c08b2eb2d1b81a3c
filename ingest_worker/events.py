"""Entries of the stream, and the documents that they become."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from pydantic import ValidationError

from cs2.contracts import ANY_EVENT, EVENT_FIELD
from cs2.logs import is_request_id

Document = dict[str, Any]


class DeadEntryError(Exception):
    """An entry that can never be stored; the message says why."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the stream: its id and its fields, as Redis has them."""

    id: bytes
    fields: Mapping[bytes, bytes]


def request_id_of(entry: Entry) -> dict[str, str]:
    """The id of the request that the entry came from, for the log; nothing where it cannot be read."""
    try:
        event = orjson.loads(entry.fields.get(EVENT_FIELD, b""))
    except orjson.JSONDecodeError:
        return {}
    found = event.get("request_id") if isinstance(event, dict) else None
    return {"request_id": found} if isinstance(found, str) and is_request_id(found) else {}


def document_of(entry: Entry) -> Document:
    """The document to store: the event, its id as ``_id``, its moment as a date.

    Raises:
        DeadEntryError: If the entry holds no valid event.
    """
    payload = entry.fields.get(EVENT_FIELD)
    if payload is None:
        raise DeadEntryError(f"it has no field {EVENT_FIELD.decode()}")
    try:
        event = ANY_EVENT.validate_json(payload)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "event"
        raise DeadEntryError(f"{where}: {first['msg']} ({error.error_count()} in all)") from error
    document = event.model_dump(mode="json", exclude={"event_id"})
    return {"_id": event.event_id, **document, "occurred_at": event.occurred_at}
