"""Parse the events of stream entries into documents."""

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
    """An entry of the stream: id and fields as Redis returns them."""

    id: bytes
    fields: Mapping[bytes, bytes]


def request_id_fields(payload: bytes) -> dict[str, str]:
    """Return the event's request id as a field for the log; empty if the event has no valid one."""
    try:
        event = orjson.loads(payload)
    except orjson.JSONDecodeError:
        return {}
    request_id = event.get("request_id") if isinstance(event, dict) else None
    return {"request_id": request_id} if isinstance(request_id, str) and is_request_id(request_id) else {}


@dataclass(frozen=True, slots=True)
class DeadEvent:
    """An event that can never be stored, with its stream entry and the reason; empty if the entry has no event."""

    entry_id: bytes
    payload: bytes
    reason: str


def build_document(payload: bytes) -> Document:
    """Return the document of an event: its id is ``_id``, its moment a date.

    Raises:
        DeadEventError: If the event is not valid.
    """
    try:
        event = ANY_EVENT.validate_json(payload)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"]) or "event"
        raise DeadEventError(f"{field}: {first['msg']} ({error.error_count()} in all)") from error
    document = event.model_dump(mode="json", exclude={"event_id"})
    return {"_id": event.event_id, **document, "occurred_at": event.occurred_at}
