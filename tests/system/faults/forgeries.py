"""Messages that another Redis client could write."""

import json
from typing import Any


def forgeries(document: dict[str, Any]) -> dict[str, bytes]:
    """Return forged events by their defect; one changes the answer of a stored forecast."""
    event = {key: value for key, value in document.items() if key != "_id"}
    event |= {"event_id": document["_id"], "occurred_at": document["occurred_at"].isoformat() + "Z"}
    other = {**event["response"], "team1_win_probability": 0.999, "team2_win_probability": 0.001}
    return {
        "another answer": json.dumps({**event, "response": other}).encode(),
        "no JSON": b"{",
        "no text": b"\xff\xfe",
        "too deep": b"[" * 10_000,
        "a field too many": json.dumps({**event, "admin": True}).encode(),
        "a number too large": json.dumps({**event, "user_id": 2**80}).encode(),
        "no number": json.dumps({**event, "latency_ms": "NaN"}).encode(),
    }
