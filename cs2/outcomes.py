"""Outcomes of forecasts as documents of MongoDB (collection ``forecast_outcomes``)."""

from collections.abc import Mapping
from typing import Any

from cs2.messages import Outcome


def outcome_document(outcome: Outcome) -> dict[str, Any]:
    """The document: the forecast's id as ``_id``, days as text, the moment of judgement as a date."""
    fields = outcome.model_dump(mode="json", exclude={"forecast_id", "judged_at"})
    return {"_id": outcome.forecast_id, **fields, "judged_at": outcome.judged_at}


def outcome_of(document: Mapping[str, Any]) -> Outcome:
    """What :func:`outcome_document` made.

    Raises:
        pydantic.ValidationError: If it is no outcome.
    """
    fields = {name: value for name, value in document.items() if name != "_id"}
    return Outcome.model_validate({"forecast_id": document["_id"], **fields})
